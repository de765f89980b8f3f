// The most f32 operations a second that fused multiply-adds reach on N threads: what the networks' times are held against.
// usage: fma_peak THREADS     prints GFLOP/s
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif

typedef float vector __attribute__((vector_size(BYTES)));

// Twelve independent sums hide a latency of four or five cycles on two units, and fit sixteen registers.
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
enum { sums = 12, steps = 1000000, repeats = 40, most_threads = 256 };

static pthread_barrier_t barrier;
static double started[most_threads][repeats], ended[most_threads][repeats];
static volatile float sink;  // keeps the loop from being dropped

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void multiply_and_add(void) {
  vector factor = (vector){} + 0.999f, addend = (vector){} + 0.001f, total = {};
#define START(i) vector sum##i = (vector){} + (float)i;
#define STEP(i) sum##i = sum##i * factor + addend;
#define ADD(i) total += sum##i;
  EACH(START)
  for (int step = 0; step < steps; step++) { EACH(STEP) }
  EACH(ADD)
  sink = total[0];
}

static void *work(void *argument) {
  int thread = (int)(long)argument;
  for (int repeat = 0; repeat < repeats; repeat++) {
    pthread_barrier_wait(&barrier);
    started[thread][repeat] = now();
    multiply_and_add();
    ended[thread][repeat] = now();
  }
  return NULL;
}

// From the first thread's start to the last one's end.
static double seconds(int repeat, int threads) {
  double start = started[0][repeat], end = ended[0][repeat];
  for (int i = 1; i < threads; i++) {
    if (started[i][repeat] < start) start = started[i][repeat];
    if (ended[i][repeat] > end) end = ended[i][repeat];
  }
  return end - start;
}

int main(int count, char **arguments) {
  int threads = count == 2 ? atoi(arguments[1]) : 0;
  if (threads < 1 || threads > most_threads) return fprintf(stderr, "usage: fma_peak THREADS\n"), 64;
  pthread_t workers[most_threads];
  pthread_barrier_init(&barrier, NULL, threads);
  for (long i = 0; i < threads; i++) {
    if (pthread_create(&workers[i], NULL, work, (void *)i) != 0) return perror("fma_peak: thread"), 71;
  }
  for (int i = 0; i < threads; i++) pthread_join(workers[i], NULL);
  double best = seconds(0, threads);
  for (int repeat = 1; repeat < repeats; repeat++) {
    if (seconds(repeat, threads) < best) best = seconds(repeat, threads);
  }
  double operations = 2.0 * sums * steps * (BYTES / sizeof(float)) * threads;
  printf("%.1f\n", operations / best / 1e9);
}
