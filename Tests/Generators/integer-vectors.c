/* Executes 32-bit integer instructions on the processor it runs on, in a child process that it steps
 * through one instruction at a time, and prints what they did. IntegerVectorTests reads the lines
 * from Vectors/integer.txt, made by
 *
 *   gcc -m32 -O1 -static -no-pie -o integer-vectors integer-*.c
 *   ./integer-vectors 1 12 > integer.txt
 *
 * as root on Linux for x86, where vm.mmap_min_addr lets address 8000h be used. The arguments are the
 * seed and how many cases each form gets; the beginning of a group's name may follow.
 *
 * "ldt index descriptor" lines come first. "= name" opens a group. Then one line for each case, all
 * numbers hexadecimal:
 *
 *   code inputs > outputs
 *
 * code        the bytes at 30000h, where EIP starts, or at the address and EIP that at= and ip= say
 * eax= cs=    a register; those not named have the values in `defaults` and `selectors` below
 * f=          EFLAGS
 * 40010:0123  memory bytes from this address on; everything else is zero
 * > outputs   what differs afterwards: registers, memory; f= always, and ip= unless EIP is at the
 *             end of the code (after a fault, at its start)
 * ~           flags that the manual leaves undefined here (f= has what this processor did)
 * !           the vector of a fault or trap, with its error code behind a colon
 */
