/* Executes x87 instructions on the processor it runs on and prints operands and results, one
 * instruction per line. FPUVectorTests reads the lines from Vectors/fpu-arithmetic.txt, made by
 *
 *   gcc -O1 -o fpu-vectors fpu-vectors.c && ./fpu-vectors 1 36 > fpu-arithmetic.txt
 *
 * The arguments are the seed and how many lines each instruction gets; the name of one entry of
 * the list at the end may follow.
 *
 * Lines: name control a b -> result-1 result-2 status, all numbers hexadecimal, "-" for none.
 * Registers are sign-exponent:significand, memory operands plain numbers. a is ST(0) or the memory
 * operand, b is ST(1); the results are ST(0) and ST(1), or what was stored. status holds the
 * exception flags, SF and C0-C3 (mask 477F). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct { uint64_t m; uint16_t se; uint16_t pad[3]; } ext;

static uint64_t state;
static uint64_t rnd(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1DULL;
}

static uint64_t pattern(void) {
  uint64_t r = rnd();
  switch (r & 7) {
  case 0: return 0;
  case 1: return ~0ULL >> (rnd() & 63);
  case 2: return ~0ULL << (rnd() & 63);
  case 3: return 1ULL << (rnd() & 63);
  case 4: return (~0ULL << (rnd() & 63)) ^ (1ULL << (rnd() & 63));
  default: return rnd();
  }
}

static ext special(void) {
  static const ext table[] = {
    {0, 0}, {0, 0x8000}, {1, 0}, {1, 0x8000}, {0x7FFFFFFFFFFFFFFFULL, 0},
    {0x8000000000000000ULL, 0}, {0xFFFFFFFFFFFFFFFFULL, 0x8000},
    {0x8000000000000000ULL, 1}, {0xFFFFFFFFFFFFFFFFULL, 1}, {0x8000000000000000ULL, 0x7FFF},
    {0x8000000000000000ULL, 0xFFFF}, {0xC000000000000000ULL, 0xFFFF},
    {0xC000000000000001ULL, 0x7FFF}, {0x8000000000000001ULL, 0x7FFF},
    {0xBFFFFFFFFFFFFFFFULL, 0xFFFF}, {0x4000000000000000ULL, 0x7FFF}, {0, 0x7FFF},
    {0x7FFFFFFFFFFFFFFFULL, 0x4000}, {0, 0x3FFF}, {0xFFFFFFFFFFFFFFFFULL, 0x7FFE},
    {0xFFFFFFFFFFFFFFFFULL, 0xFFFE}, {0x8000000000000000ULL, 0x7FFE},
    {0x8000000000000000ULL, 0x3FFF}, {0x8000000000000000ULL, 0xBFFF},
    {0x8000000000000000ULL, 0x3FFE}, {0xC000000000000000ULL, 0xBFFE},
    {0x8000000000000000ULL, 0x403E}, {0x8000000000000000ULL, 0xC03E},
    {0xFFFFFFFFFFFFFFFFULL, 0x403D}, {0xC90FDAA22168C235ULL, 0x3FFF},
    {0xC90FDAA22168C234ULL, 0x4000}, {0xDE0B6B3A76400000ULL, 0x403A},
    {0xDE0B6B3A763FFFFFULL, 0x403A}, {0x8000000000000000ULL, 0x3FDF},
  };
  return table[rnd() % (sizeof table / sizeof *table)];
}

/* An operand with its unbiased exponent mostly in [low, high]. */
static ext operand(int low, int high) {
  ext e = {0};
  uint64_t r = rnd();
  if ((r & 15) == 0) return special();
  e.m = pattern() | 1ULL << 63;
  if ((r & 15) == 1) {
    e.se = rnd();
    if (rnd() & 1) e.m = pattern();
    if (rnd() & 1) e.se = (e.se & 0x8000) | (rnd() % 70);
    if ((rnd() & 3) == 0) e.se |= 0x7FF0;
    return e;
  }
  e.se = (16383 + low + (int)(rnd() % (high - low + 1))) | ((r & 32) ? 0x8000 : 0);
  return e;
}

