/* Executes single x87 instructions on the processor it runs on and prints the state before and
 * after each, one instruction per line. FPUInstructionTests reads the lines from
 * Vectors/fpu-instructions.txt, made by
 *
 *   gcc -m32 -O1 -o fpu-instructions fpu-instructions.c
 *   ./fpu-instructions 1 > fpu-instructions.txt
 *
 * The arguments are the seed, opcode and ModR/M of one instruction alone (d8c1, 0 for all), and a
 * count of lines for each. Seed 1 has the operands below, any other draws half of them. The last four
 * lines of the file are what other seeds found.
 *
 * Lines:
 *   code control status tags registers flags memory -> control status tags changes flags memory
 * All numbers are hexadecimal. code is opcode and ModR/M, the latter with [ebx] for memory
 * operands, after 66 where that prefix was there. tags holds a bit for each physical register that
 * is not empty. registers are the eight of them in physical order, a letter each from the
 * lines "value letter sign-exponent:significand" at the start. flags are the arithmetic flags of
 * EFLAGS. memory is the operand from its first byte on, "-" for none. changes lists physical
 * registers as number=sign-exponent:significand, those that are not mentioned are as before.
 * "UD" or "MF" stands before the state when the instruction raised that fault.
 *
 * The last-instruction pointers are not in the vectors: recent processors record them under
 * their own conditions and no longer record selectors. Where a state image holds them, zeros are
 * printed. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

static uint64_t state;
static uint64_t rnd(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1DULL >> 8;
}

typedef struct { uint16_t se; uint64_t m; } ext;
static ext values[] = {
  {0, 0}, {0x8000, 0}, {0x3FFF, 0x8000000000000000ULL}, {0xBFFF, 0x8000000000000000ULL},
  {0x3FFF, 0xC000000000000000ULL}, {0xC000, 0xA000000000000000ULL},
  {0x4000, 0xC90FDAA22168C235ULL}, {0x3FFD, 0xAAAAAAAAAAAAAAABULL},
  {0xBFFB, 0xCCCCCCCCCCCCCCCDULL}, {0x3FFE, 0xFFFFFFFFFFFFFFFFULL},
  {0x4002, 0xA000000000000000ULL}, {0x4005, 0xF760000000000000ULL},
  {0xC00E, 0x8000000000000000ULL}, {0xC00E, 0x8001000000000000ULL}, {0x400D, 0xFFFF000000000000ULL},
  {0x401E, 0x8000000000000000ULL}, {0xC01E, 0x8000000080000000ULL}, {0x401D, 0xFFFFFFFF00000000ULL},
  {0x403E, 0x8000000000000000ULL}, {0xC03E, 0x8000000000000000ULL}, {0x403E, 0xFFFFFFFFFFFFFFFFULL},
  {0x403A, 0xDE0B6B3A763FFFF0ULL}, {0xC03A, 0xDE0B6B3A76400000ULL}, {0x4043, 0x9000000000000000ULL},
  {0x407E, 0xFFFFFF0000000000ULL}, {0x407E, 0xFFFFFF8000000000ULL}, {0x3F80, 0xFFFFFF0000000000ULL},
  {0xBF6A, 0xC000000000000000ULL}, {0x43FE, 0xFFFFFFFFFFFFF800ULL}, {0xC3FE, 0xFFFFFFFFFFFFFC00ULL},
  {0x3C00, 0xFFFFFFFFFFFFF800ULL}, {0x3BCD, 0xC000000000000000ULL}, {0xBC01, 0x8000000000000001ULL},
  {0x7FFE, 0xFFFFFFFFFFFFFFFFULL}, {0xFFFE, 0x8000000000000000ULL}, {0x7FFD, 0xB504F333F9DE6484ULL},
  {1, 0x8000000000000000ULL}, {0x8001, 0x8000000000000001ULL}, {0x0010, 0xDEADBEEFCAFEF00DULL},
  {0, 0x7FFFFFFFFFFFFFFFULL}, {0x8000, 1}, {0, 0x0000001234567890ULL}, {0x8000, 0x8000000000000000ULL},
  {0x7FFF, 0x8000000000000000ULL}, {0xFFFF, 0x8000000000000000ULL},
  {0xFFFF, 0xC000000000000000ULL}, {0x7FFF, 0xC000000000000001ULL}, {0xFFFF, 0xE000000000000000ULL},
  {0x7FFF, 0x8000000000000001ULL}, {0xFFFF, 0xBFFFFFFFFFFFFFFFULL}, {0x7FFF, 0xA000000000000000ULL},
  {0x7FFF, 0x4000000000000000ULL}, {0xFFFF, 0}, {0x4000, 0x7FFFFFFFFFFFFFFFULL}, {0x3FFF, 0},
  {0x4035, 0x8000000000000400ULL}, {0xC00A, 0xFFFFF00000000000ULL}, {0x3FFF, 0x8000010000000000ULL},
  {0x3FFF, 0x8000000000000400ULL}, {0xBFC0, 0x8000000000000000ULL}, {0x400C, 0x8000000000000000ULL},
};
enum { count = sizeof values / sizeof *values };
static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
_Static_assert(count < sizeof letters, "a letter each");

static const uint32_t singles[] = {
  0, 0x80000000, 0x3F800000, 0xBFC00000, 0x40490FDB, 0x7F7FFFFF, 0xFF7FFFFF, 0x00800000, 0x00000001,
  0x807FFFFF, 0x7F800000, 0xFF800000, 0x7FC00001, 0xFFC00000, 0x7F800001, 0xFFBFFFFF, 0x3F800001,
};
static const uint64_t doubles[] = {
  0, 1ULL << 63, 0x3FF0000000000000ULL, 0xBFF8000000000000ULL, 0x400921FB54442D18ULL,
  0x7FEFFFFFFFFFFFFFULL, 0xFFEFFFFFFFFFFFFFULL, 0x0010000000000000ULL, 1, 0x800FFFFFFFFFFFFFULL,
  0x7FF0000000000000ULL, 0xFFF0000000000000ULL, 0x7FF8000000000001ULL, 0xFFF8000000000000ULL,
  0x7FF0000000000001ULL, 0xFFF7FFFFFFFFFFFFULL, 0x3FF0000000000001ULL,
};

typedef struct {
  uint32_t control, status, tag, ip, cs, dp, ds;
  uint8_t registers[80];
} __attribute__((packed)) image;

static image before __attribute__((aligned(64))), after __attribute__((aligned(64)));
static uint8_t memory[1024] __attribute__((aligned(64))), original[sizeof memory];
static uint32_t flagsBefore, flagsAfter, axAfter;
static uint8_t *code, *resume;
static volatile int caught;

static void onSignal(int number, siginfo_t *info, void *context) {
  (void)info;
  ucontext_t *uc = context;
  caught = number;
  uc->uc_mcontext.gregs[REG_EIP] = (greg_t)resume;
}

static uint8_t *put32(uint8_t *p, const void *address) {
  uint32_t value = (uint32_t)address;
  memcpy(p, &value, 4);
  return p + 4;
}

static void execute(const uint8_t *bytes, int length) {
  uint8_t *p = code;
  *p++ = 0x60;                                        /* pusha */
  *p++ = 0xBB; p = put32(p, memory);                  /* mov ebx, memory */
  *p++ = 0xA1; p = put32(p, &flagsBefore);            /* mov eax, [flagsBefore] */
  *p++ = 0x50;                                        /* push eax */
  *p++ = 0xDD; *p++ = 0x25; p = put32(p, &before);    /* frstor [before] */
  *p++ = 0xA1; p = put32(p, &flagsBefore);            /* mov eax, [flagsBefore] */
  *p++ = 0x9D;                                        /* popfd */
  memcpy(p, bytes, length); p += length;
  resume = p;
  *p++ = 0xDD; *p++ = 0x35; p = put32(p, &after);     /* fnsave [after] */
  *p++ = 0xA3; p = put32(p, &axAfter);                  /* mov [axAfter], eax */
  *p++ = 0x9C;                                        /* pushfd */
  *p++ = 0x8F; *p++ = 0x05; p = put32(p, &flagsAfter); /* pop [flagsAfter] */
  *p++ = 0x61; *p++ = 0xC3;                           /* popa; ret */
  caught = 0;
  ((void (*)(void))code)();
}

