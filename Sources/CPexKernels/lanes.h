// The arithmetic of one vector, for whole and for half ones: the file that includes this one defines PART_VEC, the vector's
// type, and PART(name), a function's name for it.

INLINE PART_VEC PART(load)(const float *from) {
  PART_VEC v;
  memcpy(&v, from, sizeof v);
  return v;
}

INLINE void PART(store)(float *to, PART_VEC v) { memcpy(to, &v, sizeof v); }

INLINE PART_VEC PART(splat)(float x) { return (PART_VEC)(x); }

INLINE PART_VEC PART(vfma)(PART_VEC a, PART_VEC b, PART_VEC c) {
#if PEX_FMA
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// NaN stays NaN and -0 stays -0: the bound is taken only where it is truly beyond x.
INLINE PART_VEC PART(vlimit)(PART_VEC x, PART_VEC minimum, PART_VEC maximum) {
  x = minimum > x ? minimum : x;
  return maximum < x ? maximum : x;
}

// Hard swish, or limits.
INLINE PART_VEC PART(on_the_way)(PART_VEC x, const int hard_swish, PART_VEC minimum, PART_VEC maximum) {
  if (!hard_swish) return PART(vlimit)(x, minimum, maximum);
  const PART_VEC gate = x * PART(splat)(1.0f / 6.0f) + PART(splat)(0.5f);
  return x * PART(vlimit)(gate, PART(splat)(0), PART(splat)(1));
}