static uint16_t control(void) {
  uint16_t cw = 0x037F;
  uint64_t r = rnd();
  if (r & 1) cw = (cw & ~0xC00) | (rnd() & 0xC00);
  if ((r & 6) == 0) { static const uint16_t pc[] = {0, 0x200, 0x300}; cw = (cw & ~0x300) | pc[rnd() % 3]; }
  if ((r & 0x70) == 0) cw = (cw & ~0x3F) | (rnd() & 0x3F);
  return cw | 0x40;
}

#define SAVE(n, r1, r2, sw) \
  __asm__ volatile("fnstsw %0\n\tfnclex\n\tfldcw %1" : "=m"(sw) : "m"(masked)); \
  top = (sw >> 11) & 7; n = (8 - top) & 7; \
  if (n >= 1) __asm__ volatile("fstpt %0" : "=m"(r1)); \
  if (n >= 2) __asm__ volatile("fstpt %0" : "=m"(r2));

static const uint16_t masked = 0x037F;

static void show(ext e) { printf(" %04x:%016llx", e.se, (unsigned long long)e.m); }

static void line(const char *name, uint16_t cw, ext a, ext b, int ops, ext r1, ext r2, int n, uint16_t sw) {
  printf("%s %04x", name, cw);
  show(a);
  if (ops > 1) show(b); else printf(" -");
  printf(" ->");
  if (n >= 1) show(r1); else printf(" -");
  if (n >= 2) show(r2); else printf(" -");
  printf(" %04x\n", sw & 0x477F);
}

#define BINARY(ident, name, asmtext, la, ha, lb, hb) \
  static void ident(void) { \
    ext a = operand(la, ha), b = operand(lb, hb), r1 = {0}, r2 = {0}; \
    uint16_t cw = control(), sw; int top, n; \
    __asm__ volatile("fninit\n\tfldt %0\n\tfldt %1\n\tfldcw %2" :: "m"(b), "m"(a), "m"(cw)); \
    __asm__ volatile(asmtext); \
    SAVE(n, r1, r2, sw) \
    line(name, cw, a, b, 2, r1, r2, n, sw); }

#define UNARY(ident, name, asmtext, la, ha) \
  static void ident(void) { \
    ext a = operand(la, ha), r1 = {0}, r2 = {0}; \
    uint16_t cw = control(), sw; int top, n; \
    __asm__ volatile("fninit\n\tfldt %0\n\tfldcw %1" :: "m"(a), "m"(cw)); \
    __asm__ volatile(asmtext); \
    SAVE(n, r1, r2, sw) \
    line(name, cw, a, a, 1, r1, r2, n, sw); }

BINARY(add, "fadd", "fadd %st(1), %st", -70, 70, -70, 70)
BINARY(addnear, "fadd", "fadd %st(1), %st", -2, 2, -2, 2)
BINARY(sub, "fsub", "fsub %st(1), %st", -70, 70, -70, 70)
BINARY(subnear, "fsub", "fsub %st(1), %st", -2, 2, -2, 2)
BINARY(mul, "fmul", "fmul %st(1), %st", -70, 70, -70, 70)
BINARY(mullow, "fmul", "fmul %st(1), %st", -8230, -8150, -8230, -8150)
BINARY(mulhigh, "fmul", "fmul %st(1), %st", 8150, 8230, 8150, 8230)
BINARY(divide, "fdiv", "fdiv %st(1), %st", -70, 70, -70, 70)
BINARY(divlow, "fdiv", "fdiv %st(1), %st", -8230, -8150, 8150, 8230)
BINARY(divhigh, "fdiv", "fdiv %st(1), %st", 8150, 8230, -8230, -8150)
BINARY(prem, "fprem", "fprem", -10, 80, -10, 10)
BINARY(premfar, "fprem", "fprem", -16000, 16000, -16000, 16000)
BINARY(prem1, "fprem1", "fprem1", -10, 80, -10, 10)
BINARY(prem1near, "fprem1", "fprem1", -2, 3, -2, 2)
BINARY(com, "fcom", "fcom %st(1)", -1, 1, -1, 1)
BINARY(ucom, "fucom", "fucom %st(1)", -1, 1, -1, 1)
BINARY(scale, "fscale", "fscale", -70, 70, -3, 17)
BINARY(scalelow, "fscale", "fscale", -16382, 16383, 12, 15)
BINARY(yl2x, "fyl2x", "fyl2x", -70, 70, -70, 70)
BINARY(yl2xnear, "fyl2x", "fyl2x", -2, 1, -70, 70)
BINARY(yl2xp1, "fyl2xp1", "fyl2xp1", -70, -2, -70, 70)
BINARY(patan, "fpatan", "fpatan", -70, 70, -70, 70)
BINARY(patannear, "fpatan", "fpatan", -3, 3, -3, 3)
UNARY(root, "fsqrt", "fsqrt", -70, 70)
UNARY(rndint, "frndint", "frndint", -5, 66)
UNARY(xtract, "fxtract", "fxtract", -16000, 16000)
UNARY(tst, "ftst", "ftst", -1, 1)
UNARY(xam, "fxam", "fxam", -1, 1)
UNARY(sine, "fsin", "fsin", -70, 5)
UNARY(sinfar, "fsin", "fsin", 5, 65)
UNARY(cosine, "fcos", "fcos", -70, 5)
UNARY(sinecosine, "fsincos", "fsincos", -70, 5)
UNARY(ptan, "fptan", "fptan", -70, 5)
UNARY(ptanfar, "fptan", "fptan", 5, 65)
UNARY(f2xm1, "f2xm1", "f2xm1", -70, -1)