static ext registerAt(const image *state, int physical) {
  int top = state->status >> 11 & 7;
  const uint8_t *p = state->registers + ((physical - top) & 7) * 10;
  ext e;
  memcpy(&e.m, p, 8);
  memcpy(&e.se, p + 8, 2);
  return e;
}

static int abridged(const image *state) {
  int tags = 0;
  for (int i = 0; i < 8; i++) if ((state->tag >> (2 * i) & 3) != 3) tags |= 1 << i;
  return tags;
}

static void showMemory(const uint8_t *bytes, int length) {
  if (!length) printf("-");
  for (int i = 0; i < length; i++) printf("%02x", bytes[i]);
}

enum kind { none, single, real, extended, integer, decimal, environment, whole, fx, word };

/* How many bytes of a memory operand are printed. */
static int operandSize(enum kind kind, int is16, int width) {
  switch (kind) {
  case environment: return is16 ? 14 : 28;
  case whole: return is16 ? 94 : 108;
  case fx: return 160;
  default: return width;
  }
}

static ext value(void) {
  ext e = values[rnd() % count];
  return e;
}

/* A number of any class: near others, far from them, denormal, unnormal, NaN. */
static ext randomValue(void) {
  ext e = {rnd() & 0xFFFF, rnd() << 40 ^ rnd()};
  switch (rnd() & 7) {
  case 0: e.se &= 0x8000; break;
  case 1: e.se |= 0x7FFF; break;
  case 2: return e;
  case 3: e.se = (e.se & 0x8000) | (0x3FF0 + rnd() % 32); break;
  case 4: e.se = (e.se & 0x8000) | (0x3F70 + rnd() % 0x110); break;
  default: e.se = (e.se & 0x8000) | (0x3FFF + rnd() % 70);
  }
  if (rnd() & 1) e.m &= ~0ULL << (rnd() & 63);
  if (rnd() & 7) e.m |= 1ULL << 63;
  return e;
}

