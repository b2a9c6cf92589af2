/* Executes 32-bit integer instructions on the processor it runs on, in a child process that it steps
 * through one instruction at a time, and prints what they did. IntegerVectorTests reads the lines
 * from Vectors/integer.txt, made by
 *
 *   gcc -m32 -O1 -static -no-pie -o integer-vectors integer-*.c
 *   ./integer-vectors 1 16 > integer.txt
 *
 * as root on Linux for x86, where vm.mmap_min_addr lets address 8000h be used. The arguments are the
 * seed and how many cases each form gets; the beginning of a group's name may follow.
 *
 * "= name" opens a group. Then one line for each case, all numbers hexadecimal:
 *
 *   code inputs > outputs
 *
 * code        the bytes at 30000h, where EIP starts
 * eax=        a register; those not named have the values in `defaults` below
 * f=          EFLAGS
 * 40010:0123  memory bytes from this address on; everything else is zero
 * > outputs   what differs afterwards: registers, segment registers, memory; f= always, and ip=
 *             unless EIP is at the end of the code
 * ~           flags that the manual leaves undefined here (f= has what this processor did)
 * !           the vector of a fault (for INT3 and INTO: of the trap) instead
 */
#include "integer-vectors.h"
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint32_t defaults[8] = {
  0x0A1B2C3D, 0x1B2C3D4E, 0x2C3D4E5F, 0x3D4E5F60, STACK + 0x800, 0x5F607182, 0x60718293, 0x718293A4,
};
static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const uint32_t regions[] = {LOW, DATA, STACK};

struct testcase c;
static pid_t child;
static uint64_t state;
static const char *wanted;

uint32_t rnd(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1DULL >> 32;
}
uint32_t below(uint32_t n) { return rnd() % n; }
bool once(uint32_t n) { return below(n) == 0; }

uint32_t value(int width) {
  uint32_t top = 1u << (width - 1), all = top | (top - 1), r = rnd();
  switch (below(8)) {
  case 0: { const uint32_t edges[] = {0, 1, all, top, top - 1, 2, 0x0F, 0x10};
            return edges[below(8)] & all; }
  case 1: return (all >> (r % width));
  case 2: return (all << (r % width)) & all;
  case 3: return (r & 0x7F) | (once(2) ? all & ~0x7Fu : 0);
  default: return r & all;
  }
}

bool group(const char *format, ...) {
  char name[64];
  va_list list;
  va_start(list, format);
  vsnprintf(name, sizeof name, format, list);
  va_end(list);
  if (wanted && strncmp(name, wanted, strlen(wanted))) return false;
  printf("= %s\n", name);
  return true;
}

void begin(int width) {
  memset(&c, 0, sizeof c);
  memcpy(c.reg, defaults, sizeof defaults);
  c.flags = (rnd() & ARITHMETIC) | 0x202;
  if (once(8)) c.flags |= DF;
  if (width == 16) code(1, 0x66);
}

void code(int count, ...) {
  va_list list;
  va_start(list, count);
  while (count--) c.code[c.length++] = va_arg(list, int);
  va_end(list);
}

void immediate(int width, uint32_t v) {
  for (; width > 0; width -= 8, v >>= 8) code(1, v & 0xFF);
}

void set(int reg, uint32_t v) { c.reg[reg] = v; c.pinned |= 1u << reg; }

void setPart(int reg, int width, uint32_t v) {
  int whole = width == 8 ? reg & 3 : reg, shift = width == 8 && reg > 3 ? 8 : 0;
  uint32_t mask = (width == 32 ? ~0u : (1u << width) - 1) << shift;
  if (c.pinned >> whole & 1) return;
  set(whole, (rnd() & ~mask) | (v << shift & mask));
}

int pick(int width) {
  int reg;
  do reg = below(8); while (c.pinned >> (width == 8 ? reg & 3 : reg) & 1);
  setPart(reg, width, value(width));
  return reg;
}

void poke(uint32_t at, int width, uint32_t v) {
  for (; width > 0; width -= 8, v >>= 8) {
    c.memory[c.memories].at = at++;
    c.memory[c.memories++].value = v;
  }
}

static void prefix(uint8_t byte) {
  memmove(c.code + 1, c.code, c.length++);
  c.code[0] = byte;
}

/* A base or index: one that is free gets a value. */
static uint32_t part(int reg) {
  if (!(c.pinned >> reg & 1)) set(reg, once(2) ? rnd() : below(0x400));
  return c.reg[reg];
}