#define _GNU_SOURCE
#include "integer-vectors.h"
#include <asm/ldt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/rseq.h>
#include <sys/syscall.h>
#include <sys/ucontext.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint32_t defaults[8] = {
  0x0A1B2C3D, 0x1B2C3D4E, 0x2C3D4E5F, 0x3D4E5F60, STACK + 0x800, 0x5F607182, 0x60718293, 0x718293A4,
};
static const char *const names[8] = {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"};
static const uint16_t selectors[6] = {0x2B, 0x23, 0x2B, 0x2B, 0, 0x63};
static const char *const selectorNames[6] = {"es", "cs", "ss", "ds", "fs", "gs"};
static const uint32_t regions[] = {LOW, DATA, WRAP & ~(REGION - 1), STACK};
enum { REGIONS = sizeof regions / sizeof *regions, SIGNALS = 0x5A5A0000, SIGNAL_SIZE = 0x10000 };

struct testcase c;
/* Of the segments in the LDT: the base, and how much of ESP counts. */
static struct { uint32_t base, mask; } stacks[32];
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
  memcpy(c.selector, selectors, sizeof selectors);
  c.start = c.eip = CODE;
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
  for (; width > 0; width -= 8, v >>= 8, at++) {
    int i = 0;
    while (i < c.memories && c.memory[i].at != at) i++;
    if (i == c.memories) c.memory[c.memories++].at = at;
    c.memory[i].value = v;
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
  for (int i = 0; i < 6; i++)
    if (c.selector[i] != selectors[i]) printf(" %s=%x", selectorNames[i], c.selector[i]);
  if (c.start != CODE) printf(" at=%x", c.start);
  if (c.eip != c.start) printf(" ip=%x", c.eip);
  printf(" f=%x", c.flags);
  qsort(c.memory, c.memories, sizeof *c.memory, compare);
  for (int i = 0; i < c.memories; i++) {
    if (!i || c.memory[i].at != c.memory[i - 1].at + 1) printf(" %x:", c.memory[i].at);
    printf("%02x", c.memory[i].value);
  }
}

static void setRegisters(struct user_regs_struct *registers) {
  if (ptrace(PTRACE_SETREGS, child, 0, registers)) {
    perror("integer-vectors: setting registers");
    exit(1);
  }
}

/* Lets the child execute an instruction. Gives the signal that it got, 0 for none but the step's. */
static int step(int signal) {
  int status;
  siginfo_t info;
  ptrace(PTRACE_SINGLESTEP, child, 0, signal);
  waitpid(child, &status, 0);
  if (!WIFSTOPPED(status)) {
    fprintf(stderr, "integer-vectors: the child ended\n");
    exit(1);
  }
  ptrace(PTRACE_GETSIGINFO, child, 0, &info);
  if (WSTOPSIG(status) == SIGTRAP && info.si_code != SI_KERNEL) return 0;
  return WSTOPSIG(status);
}

/* What the system tells a signal handler about a fault: its vector and error code. */
static void readFault(int signal, int *vector, uint32_t *error) {
  struct user_regs_struct handler;
  step(signal);
  ptrace(PTRACE_GETREGS, child, 0, &handler);
  const ucontext_t *context = *(ucontext_t **)((uint32_t)handler.esp + 12);
  *vector = context->uc_mcontext.gregs[REG_TRAPNO];
  *error = context->uc_mcontext.gregs[REG_ERR];
}

static bool hasErrorCode(int vector) {
  return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void prepareMemory(uint8_t before[REGIONS][REGION]) {
  memset((void *)CODE, 0x90, 2 * REGION);
  memcpy((void *)c.start, c.code, c.length);
  for (int i = 0; i < REGIONS; i++) memset((void *)regions[i], 0, REGION);
  for (int i = 0; i < c.memories; i++) *(uint8_t *)c.memory[i].at = c.memory[i].value;
  for (int i = 0; i < REGIONS; i++) memcpy(before[i], (void *)regions[i], REGION);
}

static bool hasWritten(uint8_t before[REGIONS][REGION]) {
  for (int i = 0; i < REGIONS; i++)
    if (memcmp(before[i], (void *)regions[i], REGION)) return true;
  return false;
}

/* The first byte of the code that is no prefix. */
static uint8_t opcode(void) {
  static const uint8_t prefixes[] = {
    0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3,
  };
  int i = 0;
  while (i < c.length && memchr(prefixes, c.code[i], sizeof prefixes)) i++;
  return c.code[i];
}

/* Where ESP points. */
static uint32_t stackTop(uint32_t pointer) {
  if (!(c.selector[ss] & 4)) return pointer;
  return stacks[c.selector[ss] >> 3].base + (pointer & stacks[c.selector[ss] >> 3].mask);
}

void execute(void) {
  static uint8_t before[REGIONS][REGION];
  struct user_regs_struct in = {
    .ebx = c.reg[ebx], .ecx = c.reg[ecx], .edx = c.reg[edx], .esi = c.reg[esi], .edi = c.reg[edi],
    .ebp = c.reg[ebp], .eax = c.reg[eax], .esp = c.reg[esp], .eip = c.eip, .eflags = c.flags,
    .xes = c.selector[es], .xcs = c.selector[cs], .xss = c.selector[ss], .xds = c.selector[ds],
    .xfs = c.selector[fs], .xgs = c.selector[gs], .orig_eax = -1,
  }, out, flags = in;
  /* PTRACE_SETREGS leaves some flags alone; POPF does not. */
  prepareMemory(before);
  *(uint8_t *)CODE = 0x9D;
  *(uint32_t *)(CODE + 4) = c.flags & ~(1 << 18);
  flags.eip = CODE;
  flags.esp = CODE + 4;
  flags.xcs = selectors[cs];
  flags.xss = selectors[ss];
  setRegisters(&flags);
  step(0);

  prepareMemory(before);
  setRegisters(&in);
  int signal, vector = -1;
  uint32_t error = 0;
  do {
    signal = step(0);
    ptrace(PTRACE_GETREGS, child, 0, &out);
  } while (!signal && (uint32_t)out.eip == c.eip && c.repeats);
  if (signal) readFault(signal, &vector, &error);
  else if (c.shadows) out.eip--;
  /* PUSHF saw the trap flag that stepping sets. */
  if (!signal && opcode() == 0x9C)
    *(uint8_t *)(stackTop((uint32_t)out.esp + 1)) &= ~1;
  /* An address outside the memory of cases. */
  if (vector == 14) return;
  const uint32_t after[8] = {
    out.eax, out.ecx, out.edx, out.ebx, out.esp, out.ebp, out.esi, out.edi,
  };
  /* PUSHA, POPA and far calls that fault may leave a part of their work behind, or nothing. */
  if (vector >= 0 && !c.repeats && (memcmp(after, c.reg, sizeof after) || hasWritten(before))) return;

  printInputs();
  printf(" >");
  for (int i = 0; i < 8; i++)
    if (after[i] != c.reg[i]) printf(" %s=%x", names[i], after[i]);
  const uint16_t selectorsAfter[] = {out.xes, out.xcs, out.xss, out.xds, out.xfs, out.xgs};
  for (int i = 0; i < 6; i++)
    if (selectorsAfter[i] != c.selector[i]) printf(" %s=%x", selectorNames[i], selectorsAfter[i]);
  if ((uint32_t)out.eip != c.eip + (vector < 0 ? c.length : 0)) printf(" ip=%x", (uint32_t)out.eip);
  printf(" f=%x", (uint32_t)out.eflags & ~(TF | RF));
  for (int i = 0; i < REGIONS; i++) printMemory(before[i], regions[i]);
  if (vector >= 0) printf(" !%x", vector);
  if (hasErrorCode(vector)) printf(":%x", error);
  if (c.undefined) printf(" ~%x", c.undefined);
  printf("\n");
}

uint16_t describe(
  int index, uint32_t base, uint32_t limit, bool big, int contents, bool plain, bool pages,
  bool present) {
  struct user_desc segment = {
    .entry_number = index, .base_addr = base, .limit = limit, .seg_32bit = big,
    .contents = contents, .read_exec_only = plain, .limit_in_pages = pages,
    .seg_not_present = !present, .useable = 1,
  };
  if (syscall(SYS_modify_ldt, 0x11, &segment, sizeof segment)) {
    perror("integer-vectors: a descriptor in the LDT");
    exit(1);
  }
  stacks[index].base = base;
  stacks[index].mask = big ? ~0u : 0xFFFF;
  return index << 3 | 7;
}

static void printLDT(void) {
  uint64_t entries[32];
  int size = syscall(SYS_modify_ldt, 0, entries, sizeof entries);
  for (int i = 0; i < size / 8; i++)
    if (entries[i]) printf("ldt %d %016llx\n", i, (unsigned long long)entries[i]);
}

static void handler(int signal) { _exit(signal); }

/* Unmaps all but the memory of cases and of signals, itself included, and stops: a case that reaches
 * further gets a page fault, whatever this system keeps there. */
static const uint8_t last[] = {
  0xB8, SYS_munmap, 0, 0, 0, /* mov eax, SYS_munmap */
  0xCD, 0x80,                /* int 80h: EBX to EBX + ECX */
  0xB8, SYS_munmap, 0, 0, 0,
  0xBB, 0x00, 0x00, 0x5B, 0x5A, /* mov ebx, the end of SIGNALS */
  0xB9, 0x00, 0xE0, 0xA4, 0xA5, /* mov ecx, from there to FFFFE000h */
  0xCD, 0x80, 0xCC,
};

static void runChild(void) {
  stack_t stack = {.ss_sp = (void *)SIGNALS, .ss_size = SIGNAL_SIZE - 0x1000};
  sigaltstack(&stack, 0);
  struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | SA_NODEFER | SA_SIGINFO};
  const int list[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (int i = 0; i < 5; i++) sigaction(list[i], &action, 0);
  ptrace(PTRACE_TRACEME, 0, 0, 0);
  /* The system writes to this area whenever it likes. */
  syscall(SYS_rseq, (char *)__builtin_thread_pointer() + __rseq_offset, 32, 1, RSEQ_SIG);
  void *end = memcpy((void *)(SIGNALS + SIGNAL_SIZE - 0x1000), last, sizeof last);
  __asm__ volatile("jmp *%0" :: "r"(end), "b"(0x70000), "c"(SIGNALS - 0x70000));
}

static void map(uint32_t address, uint32_t size) {
  void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE | PROT_EXEC,
    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (at != MAP_FAILED) return;
  perror("integer-vectors: memory at a fixed address");
  exit(1);
}

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  state = strtoull(argv[1], 0, 0) * 0x9E3779B97F4A7C15ULL + 1;
  if (argc > 3) wanted = argv[3];
  for (int i = 0; i < REGIONS; i++) map(regions[i], REGION);
  map(CODE, 2 * REGION);
  map(SIGNALS, SIGNAL_SIZE);
  describeSegments();
  printLDT();
  fflush(stdout);
  child = fork();
  if (!child) runChild();
  waitpid(child, 0, 0);
  listForms(atoi(argv[2]));
  kill(child, SIGKILL);
  return 0;
}