static uint16_t randomStatus(uint16_t control) {
  uint16_t status = rnd() & 0x7800;
  if (rnd() & 1) status |= rnd() & 0x0700;
  if ((rnd() & 3) == 0) status |= rnd() & 0x007F & (control | 0x40);
  if (rnd() % 24 == 0) status |= rnd() & 0x003F;
  return status;
}

static uint16_t randomControl(void) {
  uint16_t control = 0x037F;
  if ((rnd() & 3) == 0) control = (control & ~0xC00) | (rnd() & 0xC00);
  if ((rnd() & 7) == 0) { static const uint16_t p[] = {0, 0x200, 0x300}; control = (control & ~0x300) | p[rnd() % 3]; }
  if (rnd() % 3 == 0) control = (control & ~0x3F) | (rnd() & 0x3F);
  return control;
}

static void fillMemory(enum kind kind, int is16) {
  for (unsigned i = 0; i < sizeof memory; i++) memory[i] = 0x5A;
  switch (kind) {
  case single: memcpy(memory, &singles[rnd() % (sizeof singles / 4)], 4); break;
  case real: memcpy(memory, &doubles[rnd() % (sizeof doubles / 8)], 8); break;
  case extended: { ext e = value(); memcpy(memory, &e.m, 8); memcpy(memory + 8, &e.se, 2); break; }
  case integer: {
    uint64_t r = rnd() << 32 ^ rnd();
    if ((rnd() & 3) == 0) r = 0;
    if ((rnd() & 3) == 0) r >>= rnd() & 63;
    memcpy(memory, &r, 8);
    break;
  }
  case decimal:
    for (int i = 0; i < 9; i++) memory[i] = (rnd() % 10) << 4 | rnd() % 10;
    memory[9] = rnd() & 0x80;
    break;
  case word: { uint16_t r = (rnd() & 1) ? randomControl() : rnd(); memcpy(memory, &r, 2); break; }
  case environment: case whole: {
    uint16_t words[7] = {0}, control = randomControl();
    words[0] = (rnd() & 1) ? control : rnd();
    words[1] = (rnd() & 1) ? randomStatus(words[0]) : rnd();
    words[2] = rnd();
    int size = is16 ? 2 : 4;
    memset(memory, 0, 7 * size);
    for (int i = 0; i < 7; i++) memcpy(memory + i * size, &words[i], 2);
    if (kind == whole)
      for (int i = 0; i < 8; i++) {
        ext e = value();
        memcpy(memory + 7 * size + i * 10, &e.m, 8);
        memcpy(memory + 7 * size + i * 10 + 8, &e.se, 2);
      }
    break;
  }
  case fx: {
    memset(memory, 0, 512);
    uint16_t control = (rnd() & 1) ? randomControl() : rnd() & 0x1F7F, status = (rnd() & 1) ? rnd() : randomStatus(control);
    memcpy(memory, &control, 2); memcpy(memory + 2, &status, 2); memory[4] = rnd();
    uint32_t mxcsr = 0x1F80;
    memcpy(memory + 24, &mxcsr, 4);
    for (int i = 0; i < 8; i++) {
      ext e = value();
      memcpy(memory + 32 + i * 16, &e.m, 8);
      memcpy(memory + 32 + i * 16 + 8, &e.se, 2);
    }
    break;
  }
  case none: break;
  }
}

