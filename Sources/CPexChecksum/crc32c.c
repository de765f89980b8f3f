#include "pex_checksum.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

// The polynomial with its bits reflected: bit 31 is the coefficient of x^0.
static const uint32_t polynomial = 0x82F63B78u;

// Three runs of this many bytes are taken side by side, because the instruction has a latency of three cycles and a
// throughput of one. A power of two: `skip` is built by squaring.
enum { run_log2 = 11, run = 1 << run_log2 };

// lookup[k][b] advances a register that holds only byte b, in its lowest place, by k + 1 zero bytes.
static uint32_t lookup[8][256];
// skip[k][b] advances byte b at place k of a register by `run` zero bytes.
static uint32_t skip[4][256];

static uint32_t product(const uint32_t matrix[32], uint32_t vector) {
  uint32_t sum = 0;
  for (int column = 0; vector != 0; column++, vector >>= 1) {
    if (vector & 1) sum ^= matrix[column];
  }
  return sum;
}

__attribute__((constructor)) static void fill_tables(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) ? polynomial : 0);
    lookup[0][byte] = crc;
  }
  for (int step = 1; step < 8; step++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t crc = lookup[step - 1][byte];
      lookup[step][byte] = (crc >> 8) ^ lookup[0][crc & 255];
    }
  }
  uint32_t advance[32], squared[32];
  for (int column = 0; column < 32; column++) {
    uint32_t bit = (uint32_t)1 << column;
    advance[column] = (bit >> 8) ^ lookup[0][bit & 255];
  }
  for (int doubling = 0; doubling < run_log2; doubling++) {
    for (int column = 0; column < 32; column++) squared[column] = product(advance, advance[column]);
    memcpy(advance, squared, sizeof advance);
  }
  for (int place = 0; place < 4; place++) {
    for (uint32_t byte = 0; byte < 256; byte++) skip[place][byte] = product(advance, byte << (8 * place));
  }
}

uint32_t pex_crc32c_portable(uint32_t crc, const void *bytes, size_t count) {
  const unsigned char *p = bytes;
  crc = ~crc;
  for (; count >= 8; count -= 8, p += 8) {
    crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    crc = lookup[7][crc & 255] ^ lookup[6][crc >> 8 & 255] ^ lookup[5][crc >> 16 & 255] ^ lookup[4][crc >> 24] ^
          lookup[3][p[4]] ^ lookup[2][p[5]] ^ lookup[1][p[6]] ^ lookup[0][p[7]];
  }
  for (; count > 0; count--, p++) crc = (crc >> 8) ^ lookup[0][(crc ^ *p) & 255];
  return ~crc;
}

#if defined(__x86_64__)

static uint32_t skip_run(uint32_t crc) {
  return skip[0][crc & 255] ^ skip[1][crc >> 8 & 255] ^ skip[2][crc >> 16 & 255] ^ skip[3][crc >> 24];
}

static uint64_t word(const unsigned char *p) {
  uint64_t value;
  memcpy(&value, p, sizeof value);
  return value;
}

__attribute__((target("sse4.2"))) static uint32_t hardware(uint32_t crc, const unsigned char *p, size_t count) {
  uint64_t first = (uint32_t)~crc;
  for (; count >= 3 * run; count -= 3 * run, p += 3 * run) {
    uint64_t second = 0, third = 0;
    for (size_t line = 0; line < run; line += 64) {
      // Three short runs are nothing that a processor fetches ahead by itself: the next three are asked for here, also
      // beyond the end, where that does nothing.
      for (size_t next = 3 * run; next < 6 * run; next += run) _mm_prefetch((const char *)p + next + line, _MM_HINT_T0);
      for (size_t at = line; at < line + 64; at += 8) {
        first = _mm_crc32_u64(first, word(p + at));
        second = _mm_crc32_u64(second, word(p + run + at));
        third = _mm_crc32_u64(third, word(p + 2 * run + at));
      }
    }
    first = skip_run((uint32_t)first) ^ (uint32_t)second;
    first = skip_run((uint32_t)first) ^ (uint32_t)third;
  }
  for (; count >= 8; count -= 8, p += 8) first = _mm_crc32_u64(first, word(p));
  uint32_t rest = (uint32_t)first;
  for (; count > 0; count--, p++) rest = _mm_crc32_u8(rest, *p);
  return ~rest;
}

uint32_t pex_crc32c(uint32_t crc, const void *bytes, size_t count) {
  if (count == 0) return crc;
  return __builtin_cpu_supports("sse4.2") ? hardware(crc, bytes, count) : pex_crc32c_portable(crc, bytes, count);
}

#else

uint32_t pex_crc32c(uint32_t crc, const void *bytes, size_t count) {
  return count == 0 ? crc : pex_crc32c_portable(crc, bytes, count);
}

#endif