/* Stores: the value left in memory is result 1 (a plain number). */
#define STORE(ident, name, asmtext, type, lo, hi) \
  static void ident(void) { \
    ext a = operand(lo, hi), r1 = {0}, r2 = {0}; type m = (type)0x5A5A5A5A5A5A5A5AULL; \
    uint16_t cw = control(), sw; int top, n; \
    __asm__ volatile("fninit\n\tfldt %0\n\tfldcw %1" :: "m"(a), "m"(cw)); \
    __asm__ volatile(asmtext : "+m"(m)); \
    SAVE(n, r1, r2, sw) \
    printf("%s %04x", name, cw); show(a); \
    printf(" - -> %0*llx - %04x\n", (int)sizeof m * 2, (unsigned long long)m, sw & 0x477F); }
STORE(st32, "fst32", "fsts %0", uint32_t, -160, 140)
STORE(st64, "fst64", "fstl %0", uint64_t, -1090, 1030)
STORE(ist16, "fist16", "fists %0", uint16_t, -4, 17)
STORE(ist32, "fist32", "fistl %0", uint32_t, -4, 33)
STORE(ist64, "fist64", "fld %%st(0)\n\tfistpll %0", uint64_t, -4, 65)
STORE(istt64, "fistt64", "fld %%st(0)\n\tfisttpll %0", uint64_t, -4, 65)

/* Loads: the memory operand is a (a plain number). */
#define LOAD(ident, name, asmtext, type, value) \
  static void ident(void) { \
    ext r1 = {0}, r2 = {0}; type m = value; \
    uint16_t cw = control(), sw; int top, n; \
    __asm__ volatile("fninit\n\tfldcw %0" :: "m"(cw)); \
    __asm__ volatile(asmtext :: "m"(m)); \
    SAVE(n, r1, r2, sw) \
    printf("%s %04x %0*llx - ->", name, cw, (int)sizeof m * 2, (unsigned long long)m); \
    if (n) show(r1); else printf(" -"); \
    printf(" - %04x\n", sw & 0x477F); }
static uint32_t single(void) {
  uint32_t r = (uint32_t)pattern();
  switch (rnd() & 7) { case 0: r &= 0x807FFFFF; break; case 1: r |= 0x7F800000; break; case 2: r = rnd(); }
  return r;
}
static uint64_t dbl(void) {
  uint64_t r = pattern();
  switch (rnd() & 7) {
  case 0: r &= 0x800FFFFFFFFFFFFFULL; break;
  case 1: r |= 0x7FF0000000000000ULL; break;
  case 2: r = rnd();
  }
  return r;
}
LOAD(ld32, "fld32", "flds %0", uint32_t, single())
LOAD(ld64, "fld64", "fldl %0", uint64_t, dbl())
LOAD(ild16, "fild16", "filds %0", uint16_t, (uint16_t)pattern())
LOAD(ild32, "fild32", "fildl %0", uint32_t, (uint32_t)pattern())
LOAD(ild64, "fild64", "fildll %0", uint64_t, pattern())