/* Pointers are not compared. */
static void withoutPointers(uint8_t *bytes, enum kind kind, int is16) {
  if (kind == environment || kind == whole) memset(bytes + (is16 ? 6 : 12), 0, is16 ? 8 : 16);
  if (kind == fx) memset(bytes + 6, 0, 26);
}

static void test(const uint8_t *bytes, int length, enum kind kind, int width, int is16, int isStore) {
  char names[9] = {0};
  uint16_t control = randomControl();
  memset(&before, 0, sizeof before);
  before.control = 0xFFFF0000 | control;
  before.status = 0xFFFF0000 | randomStatus(control);
  int occupied = 0;
  switch (rnd() & 7) {
  case 0: case 7: occupied = rnd() & 0xFF; break;
  case 1: occupied = 0xFF; break;
  case 2: occupied = 0; break;
  default: { /* a stack of some depth */
    int top = before.status >> 11 & 7, depth = 1 + rnd() % 7;
    for (int i = 0; i < depth; i++) occupied |= 1 << ((top + i) & 7);
  }
  }
  uint32_t tag = 0;
  for (int i = 0; i < 8; i++) if (!(occupied >> i & 1)) tag |= 3 << (2 * i);
  before.tag = 0xFFFF0000 | tag;
  int top = before.status >> 11 & 7;
  for (int i = 0; i < 8; i++) {
    int which = rnd() % count;
    if ((rnd() & 3) == 0) which = 2 + rnd() % 8;
    names[i] = letters[which];
    uint8_t *p = before.registers + ((i - top) & 7) * 10;
    memcpy(p, &values[which].m, 8);
    memcpy(p + 8, &values[which].se, 2);
  }
  flagsBefore = 0x202 | (rnd() & 0x8D5);
  fillMemory(isStore ? none : kind, is16);
  memcpy(original, memory, sizeof memory);
  execute(bytes, length);

  int size = operandSize(kind, is16, width);
  for (int i = 0; i < length; i++) printf("%02x", bytes[i]);
  printf(" %04x %04x %02x %s %03x ", control, before.status & 0xFFFF, occupied, names, flagsBefore & 0x8D5);
  showMemory(original, isStore ? 0 : size);
  printf(" -> ");
  if (caught == SIGILL) { printf("UD\n"); return; }
  if (caught == SIGFPE) printf("MF ");
  else if (caught) { printf("signal %d\n", caught); exit(1); }
  printf("%04x %04x %02x ", after.control & 0xFFFF, after.status & 0xFFFF, abridged(&after));
  int any = 0;
  for (int i = 0; i < 8; i++) {
    ext old = registerAt(&before, i), new = registerAt(&after, i);
    if (old.m == new.m && old.se == new.se) continue;
    printf("%s%d=%04x:%016llx", any++ ? "," : "", i, new.se, (unsigned long long)new.m);
  }
  if (!any) printf("-");
  printf(" %03x ", flagsAfter & 0x8D5);
  if (isStore) withoutPointers(memory, kind, is16);
  showMemory(memory, isStore ? size : 0);
  if (bytes[length - 2] == 0xDF && bytes[length - 1] == 0xE0) printf(" %04x", axAfter & 0xFFFF);
  printf("\n");
}