static uint32_t address16(int reg) {
  static const int8_t base[8] = {ebx, ebx, ebp, ebp, esi, edi, ebp, ebx};
  static const int8_t index[8] = {esi, edi, esi, edi, -1, -1, -1, -1};
  int rm = below(8), mod = below(3);
  uint32_t target = LOW + 0x100 + below(0xE00), sum = 0;
  prefix(0x67);
  if (rm == 6 && mod == 0) {
    code(1, reg << 3 | 6);
    immediate(16, target);
    return target;
  }
  if (mod != 2 && c.pinned >> base[rm] & 1) mod = 2;
  if (index[rm] >= 0) sum = part(index[rm]);
  int displacement = mod == 1 ? (int8_t)rnd() : 0;
  if (mod == 2) sum += part(base[rm]);
  else set(base[rm], (rnd() & 0xFFFF0000) | ((target - sum - displacement) & 0xFFFF));
  code(1, mod << 6 | reg << 3 | rm);
  if (mod == 1) immediate(8, displacement);
  if (mod == 2) immediate(16, target - sum);
  return target;
}

uint32_t address(int reg, int width) {
  if (once(10)) return address16(reg);
  uint32_t target = DATA + 0x100 + below(0xE00);
  if (once(2)) target &= -(width / 8);
  int mod = below(3), base = below(8), index = -1, scale = 0;
  bool sib = base == esp || once(3);
  if (sib && (index = below(8)) == esp) index = -1;
  if (index >= 0) scale = below(4);
  bool none = mod == 0 && base == ebp;
  if (!none && (mod != 2) && (c.pinned >> base & 1 || base == index || base == esp)) mod = 2;
  uint32_t sum = index >= 0 ? part(index) << scale : 0;
  int displacement = mod == 1 ? (int8_t)rnd() : 0;
  if (none) {
  } else if (mod == 2) {
    sum += base == esp ? c.reg[esp] : part(base);
  } else {
    set(base, target - sum - displacement);
  }
  code(1, mod << 6 | reg << 3 | (sib ? 4 : base));
  if (sib) code(1, scale << 6 | (index >= 0 ? index : 4) << 3 | base);
  if (mod == 1) immediate(8, displacement);
  if (mod == 2 || none) immediate(32, target - sum);
  if (once(16)) {
    static const uint8_t overrides[] = {0x26, 0x2E, 0x36, 0x3E, 0x64};
    prefix(overrides[below(5)]);
  }
  return target;
}

uint32_t modrm(int reg, bool memory, int width, uint32_t v) {
  if (memory) {
    uint32_t at = address(reg, width);
    poke(at, width, v);
    return at;
  }
  int rm = below(8);
  code(1, 0xC0 | reg << 3 | rm);
  setPart(rm, width, v);
  return 0;
}

static int compare(const void *a, const void *b) {
  return *(const uint32_t *)a < *(const uint32_t *)b ? -1 : 1;
}

/* Prints the bytes that differ between what was and what is, in runs. */
static void printMemory(const uint8_t *before, uint32_t start) {
  const uint8_t *now = (const uint8_t *)start;
  for (uint32_t i = 0; i < REGION; i++) {
    if (before[i] == now[i]) continue;
    printf(" %x:", start + i);
    while (i < REGION && before[i] != now[i]) printf("%02x", now[i++]);
  }
}

static void printInputs(void) {
  for (int i = 0; i < c.length; i++) printf("%02x", c.code[i]);
  for (int i = 0; i < 8; i++)
    if (c.reg[i] != defaults[i]) printf(" %s=%x", names[i], c.reg[i]);
  printf(" f=%x", c.flags);
  qsort(c.memory, c.memories, sizeof *c.memory, compare);
  for (int i = 0; i < c.memories; i++) {
    if (!i || c.memory[i].at != c.memory[i - 1].at + 1) printf(" %x:", c.memory[i].at);
    printf("%02x", c.memory[i].value);
  }
}