static void bld(void) {
  ext a = {0}, r1 = {0}, r2 = {0};
  for (int i = 0; i < 16; i++) a.m |= (uint64_t)(rnd() % 10) << (i * 4);
  a.se = (rnd() % 10) | (rnd() % 10) << 4 | (rnd() & 0x8000);
  if ((rnd() & 7) == 0) a.m = 0;
  if ((rnd() & 7) == 0) a.se &= 0x8000;
  uint16_t cw = control(), sw; int top, n;
  __asm__ volatile("fninit\n\tfldcw %0" :: "m"(cw));
  __asm__ volatile("fbld %0" :: "m"(a));
  SAVE(n, r1, r2, sw)
  line("fbld", cw, a, a, 1, r1, r2, n, sw);
}
static void bstp(void) {
  ext a = operand(-3, 61), r1 = {0}, r2 = {0}, m = {0x5A5A5A5A5A5A5A5AULL, 0x5A5A};
  uint16_t cw = control(), sw; int top, n;
  __asm__ volatile("fninit\n\tfldt %0\n\tfld %%st(0)\n\tfldcw %1" :: "m"(a), "m"(cw));
  __asm__ volatile("fbstp %0" : "+m"(m));
  SAVE(n, r1, r2, sw)
  line("fbstp", cw, a, a, 1, m, r2, 1, sw);
}
#define CONSTANT(ident, name) \
  static void ident(void) { \
    ext r1 = {0}, r2 = {0}, none = {0}; uint16_t cw = control(), sw; int top, n; \
    __asm__ volatile("fninit\n\tfldcw %0" :: "m"(cw)); \
    __asm__ volatile(name); \
    SAVE(n, r1, r2, sw) \
    line(name, cw, none, none, 1, r1, r2, n, sw); }
CONSTANT(ld1, "fld1") CONSTANT(ldl2t, "fldl2t") CONSTANT(ldl2e, "fldl2e") CONSTANT(ldpi, "fldpi")
CONSTANT(ldlg2, "fldlg2") CONSTANT(ldln2, "fldln2") CONSTANT(ldz, "fldz")

static const struct { const char *name; void (*run)(void); } list[] = {
  {"add", add}, {"addnear", addnear}, {"sub", sub}, {"subnear", subnear}, {"mul", mul},
  {"mullow", mullow}, {"mulhigh", mulhigh}, {"div", divide}, {"divlow", divlow},
  {"divhigh", divhigh}, {"sqrt", root}, {"prem", prem}, {"premfar", premfar}, {"prem1", prem1},
  {"prem1near", prem1near}, {"com", com}, {"ucom", ucom}, {"scale", scale},
  {"scalelow", scalelow}, {"rndint", rndint}, {"xtract", xtract}, {"tst", tst}, {"xam", xam},
  {"st32", st32}, {"st64", st64}, {"ist16", ist16}, {"ist32", ist32}, {"ist64", ist64},
  {"istt64", istt64}, {"ld32", ld32}, {"ld64", ld64}, {"ild16", ild16}, {"ild32", ild32},
  {"ild64", ild64}, {"bld", bld}, {"bstp", bstp}, {"ld1", ld1}, {"ldl2t", ldl2t},
  {"ldl2e", ldl2e}, {"ldpi", ldpi}, {"ldlg2", ldlg2}, {"ldln2", ldln2}, {"ldz", ldz},
  {"sin", sine}, {"sinfar", sinfar}, {"cos", cosine}, {"sincos", sinecosine}, {"ptan", ptan},
  {"ptanfar", ptanfar}, {"patan", patan}, {"patannear", patannear}, {"f2xm1", f2xm1},
  {"yl2x", yl2x}, {"yl2xnear", yl2xnear}, {"yl2xp1", yl2xp1},
};

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  state = strtoull(argv[1], 0, 0) * 0x9E3779B97F4A7C15ULL + 1;
  int count = atoi(argv[2]);
  for (size_t i = 0; i < sizeof list / sizeof *list; i++)
    if (argc < 4 || !strcmp(argv[3], list[i].name))
      for (int k = 0; k < count; k++) list[i].run();
  return 0;
}