/* What the memory forms of D8 … DF access. */
static const struct { enum kind kind; uint8_t width, isStore; } forms[8][8] = {
  {{single, 4, 0}, {single, 4, 0}, {single, 4, 0}, {single, 4, 0}, {single, 4, 0}, {single, 4, 0}, {single, 4, 0}, {single, 4, 0}},
  {{single, 4, 0}, {none, 0, 0}, {single, 4, 1}, {single, 4, 1}, {environment, 28, 0}, {word, 2, 0}, {environment, 28, 1}, {word, 2, 1}},
  {{integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}, {integer, 4, 0}},
  {{integer, 4, 0}, {integer, 4, 1}, {integer, 4, 1}, {integer, 4, 1}, {none, 0, 0}, {extended, 10, 0}, {none, 0, 0}, {extended, 10, 1}},
  {{real, 8, 0}, {real, 8, 0}, {real, 8, 0}, {real, 8, 0}, {real, 8, 0}, {real, 8, 0}, {real, 8, 0}, {real, 8, 0}},
  {{real, 8, 0}, {integer, 8, 1}, {real, 8, 1}, {real, 8, 1}, {whole, 108, 0}, {none, 0, 0}, {whole, 108, 1}, {word, 2, 1}},
  {{integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}, {integer, 2, 0}},
  {{integer, 2, 0}, {integer, 2, 1}, {integer, 2, 1}, {integer, 2, 1}, {decimal, 10, 0}, {integer, 8, 0}, {decimal, 10, 1}, {integer, 8, 1}},
};

int main(int argc, char **argv) {
  if (argc < 2) return 64;
  state = strtoull(argv[1], 0, 0) * 0x9E3779B97F4A7C15ULL + 1;
  unsigned only = argc > 2 ? strtoul(argv[2], 0, 16) : 0;
  int lines = argc > 3 ? atoi(argv[3]) : 0;
  if (strcmp(argv[1], "1"))
    for (int i = 0; i < count; i++) if (rnd() & 1) values[i] = randomValue();
  code = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  stack_t stack = {.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_sigaction = onSignal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigaction(SIGILL, &action, 0);
  sigaction(SIGFPE, &action, 0);
  sigaction(SIGSEGV, &action, 0);

  for (int i = 0; i < count; i++)
    printf("value %c %04x:%016llx\n", letters[i], values[i].se, (unsigned long long)values[i].m);
  for (int opcode = 0; opcode < 8; opcode++) {
    for (int modrm = 0xC0; modrm < 0x100; modrm++) {
      if (only && only != (0xD800u | opcode << 8 | modrm)) continue;
      uint8_t bytes[2] = {0xD8 + opcode, modrm};
      int isFunction = opcode == 1 && modrm >= 0xE0;
      int n = lines ? lines : isFunction ? 40 : (modrm & 7) < 2 ? 8 : 4;
      for (int k = 0; k < n; k++) test(bytes, 2, none, 0, 0, 0);
    }
    for (int reg = 0; reg < 8; reg++) {
      if (only && only != (0xD800u | opcode << 8 | reg << 3 | 3)) continue;
      /* FISTTP came with SSE3. */
      if (reg == 1 && (opcode == 3 || opcode == 5 || opcode == 7)) continue;
      uint8_t bytes[3] = {0x66, 0xD8 + opcode, reg << 3 | 3};
      enum kind kind = forms[opcode][reg].kind;
      int isImage = kind == environment || kind == whole;
      int n = lines ? lines : isImage ? 14 : kind == none ? 2 : 36;
      for (int k = 0; k < n; k++)
        test(bytes + 1, 2, kind, forms[opcode][reg].width, 0, forms[opcode][reg].isStore);
      if (isImage)
        for (int k = 0; k < n; k++)
          test(bytes, 3, kind, forms[opcode][reg].width, 1, forms[opcode][reg].isStore);
    }
  }
  uint8_t wait[1] = {0x9B}, fxsave[3] = {0x0F, 0xAE, 0x03}, fxrstor[3] = {0x0F, 0xAE, 0x0B};
  for (int k = 0; k < (only ? 0 : 20); k++) test(fxsave, 3, fx, 512, 0, 1);
  for (int k = 0; k < (only ? 0 : 20); k++) test(fxrstor, 3, fx, 512, 0, 0);
  for (int k = 0; k < (only ? 0 : 20); k++) test(wait, 1, none, 0, 0, 0);
  return 0;
}