void execute(int vector) {
  static uint8_t before[3][REGION];
  memset((void *)CODE, 0x90, 64);
  memcpy((void *)CODE, c.code, c.length);
  for (int i = 0; i < 3; i++) memset((void *)regions[i], 0, REGION);
  for (int i = 0; i < c.memories; i++) *(uint8_t *)c.memory[i].at = c.memory[i].value;
  for (int i = 0; i < 3; i++) memcpy(before[i], (void *)regions[i], REGION);

  struct user_regs_struct in = {
    .ebx = c.reg[ebx], .ecx = c.reg[ecx], .edx = c.reg[edx], .esi = c.reg[esi], .edi = c.reg[edi],
    .ebp = c.reg[ebp], .eax = c.reg[eax], .esp = c.reg[esp], .eip = CODE, .eflags = c.flags,
    .xds = 0x2B, .xes = 0x2B, .xss = 0x2B, .xcs = 0x23, .xfs = 0, .xgs = 0x63, .orig_eax = -1,
  }, out;
  int status, fault = -1;
  siginfo_t info;
  /* PTRACE_SETREGS leaves some flags alone; POPF does not. */
  struct user_regs_struct flags = in;
  flags.eip = CODE + REGION / 2;
  flags.esp = CODE + REGION - 4;
  *(uint8_t *)(CODE + REGION / 2) = 0x9D;
  *(uint32_t *)(CODE + REGION - 4) = c.flags;
  ptrace(PTRACE_SETREGS, child, 0, &flags);
  ptrace(PTRACE_SINGLESTEP, child, 0, 0);
  waitpid(child, &status, 0);
  ptrace(PTRACE_SETREGS, child, 0, &in);
  do {
    ptrace(PTRACE_SINGLESTEP, child, 0, 0);
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status)) {
      fprintf(stderr, "the child ended\n");
      exit(1);
    }
    ptrace(PTRACE_GETREGS, child, 0, &out);
    ptrace(PTRACE_GETSIGINFO, child, 0, &info);
    switch (WSTOPSIG(status)) {
    case SIGTRAP: if (info.si_code == SI_KERNEL && vector != 13) fault = vector; break;
    case SIGFPE: fault = 0; break;
    case SIGILL: fault = 6; break;
    case SIGSEGV: fault = info.si_code == SI_KERNEL ? vector : 14; break;
    default: fault = 255;
    }
  } while (fault < 0 && (uint32_t)out.eip == CODE && c.repeats);

  /* PUSHF saw the trap flag that stepping sets. */
  if (c.code[0] == 0x9C || (c.code[0] == 0x66 && c.code[1] == 0x9C))
    *(uint8_t *)(uint32_t)(out.esp + 1) &= ~1;
  if (fault == 14) {
    fprintf(stderr, "an address outside the memory of the case, code %02x %02x %02x at %p\n", c.code[0],
      c.code[1], c.code[2], info.si_addr);
    return;
  }
  printInputs();
  printf(" >");
  const uint32_t after[8] = {
    out.eax, out.ecx, out.edx, out.ebx, out.esp, out.ebp, out.esi, out.edi,
  };
  for (int i = 0; i < 8; i++)
    if (after[i] != c.reg[i]) printf(" %s=%x", names[i], after[i]);
  const struct { const char *name; uint32_t is, was; } selectors[] = {
    {"es", out.xes, in.xes}, {"cs", out.xcs, in.xcs}, {"ss", out.xss, in.xss},
    {"ds", out.xds, in.xds}, {"fs", out.xfs, in.xfs}, {"gs", out.xgs, in.xgs},
  };
  for (int i = 0; i < 6; i++)
    if ((selectors[i].is ^ selectors[i].was) & 0xFFFF)
      printf(" %s=%x", selectors[i].name, selectors[i].is & 0xFFFF);
  if ((uint32_t)out.eip != (fault < 0 ? (uint32_t)CODE + c.length : (uint32_t)CODE))
    printf(" ip=%x", (uint32_t)out.eip);
  printf(" f=%x", (uint32_t)out.eflags & ~(TF | RF));
  for (int i = 0; i < 3; i++) printMemory(before[i], regions[i]);
  if (fault >= 0) printf(" !%x", fault);
  if (c.undefined) printf(" ~%x", c.undefined);
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  state = strtoull(argv[1], 0, 0) * 0x9E3779B97F4A7C15ULL + 1;
  if (argc > 3) wanted = argv[3];
  const uint32_t maps[] = {LOW, CODE, DATA, STACK};
  for (int i = 0; i < 4; i++)
    if (mmap((void *)maps[i], REGION, PROT_READ | PROT_WRITE | PROT_EXEC,
          MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED) {
      perror("integer-vectors: memory at a fixed address");
      return 1;
    }
  child = fork();
  if (!child) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(0);
  }
  waitpid(child, 0, 0);
  listForms(atoi(argv[2]));
  kill(child, SIGKILL);
  return 0;
}
