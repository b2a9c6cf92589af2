/* A ROM that tries random instructions in random states of the system: real mode, protected mode of
 * 16 and 32 bits, virtual-8086 mode; rings, IOPL, segments, gates, task states; paging off, of 32
 * bits, with PAE. After each it prints, to port E9h and in hexadecimal, what became of the state:
 *
 *   number mode code vector error EIP EFLAGS EAX ECX EDX EBX ESP EBP ESI EDI
 *   ES CS SS DS FS GS link CR0 CR2 DR6 tables code data pages x87
 *
 * vector is 20h after INT 20h-FFh, FFh after a shutdown. link names the task that was interrupted.
 * CR2 counts after a page fault only. The last five are hashes of memory and of the x87's state.
 *
 * Fuzz/run compiles it for Bochs and runs the same ROM on our processor. -DSEED and -DCOUNT say
 * which cases; -DFIRST=n -DCOUNT=1 -DVERBOSE prints the state before the case as well.
 * What is left out, and why, is in `isComparable`. */
#include <stdbool.h>
#include <stdint.h>

#ifndef SEED
#define SEED 1
#endif
#ifndef COUNT
#define COUNT 1000
#endif
#ifndef FIRST
#define FIRST 0
#endif

enum { eax, ecx, edx, ebx, esp, ebp, esi, edi };
enum { es, cs, ss, ds, fs, gs };
enum { CF = 1, PF = 4, AF = 0x10, ZF = 0x40, SF = 0x80, TF = 0x100, IF = 0x200, DF = 0x400, OF = 0x800,
       NT = 0x4000, RF = 0x10000, VM = 0x20000, AC = 0x40000, ARITHMETIC = CF | PF | AF | ZF | SF | OF };

/* Physical memory. */
enum { GDT = 0x1000, IDT = 0x2000, LDT = 0x3000, TSS = 0x4000, TSS2 = 0x4200, TSS16 = 0x4300,
       STUBS = 0x7000, LOW = 0x8000, CODE = 0x10000, DATA = 0x20000, STACK = 0x30000,
       PD = 0x40000, PT = 0x41000, PDPT = 0x42000, PAEPD = 0x43000, PAEPT = 0x44000,
       BIG = 0x400000, PAGE = 0x1000, MONITORS = 0x210000 };
/* Where gates and return addresses lead: INT3 all over. */
enum { LANDING = 0x800 };
/* Selectors. Of each ring r: 32-bit code, 16-bit code, data, 16-bit stack from 18h + 20h * r on. */
enum { RINGS = 0x18, LDTR = 0x98, TR = 0xA0, OTHER = 0xA8, OTHER16 = 0xB0, DATAS = 0xB8, SPECIAL = 0xD8,
       SPECIALCODE = 0xE0, ANY = 0xE8, MONITOR = 0x100 };

typedef enum { real, protected, virtual } Mode;

extern uint32_t monitorEntries[33];
extern const uint8_t vectorStubs[], vectorStubsEnd[];
extern const uint32_t realFrame;
extern const struct __attribute__((packed)) { uint16_t limit; uint32_t base; } bootGDTR;
_Noreturn void enterProtected(void);
_Noreturn void enterVirtual(void);
_Noreturn void enterReal(void);

/* Read by system.asm. */
struct { uint32_t eip, cs, flags, esp, ss, es, ds, fs, gs, regs[8], outer, cr0; } entry;

static struct testcase {
  uint8_t code[40];
  int length;
  uint32_t reg[8];
  uint32_t flags, eip;
  uint16_t selector[6];
  /* Flags that the manual leaves undefined after this instruction. */
  uint32_t undefined;
  Mode mode;
  int ring;
  bool is32;
  uint32_t cr0, cr3, cr4;
  bool paging, pae, noExecute;
  /* Of each segment: base, first and last offset. */
  struct { uint32_t base, bottom, top; } segment[6];
} c;
static volatile uint32_t number, started;
static volatile bool underWay;
static uint64_t state;

// MARK: Random numbers

static uint32_t rnd(void) {
  state ^= state << 13; state ^= state >> 7; state ^= state << 17;
  return state * 0x2545F4914F6CDD1DULL >> 32;
}
static uint32_t below(uint32_t n) { return rnd() % n; }
static bool once(uint32_t n) { return below(n) == 0; }
static uint32_t value(int width) {
  uint32_t top = 1u << (width - 1), all = top | (top - 1), r = rnd();
  static const uint32_t edges[] = {0, 1, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 2, 0x0F, 0x10};
  switch (below(8)) {
  case 0: return edges[below(8)] & all;
  case 1: return all >> (r % width);
  case 2: return (all << (r % width)) & all;
  case 3: return (r & 0x7F) | (once(2) ? all & ~0x7Fu : 0);
  default: return r & all;
  }
}

static void code(int count, uint32_t byte, ...) { (void)count; c.code[c.length++] = byte; }
static void immediate(int width, uint32_t v) {
  for (; width > 0; width -= 8, v >>= 8) code(1, v & 0xFF);
}

#include "instruction.h"

// MARK: Memory and ports

static void out(uint16_t port, uint8_t v) { __asm__ volatile("outb %0, %1" :: "a"(v), "d"(port)); }
static void put8(uint32_t at, uint8_t v) { *(volatile uint8_t *)at = v; }
static void put16(uint32_t at, uint16_t v) { *(volatile uint16_t *)at = v; }
static void put32(uint32_t at, uint32_t v) { *(volatile uint32_t *)at = v; }
static uint32_t get32(uint32_t at) { return *(volatile uint32_t *)at; }
static uint16_t get16(uint32_t at) { return *(volatile uint16_t *)at; }
static void fill(uint32_t at, uint32_t bytes, uint32_t v) {
  uint32_t count = bytes / 4;
  __asm__ volatile("rep stosl" : "+D"(at), "+c"(count) : "a"(v) : "memory");
}
void *memset(void *at, int v, unsigned long n) {
  void *start = at;
  __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(v) : "memory");
  return start;
}
void *memcpy(void *to, const void *from, unsigned long n) {
  void *start = to;
  __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) :: "memory");
  return start;
}
static uint32_t hash(uint32_t h, uint32_t at, uint32_t bytes) {
  for (uint32_t end = at + bytes; at < end; at += 4) {
    h ^= get32(at);
    h = h << 5 | h >> 27;
    h += 0x9E3779B9;
  }
  return h;
}

static void print(uint32_t v, int digits) {
  while (digits--) {
    uint32_t digit = v >> digits * 4 & 15;
    out(0xE9, digit < 10 ? '0' + digit : 'a' - 10 + digit);
  }
}
static void field(uint32_t v, int digits) { out(0xE9, ' '); print(v, digits); }

// MARK: Descriptors

static void describe(uint32_t at, uint32_t base, uint32_t limit, uint8_t access, uint8_t flags) {
  put32(at, base << 16 | (limit & 0xFFFF));
  put32(at + 4, (base & 0xFF000000) | flags << 20 | (limit & 0xF0000) | access << 8 | (base >> 16 & 0xFF));
}
static void gate(uint32_t at, uint16_t selector, uint32_t offset, uint8_t access, uint8_t count) {
  put32(at, selector << 16 | (offset & 0xFFFF));
  put32(at + 4, (offset & 0xFFFF0000) | access << 8 | count);
}

/* A selector that a program might try. */
static uint16_t selector(void) {
  uint32_t rpl = once(2) ? (uint32_t)c.ring : below(4);
  switch (below(12)) {
  case 0: return below(4);
  case 1: return rnd();
  case 2: case 3: return below(9) << 3 | 4 | rpl;
  case 4: return (once(2) ? LDTR : TR) | rpl;
  case 5: return (once(2) ? OTHER : OTHER16) | rpl;
  case 6: case 7: return (ANY + (below(3) << 3)) | rpl;
  case 8: return (DATAS + (below(6) << 3)) | rpl;
  default: return (RINGS + (below(4) << 5) + (below(4) << 3)) | rpl;
  }
}

/* A code selector that mostly fits: for gates and frames. */
static uint16_t codeSelector(void) {
  if (once(3)) return selector();
  uint32_t ring = once(2) ? (uint32_t)c.ring : below(4);
  return RINGS + (ring << 5) + (below(2) << 3) + ring;
}
static uint16_t stackSelector(void) {
  if (once(3)) return selector();
  uint32_t ring = once(2) ? (uint32_t)c.ring : below(4);
  return RINGS + (ring << 5) + 0x10 + (below(2) << 3) + ring;
}
/* An address that leads to INT3 in both kinds of code. */
static uint32_t landing(uint16_t selector) {
  uint32_t offset = LANDING + below(16);
  bool isFlat = selector >= RINGS && selector < LDTR && (selector & 0x18) == 0x18;
  return isFlat ? CODE + offset : offset;
}

static void describeAny(uint32_t at) {
  static const uint8_t systems[] = {1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 14, 15, 12, 12, 4, 5};
  static const uint16_t limits[] = {0x67, 0x67, 0xFF, 0x2B, 0x66};
  uint8_t present = once(8) ? 0 : 0x80, dpl = (once(2) ? (uint32_t)c.ring : below(4)) << 5;
  if (once(2)) {
    static const uint32_t bases[] = {CODE, DATA, STACK, 0};
    describe(at, bases[below(4)], once(2) ? 0xFFFFF : below(0x2000), present | dpl | 0x10 | below(16),
      below(16));
    return;
  }
  uint8_t type = once(8) ? below(16) : systems[below(sizeof systems)];
  switch (type) {
  case 4: case 5: case 6: case 7: case 12: case 14: case 15: {
    uint16_t selector = type == 5 ? (once(2) ? OTHER : OTHER16) : codeSelector();
    gate(at, selector, landing(selector), present | dpl | type, once(2) ? below(32) : 0);
    return;
  }
  default:
    describe(at, type == 2 ? LDT : type & 8 ? TSS2 : TSS16, limits[below(5)], present | dpl | type, 0);
  }
}

static void prepareTables(void) {
  fill(GDT, 0x100, 0);
  describe(GDT + 8, 0, 0xFFFFF, 0x9A, 0xC);
  describe(GDT + 0x10, 0, 0xFFFFF, 0x92, 0xC);
  for (int r = 0; r < 4; r++) {
    uint32_t at = GDT + RINGS + (r << 5);
    describe(at, 0, 0xFFFFF, 0x9A | r << 5, 0xC);
    describe(at + 8, CODE, 0xFFFF, 0x9A | r << 5, 0);
    describe(at + 0x10, 0, 0xFFFFF, 0x92 | r << 5, 0xC);
    describe(at + 0x18, STACK, 0xFFFF, 0x92 | r << 5, 0);
  }
  describe(GDT + LDTR, LDT, 0x3F, 0x82, 0);
  describe(GDT + TR, TSS, once(8) ? 0x67 : 0xFF, 0x89, 0);
  describe(GDT + OTHER, TSS2, 0x67, 0x89, 0);
  describe(GDT + OTHER16, TSS16, 0x2B, 0x81, 0);
  for (int i = 0; i < 3; i++) describeAny(GDT + ANY + i * 8);
  for (int i = 0; i < 8; i++) describeAny(LDT + i * 8);
  for (int v = 0; v <= 32; v++) describe(GDT + MONITOR + v * 8, MONITORS + v * 0x80, 0x67, 0x89, 0);
  for (int v = 0; v < 0x40; v++)
    gate(IDT + v * 8, MONITOR + (v < 32 ? v : 32) * 8, 0, v == 3 || v == 4 || v >= 32 ? 0xE5 : 0x85, 0);
  for (int v = 0x21; v < 0x40; v++) {
    if (once(3)) { describeAny(IDT + v * 8); continue; }
    static const uint8_t types[] = {6, 7, 14, 15, 14, 15};
    uint16_t selector = codeSelector();
    gate(IDT + v * 8, selector, landing(selector), 0xE0 | types[below(6)], 0);
  }
  if (once(6)) {
    static const uint8_t vectors[] = {0, 4, 5, 6, 7, 10, 11, 12, 13, 13, 14};
    uint32_t at = IDT + vectors[below(sizeof vectors)] * 8;
    uint16_t selector = codeSelector();
    if (once(4)) describeAny(at);
    else gate(at, selector, landing(selector), 0x86 | below(2) << 3 | below(2), 0);
  }
}

static void prepareTasks(void) {
  fill(TSS, 0x400, 0);
  for (int r = 0; r < 3; r++) {
    uint32_t offset = STACK + 0x200 + (r << 8);
    uint16_t own = RINGS + (r << 5) + 0x10 + r;
    if (once(4)) { own += 8; offset -= STACK; }
    put32(TSS + 4 + r * 8, once(24) ? value(32) : offset);
    put32(TSS + 8 + r * 8, once(16) ? selector() : own);
  }
  put16(TSS, once(2) ? OTHER : selector());
  put16(TSS + 0x66, once(8) ? below(0x120) : 0x68);
  for (int i = 0; i < 0x60; i += 4) put32(TSS + 0x68 + i, once(2) ? 0 : rnd());
  put32(TSS + 0x1C, c.cr3);
  /* Two tasks to switch to. */
  uint32_t ring = once(2) ? (uint32_t)c.ring : below(4), own = RINGS + (ring << 5);
  put32(TSS2 + 4, STACK + 0x200); put32(TSS2 + 8, RINGS + 0x10);
  put32(TSS2 + 0x1C, c.cr3);
  put32(TSS2 + 0x20, CODE + LANDING); put32(TSS2 + 0x24, 2 | (once(8) ? VM : 0) | (rnd() & 0x4000));
  put32(TSS2 + 0x38, STACK + 0x600);
  put16(TSS16 + 2, 0x200); put16(TSS16 + 4, RINGS + 0x18);
  put16(TSS16 + 0xE, LANDING); put16(TSS16 + 0x10, 2); put16(TSS16 + 0x1A, 0x600);
  static const uint8_t kinds[] = {0x10, 0, 0x10, 0x10, 0x10, 0x10}, kinds16[] = {0x18, 8, 0x18, 0x18};
  for (int i = 0; i < 6; i++) put16(TSS2 + 0x48 + i * 4, once(16) ? selector() : own + kinds[i] + ring);
  for (int i = 0; i < 4; i++) put16(TSS16 + 0x22 + i * 2, once(16) ? selector() : own + kinds16[i] + ring);
  put32(TSS2 + 0x60, once(4) ? selector() : 0);
  put16(TSS2 + 0x66, 0x68);
  for (int v = 0; v <= 32; v++) {
    uint32_t at = MONITORS + v * 0x80;
    fill(at, 0x80, 0);
    put32(at + 0x1C, c.cr3);
    put32(at + 0x20, monitorEntries[v]);
    put32(at + 0x24, 2);
    put32(at + 0x38, 0x270000);
    for (int i = 0; i < 6; i++) put32(at + 0x48 + i * 4, i == cs ? 8 : 0x10);
    put16(at + 0x66, 0x68);
  }
}

// MARK: Pages

static uint32_t pageFlags(bool isTable) {
  uint32_t flags = 7;
  if (once(8)) flags &= ~1;
  if (once(4)) flags &= ~2;
  if (once(4)) flags &= ~4;
  if (once(2)) flags |= 0x20 | (once(2) ? 0x40 : 0);
  if (once(8)) flags |= 1u << (3 + below(2));
  if (once(8)) flags |= 0x100;
  if (isTable) flags |= once(40) ? 0 : 1;
  return flags;
}

static void preparePages(void) {
  static const uint32_t tested[] = {0x8, 0x9, 0x10, 0x11, 0x20, 0x21, 0x30, 0x31};
  uint32_t size = c.pae ? 8 : 4, tables = c.pae ? PAEPT : PT;
  for (uint32_t i = 0; i < 1024; i++) {
    put32(tables + i * size, i << 12 | 3);
    if (c.pae) put32(tables + i * size + 4, 0);
  }
  for (uint32_t i = 0; i < sizeof tested / sizeof *tested; i++) {
    uint32_t at = tables + tested[i] * size;
    put32(at, tested[i] << 12 | (once(3) ? pageFlags(false) : 7));
    if (c.pae && c.noExecute && once(4)) put32(at + 4, 0x80000000);
    /* Bochs has physical addresses of 40 bits. */
    if (c.pae && once(60)) put32(at + 4, get32(at + 4) | 1u << (8 + below(23)));
  }
  /* A handler of page faults that faults itself would never end. */
  if ((get32(IDT + 14 * 8 + 4) & 0x1F00) != 0x500)
    for (uint32_t i = 0x10; i < 0x12; i++) {
      put32(tables + i * size, i << 12 | 7);
      if (c.pae) put32(tables + i * size + 4, 0);
    }
  put32(tables, 7);
  /* The tables that the processor reads of its own accord. */
  for (uint32_t i = 1; i < 6; i++)
    if (once(8)) put32(tables + i * size, i << 12 | (once(8) ? pageFlags(false) : once(2) ? 7 : 1));
  uint32_t upper = once(6) ? pageFlags(true) | 1 : 7, big = once(3) ? pageFlags(false) : 7;
  if (c.pae) {
    fill(PDPT, 32, 0);
    put32(PDPT, PAEPD | 1);
    if (once(40)) put32(PDPT + 8 * below(4), get32(PDPT) | 1u << below(12));
    fill(PAEPD, 64, 0);
    put32(PAEPD, PAEPT | upper);
    put32(PAEPD + 8, (PAEPT + PAGE) | 7);
    put32(PAEPD + 16, (big & ~0x18) | 0x80);
    if (once(16)) put32(PAEPD + 16, get32(PAEPD + 16) | 1u << (12 + below(9)));
    if (c.noExecute && once(4)) put32(PAEPD + 20, 0x80000000);
  } else {
    fill(PD, 64, 0);
    put32(PD, PT | upper);
    /* Bit 21 is reserved whether a processor has PSE-36 or not. */
    put32(PD + 4, big | 0x80 | (once(16) ? 1u << 21 : 0));
  }
}

// MARK: Segments

static void span(int s, uint32_t base, uint32_t bottom, uint32_t top) {
  c.segment[s].base = base; c.segment[s].bottom = bottom; c.segment[s].top = top;
}
static void unprotected(int s, uint32_t base) { c.selector[s] = base >> 4; span(s, base, 0, 0xFFFF); }

/* A data segment of its own at a place in the GDT. */
static void special(int s, uint32_t at, uint32_t base, int dpl, bool writable) {
  uint8_t access = 0x90 | dpl << 5 | (writable || once(2) ? 2 : 0), flags = once(2) ? 4 : 0;
  uint32_t limit = once(3) ? 0xFFF : once(2) ? 0x7FF : once(2) ? 0xFFFF : below(0x1000);
  bool down = once(4), readableCode = !writable && once(4);
  if (down) access |= 4;
  if (readableCode) { access = 0x9A | dpl << 5; down = false; }
  describe(GDT + at, base, limit, access, flags);
  if (down) span(s, base, limit + 1, flags & 4 ? 0xFFFFFFFF : 0xFFFF);
  else span(s, base, 0, limit);
}

static void drawSegments(void) {
  if (c.mode != protected) {
    unprotected(cs, CODE); unprotected(ss, STACK);
    for (int s = 0; s < 6; s++) if (s != cs && s != ss) unprotected(s, once(4) ? STACK : DATA + (below(4) << 4));
    return;
  }
  uint32_t own = RINGS + (c.ring << 5) + c.ring;
  static const int carriers[] = {es, ds, fs, gs};
  for (int i = 0; i < 4; i++) {
    int s = carriers[i];
    uint32_t dpl = once(3) ? below(4) : 3;
    switch (below(4)) {
    case 0: c.selector[s] = once(2) ? below(4) : own + 0x18; span(s, STACK, 0, 0xFFFF); break;
    case 1:
      special(s, DATAS + i * 8, DATA + below(4), dpl, once(2));
      c.selector[s] = (DATAS + i * 8) | below(dpl + 1);
      break;
    default: c.selector[s] = own + 0x10; span(s, 0, 0, 0xFFFFFFFF);
    }
  }
  switch (below(3)) {
  case 0: c.selector[ss] = own + 0x10; span(ss, 0, 0, 0xFFFFFFFF); break;
  case 1: c.selector[ss] = own + 0x18; span(ss, STACK, 0, 0xFFFF); break;
  default:
    special(ss, SPECIAL, STACK, c.ring, true);
    c.selector[ss] = SPECIAL | c.ring;
  }
  if (once(4)) {
    uint32_t limit = once(2) ? 0xFFF : 0x400 + below(0x100);
    bool conforming = once(3);
    uint8_t dpl = conforming ? below(c.ring + 1) : (uint32_t)c.ring;
    describe(GDT + SPECIALCODE, CODE, limit, 0x98 | dpl << 5 | (conforming ? 4 : 0) | (once(2) ? 2 : 0),
      c.is32 ? 4 : 0);
    c.selector[cs] = SPECIALCODE | c.ring;
    span(cs, CODE, 0, limit);
    c.eip = once(2) ? 0x400 + below(0x100) : below(0x700);
    if (c.eip > limit) c.eip = limit - below(16);
  } else if (c.is32) {
    c.selector[cs] = own; span(cs, 0, 0, 0xFFFFFFFF); c.eip += CODE;
  } else {
    c.selector[cs] = own + 8; span(cs, CODE, 0, 0xFFFF);
  }
}

/* An offset near one of the ends of a segment, or inside. */
static uint32_t target(int s) {
  uint32_t bottom = c.segment[s].bottom, top = c.segment[s].top;
  bool isFlat = c.segment[s].base == 0 && top == 0xFFFFFFFF;
  if (!isFlat && once(4)) return (once(2) ? bottom - 4 : top - 7) + below(12);
  if (once(40)) return value(32);
  uint32_t offset = once(4) ? 0xFF8 + below(16) : below(0x1000);
  if (isFlat) {
    if (in.address16) return LOW + offset;
    return (once(4) ? STACK : DATA) + (c.paging && once(3) ? BIG : 0) + offset;
  }
  uint32_t size = top - bottom;
  return bottom + (size < 0x1010 ? below(size + 1) : offset);
}

static uint32_t stackWord(bool holdsFlags) {
  uint32_t v;
  uint16_t s = codeSelector();
  switch (below(6)) {
  case 0: v = rnd() << 16 | selector(); break;
  case 1: v = s << 16 | landing(s); break;
  case 2: v = CODE + LANDING + below(16); break;
  case 3: v = stackSelector() << 16 | s; break;
  case 4: v = STACK + 0x400 + below(0x400); break;
  default: v = value(32);
  }
  return holdsFlags ? v & ~0x00180000 : v;
}

static void place(int s, uint32_t offset, int width, uint32_t v) {
  uint32_t at = c.segment[s].base + offset;
  if (at >= BIG) at -= BIG;
  bool isMine = (at >= LOW && at < LOW + 2 * PAGE - 4) || (at >= DATA && at < DATA + 2 * PAGE - 4)
    || (at >= STACK && at < STACK + 2 * PAGE - 4);
  if (!isMine) return;
  if (width == 16) put16(at, v); else put32(at, v);
}

// MARK: The instruction

static bool isComparable(void) {
  uint8_t op = in.opcode;
  if (!in.twoBytes) {
    switch (op) {
    case 0x0F: case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x64 ... 0x67: case 0xF0: case 0xF2:
    case 0xF3: return false;
    /* HLT would wait for ever where it is allowed. */
    case 0xF4: return c.mode != real && c.ring != 0;
    /* Functions whose last digit is another emulator's own affair. */
    case 0xD9:
      return in.modrm < 0xF0 || (in.modrm >= 0xF4 && in.modrm != 0xF9 && in.modrm != 0xFB && in.modrm < 0xFE);
    /* FISTTP came with SSE3. */
    case 0xDB: case 0xDD: case 0xDF: return !(IS_MEMORY && REG == 1);
    default: return true;
    }
  }
  switch (op) {
  case 0x00: return REG < 6;
  case 0x01: return IS_MEMORY ? REG != 5 : REG == 4 || REG == 6;
  case 0x02: case 0x03: case 0x06: case 0x08: case 0x09: case 0x0A: case 0x0B:
  /* CR0 from ESP, which has to point to a stack, would be a leap into the dark. */
  case 0x22: case 0x23: return RM != esp;
  case 0x20: case 0x21: case 0x30: case 0x32: case 0x34: case 0x35: case 0x40 ... 0x4F: case 0x80 ... 0xA1:
  case 0xA3 ... 0xA5: case 0xA8: case 0xA9: case 0xAB ... 0xAD: case 0xAF ... 0xB7: case 0xB9 ... 0xC1:
    return true;
  case 0xC7: return REG == 1;
  case 0xC8 ... 0xCF: return !in.operand16;
  case 0xAE: return IS_MEMORY && REG < 2;
  default: return false;
  }
}

/* Values that keep the monitors reachable. */
static void drawSystemOperand(void) {
  if (!in.twoBytes) return;
  uint32_t *v = &c.reg[RM];
  switch (in.opcode) {
  case 0x22:
    switch (REG) {
    case 0:
      *v = c.cr0 ^ (rnd() & rnd() & 0x6005002E);
      if (!c.pae && once(16)) *v ^= 1u << below(32);
      *v |= 1;
      if (c.paging) *v |= 0x80000000; else *v &= ~0x80000000;
      break;
    case 3: *v = c.cr3 | (rnd() & 0x18); break;
    case 4: *v = c.cr4 ^ (rnd() & rnd() & 0x39C); if (once(16)) *v |= 1u << (11 + below(20)); break;
    }
    break;
  /* No breakpoints: the monitors would meet them. */
  case 0x23: if (REG == 7) *v &= ~0x20FF; break;
  case 0x01: if (REG == 6 && !IS_MEMORY) *v |= 1; break;
  case 0x30: case 0x32: {
    /* Bochs has 64-bit registers here. */
    c.reg[edx] = 0;
    static const uint32_t numbers[] = {0x174, 0x175, 0x176, 0x174, 0x7654321, 0xC0000000};
    c.reg[ecx] = numbers[below(6)];
    break;
  }
  }
}

static bool isPortAccess(void) {
  return !in.twoBytes && ((in.opcode >= 0xEC && in.opcode < 0xF0) || (in.opcode >= 0x6C && in.opcode < 0x70));
}

static void drawOperand(void) {
  if (in.twoBytes && in.opcode >= 0x20 && in.opcode < 0x24) { drawSystemOperand(); return; }
  if (!IS_MEMORY) {
    if (loadsSelector()) c.reg[RM] = rnd() << 16 | selector();
    drawSystemOperand();
    return;
  }
  int segment = segmentOfOperand(), width = in.operand16 ? 16 : 32;
  bool offsetInRegister = in.twoBytes && (in.opcode & 0xE7) == 0xA3;
  if (offsetInRegister) c.reg[REG] = below(4096) - 2048;
  uint32_t at = aim(segment);
  if (in.twoBytes && in.opcode == 1 && (REG == 2 || REG == 3)) {
    bool isVectors = REG == 3 && c.mode == real;
    place(segment, at, 16, REG == 2 ? 0x7FF : isVectors ? 0x3FF : 0x1FF);
    place(segment, at + 2, 32, (REG == 2 ? GDT : isVectors ? 0 : IDT) | (in.operand16 ? rnd() << 24 : 0));
    return;
  }
  uint16_t s = readsFarPointer() && (in.opcode == 0xFF) ? codeSelector() : selector();
  if (loadsSelector()) place(segment, at, 16, s);
  else if (in.twoBytes && in.opcode == 1 && REG == 6) place(segment, at, 16, rnd() | 1);
  else if (readsFarPointer() && once(2)) place(segment, at, 32, landing(s));
  else place(segment, at, 32, value(32));
  if (readsFarPointer()) place(segment, at + width / 8, 16, s);
  else place(segment, at + 4, 32, rnd());
}

static void drawRegisters(void) {
  for (int i = 0; i < 8; i++) switch (below(6)) {
  case 0: c.reg[i] = DATA + below(0x1000); break;
  case 1: c.reg[i] = once(2) ? below(64) : below(0x1000); break;
  case 2: c.reg[i] = rnd(); break;
  default: c.reg[i] = value(32);
  }
  if (isString() && in.repeated) c.reg[ecx] = below(6) | (in.address16 ? rnd() << 16 : 0);
  if (isPortAccess()) c.reg[edx] = rnd() << 16 | (0x300 + below(0x1C));
  uint32_t bottom = c.segment[ss].bottom, top = c.segment[ss].top;
  if (top == 0xFFFFFFFF && !bottom) c.reg[esp] = STACK + (once(4) ? 0xFE0 + below(64) : 0x400 + below(0x800));
  else if (c.mode == protected) {
    /* The frame of an IRET within ring 0 needs room. */
    uint32_t low = bottom + (c.ring ? 0 : 16), limit = top > bottom + 0x1000 ? bottom + 0xF00 : top + 1;
    c.reg[esp] = once(6) ? low + below(16) : once(6) ? limit - below(16) : low + below(limit - low + 1);
    if (once(2)) c.reg[esp] &= ~3;
  } else {
    c.reg[esp] = once(4) ? 6 + below(32) : once(8) ? 0 : 0x400 + below(0x800);
    if (c.mode == virtual && once(8)) c.reg[esp] = below(8);
  }
  if (once(2)) c.reg[ebp] = c.reg[esp] + below(64);
}

static void drawCode(void) {
  c.length = 0;
  memset(&in, 0, sizeof in);
  drawPrefixes(c.is32);
  in.twoBytes = once(3);
  do {
    in.opcode = rnd();
    in.hasModRM = takesModRM(in.twoBytes, in.opcode);
    in.modrm = once(3) ? rnd() | 0xC0 : rnd();
  } while (!isComparable());
  if (in.twoBytes) code(1, 0x0F);
  code(1, in.opcode);
  if (in.hasModRM) code(1, in.modrm);
}

static void drawTail(void) {
  int operand = in.operand16 ? 16 : 32;
  uint16_t s = codeSelector();
  uint8_t count = once(2) ? below(34) : rnd();
  bool isDouble = in.twoBytes && (in.opcode & 0xF6) == 0xA4;
  if (isDouble && in.operand16) {
    /* By more than the width it has no defined result. */
    count &= 15;
    c.reg[ecx] &= ~0x10;
  }
  c.undefined = undefinedFlags(isDouble && in.opcode & 1 ? c.reg[ecx] : count);
  if (in.twoBytes) {
    if (isDouble && !(in.opcode & 1)) code(1, count); else immediate(32, rnd());
    immediate(32, rnd());
    return;
  }
  switch (in.opcode) {
  case 0xA0 ... 0xA3: immediate(in.address16 ? 16 : 32, target(in.segment >= 0 ? in.segment : ds)); break;
  case 0x9A: case 0xEA:
    immediate(operand, once(3) ? value(operand) : landing(s));
    immediate(16, s);
    break;
  case 0xC0: case 0xC1: code(1, count); break;
  case 0xC8: immediate(16, once(2) ? below(64) : below(0x900)); immediate(8, once(4) ? rnd() : below(4)); break;
  case 0xCD: code(1, once(2) ? 0x20 + below(0x20) : rnd()); break;
  case 0xE4 ... 0xE7: code(1, 0xE0 + below(5)); break;
  default: immediate(32, value(operand)); immediate(32, rnd());
  }
}

static void drawStrings(void) {
  if (!isString() && (in.twoBytes || in.opcode != 0xD7)) return;
  int source = in.segment >= 0 ? in.segment : ds;
  uint32_t high = in.address16 ? rnd() << 16 : 0, mask = in.address16 ? 0xFFFF : ~0u;
  if (!isString()) { c.reg[ebx] = high + (target(source) & mask); return; }
  c.reg[esi] = high + (target(source) & mask);
  c.reg[edi] = high + (target(es) & mask);
  uint32_t common = once(2) ? c.reg[eax] : value(32);
  if (once(2)) for (int i = -8; i < 12; i += 4) {
    place(source, (c.reg[esi] & mask) + i, 32, common);
    place(es, (c.reg[edi] & mask) + i, 32, common);
  }
}

static void drawStack(void) {
  bool takesFlags = !in.twoBytes && (in.opcode == 0x9D || in.opcode == 0xCF);
  uint32_t top = c.reg[esp];
  if (c.mode != protected || c.segment[ss].top <= 0xFFFF) top &= 0xFFFF;
  if (IS_MEMORY && once(2)) return;
  for (int i = 0; i < 10; i++) place(ss, top + 4 * i, 32, stackWord(takesFlags));
  if (in.twoBytes || ((in.opcode & 0xFE) != 0xCA && in.opcode != 0xCF)) return;
  /* A frame that mostly works. */
  if (once(3)) return;
  int step = in.operand16 ? 2 : 4, at = 0, width = step * 8;
  uint16_t s = codeSelector();
  place(ss, top + at++ * step, width, landing(s));
  place(ss, top + at++ * step, width, s);
  if (in.opcode == 0xCF) {
    uint32_t flags = rnd() & ~0x00180000;
    if (!once(6)) flags &= ~VM;
    place(ss, top + at++ * step, width, flags);
  }
  if (once(2)) return;
  uint32_t ring = s & 3;
  place(ss, top + at++ * step, width, 0x400 + below(0x400) + (in.operand16 || once(2) ? 0 : STACK));
  place(ss, top + at++ * step, width, once(4) ? stackSelector() : RINGS + (ring << 5) + 0x10 + (below(2) << 3) + ring);
}

static void drawControl(void) {
  c.cr0 = 0x11;
  if (once(3)) c.cr0 |= rnd() & 0x2E;
  else c.cr0 |= 0x20;
  if (once(2)) c.cr0 |= 0x50000 & rnd();
  c.noExecute = c.pae && once(2);
  c.cr4 = (rnd() & 0x88) | (once(2) ? 0x10 : 0) | (once(4) ? rnd() & 0x30C : 0);
  if (c.pae) c.cr4 |= 0x20;
  if (c.paging) c.cr0 |= 0x80000000;
  if (c.mode == real) c.cr0 &= ~0x80000001;
  c.cr3 = c.pae ? PDPT : PD;
}

static void draw(void) {
  state = (SEED * 0x9E3779B97F4A7C15ULL) ^ (number + 1) * 0xD1B54A32D192ED03ULL;
  for (int i = 0; i < 4; i++) rnd();
  memset(&c, 0, sizeof c);
  uint32_t kind = below(10);
  c.mode = kind < 2 ? real : kind < 4 ? virtual : protected;
  c.ring = c.mode == real ? 0 : c.mode == virtual ? 3 : once(2) ? 0 : once(2) ? 3 : below(4);
  c.is32 = c.mode == protected && !once(3);
  c.paging = c.mode != real && once(2);
  c.pae = c.paging && once(2);
  drawControl();
  c.eip = once(4) ? 0xFF0 + below(16) : once(6) && c.mode != protected ? 0xFFF0 + below(16) : below(0x700);
  fill(CODE, 2 * PAGE, 0xCCCCCCCC);
  fill(CODE + 0xF000, PAGE, 0xCCCCCCCC);
  /* Where a 16-bit gate into a flat segment leads. */
  fill(LANDING, PAGE - LANDING, 0xCCCCCCCC);
  for (uint32_t i = 0; i < PAGE; i += 256) { fill(DATA + i, 256, rnd()); fill(STACK + i, 256, rnd()); }
  fill(LOW, 2 * PAGE, 0x12345678);
  fill(DATA + PAGE, PAGE, 0x9ABCDEF0);
  fill(STACK + PAGE, PAGE, 0x0FEDCBA9);
  prepareTables();
  prepareTasks();
  drawSegments();
  drawCode();
  drawRegisters();
  if (in.hasModRM) drawOperand(); else drawSystemOperand();
  drawStrings();
  drawTail();
  bool isFlat = c.segment[ss].top == 0xFFFFFFFF && !c.segment[ss].bottom;
  /* The frame of the IRET that enters needs memory. */
  if (c.mode == protected && !c.ring && isFlat && c.reg[esp] - STACK > 2 * PAGE) c.reg[esp] = STACK + 0x800;
  drawStack();
  if (c.paging) preparePages();
  c.flags = 2 | TF | (rnd() & (ARITHMETIC | IF)) | (once(8) ? DF : 0) | (rnd() & 0x3000 & (once(2) ? ~0 : 0));
  if (once(8)) c.flags |= AC;
  if (once(8)) c.flags |= NT;
  if (once(16)) c.flags |= RF;
  if (c.mode == virtual) c.flags |= VM;
  if (c.mode == real) c.flags &= 0xFFFF;
  uint32_t at = c.segment[cs].base + c.eip;
  for (int i = 0; i < c.length; i++)
    if (c.mode == protected) put8(at + i, c.code[i]); else put8(c.segment[cs].base + ((c.eip + i) & 0xFFFF), c.code[i]);
}

// MARK: Entering

static void loadModelRegisters(void) {
  uint32_t values[] = {once(4) ? 0 : RINGS, STACK + 0x700, CODE + LANDING};
  for (int i = 0; i < 3; i++)
    __asm__ volatile("wrmsr" :: "c"(0x174 + i), "a"(values[i]), "d"(0));
  if (c.noExecute) __asm__ volatile("wrmsr" :: "c"(0xC0000080), "a"(0x800), "d"(0));
}

static void loadFloatingPoint(void) {
  uint16_t control = once(3) ? 0x40 | (rnd() & 0xF3F) : 0x37F;
  if ((control & 0x300) == 0x100) control |= 0x200;
  /* Empty registers keep what they had. */
  __asm__ volatile("fninit; fldz; fldz; fldz; fldz; fldz; fldz; fldz; fldz; fninit");
  for (uint32_t i = below(9); i; i--) {
    uint64_t v = (uint64_t)rnd() << 32 | rnd();
    if (once(2)) v = (int64_t)(int32_t)value(32);
    if (once(4)) __asm__ volatile("fldl %0" :: "m"(v)); else __asm__ volatile("fildll %0" :: "m"(v));
  }
  __asm__ volatile("fnclex; fldcw %0" :: "m"(control));
}

static void show(void) {
  print(number, 8);
  out(0xE9, ' ');
  out(0xE9, "rpv"[c.mode]); print(c.ring, 1); out(0xE9, c.is32 ? 'w' : 'n');
  out(0xE9, !c.paging ? '-' : c.noExecute ? 'x' : c.pae ? 'a' : 'l');
  out(0xE9, ' ');
  for (int i = 0; i < 15 && i < c.length; i++) print(c.code[i], 2);
}

#ifdef VERBOSE
static void dump(const char *name, uint32_t at, uint32_t bytes) {
  while (*name) out(0xE9, *name++);
  for (uint32_t i = 0; i < bytes; i += 4) {
    if (i % 32 == 0) { out(0xE9, '\n'); print(at + i, 8); out(0xE9, ':'); }
    field(get32(at + i), 8);
  }
  out(0xE9, '\n');
}
static void showBefore(void) {
  field(c.eip, 8); field(c.flags, 8);
  for (int i = 0; i < 8; i++) field(c.reg[i], 8);
  for (int i = 0; i < 6; i++) field(c.selector[i], 4);
  field(c.cr0, 8); field(c.cr4, 8); out(0xE9, '\n');
  dump("GDT", GDT, 0x100); dump("LDT", LDT, 0x40); dump("IDT", IDT, 0x200); dump("TSS", TSS, 0xD0);
  dump("TSS2", TSS2, 0x68); dump("TSS16", TSS16, 0x2C);
  uint32_t sp = c.segment[ss].base + (c.segment[ss].top <= 0xFFFF ? c.reg[esp] & 0xFFFF : c.reg[esp]);
  if (sp < BIG) dump("stack", sp, 0x40);
  if (c.pae) {
    dump("PDPT", PDPT, 32); dump("PD", PAEPD, 32); dump("code", PAEPT + 0x80, 16);
    dump("data", PAEPT + 0x100, 16); dump("stack", PAEPT + 0x180, 16); dump("low", PAEPT, 0x50);
  } else if (c.paging) {
    dump("PD", PD, 8); dump("code", PT + 0x40, 8); dump("data", PT + 0x80, 8); dump("stack", PT + 0xC0, 8);
    dump("low", PT, 0x28);
  }
}
#endif

_Noreturn static void enter(void) {
  draw();
  entry.eip = c.eip; entry.cs = c.selector[cs]; entry.flags = c.flags;
  entry.esp = c.reg[esp]; entry.ss = c.selector[ss];
  entry.es = c.selector[es]; entry.ds = c.selector[ds]; entry.fs = c.selector[fs]; entry.gs = c.selector[gs];
  for (int i = 0; i < 8; i++) entry.regs[i] = c.reg[7 - i];
  entry.outer = c.ring; entry.cr0 = c.cr0;
  uint32_t debug = 0;
  __asm__ volatile("mov %0, %%dr7" :: "r"(0x400));
  __asm__ volatile("mov %0, %%dr6" :: "r"(0xFFFF0FF0));
  for (int i = 0; i < 1; i++) __asm__ volatile("mov %0, %%dr0; mov %0, %%dr1; mov %0, %%dr2; mov %0, %%dr3" :: "r"(debug));
  __asm__ volatile("mov %0, %%cr2" :: "r"(0));
  loadModelRegisters();
  loadFloatingPoint();
#ifdef VERBOSE
  show(); showBefore();
#endif
  underWay = true;
  if (c.mode == real) {
    memcpy((void *)STUBS, vectorStubs, vectorStubsEnd - vectorStubs);
    for (int v = 0; v < 256; v++) put32(v * 4, 0x07000000 | (v < 32 ? v * 8 : 31 * 8));
    __asm__ volatile("mov %0, %%cr4" :: "r"(c.cr4 & ~0x80));
    enterReal();
  }
  const struct __attribute__((packed)) { uint16_t limit; uint32_t base; } gdtr = {0x7FF, GDT}, idtr = {0x1FF, IDT};
  __asm__ volatile("lgdt %0; lidt %1" :: "m"(gdtr), "m"(idtr));
  __asm__ volatile("mov %0, %%cr4" :: "r"(c.cr4 ^ 0x80));
  __asm__ volatile("mov %0, %%cr4" :: "r"(c.cr4));
  __asm__ volatile("mov %0, %%cr3" :: "r"(c.cr3));
  __asm__ volatile("pushl $2; popfl; lldt %w0; ltr %w1" :: "r"(LDTR), "r"(TR));
  if (c.mode == virtual) enterVirtual();
  enterProtected();
}

// MARK: Coming back

static void finish(void) {
  static const char word[] = "Shutdown";
  out(0xE9, 'E'); out(0xE9, '\n');
  for (const char *p = word; *p; p++) out(0x8900, *p);
  for (;;) __asm__ volatile("cli; hlt");
}

_Noreturn static void next(void) {
  underWay = false;
  if (++number >= FIRST + COUNT) finish();
  enter();
}

/* CR0 and CR4 as they are while the monitor works. */
static uint32_t settle(void) {
  uint32_t cr0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  __asm__ volatile("mov %0, %%cr0" :: "r"(0x11));
  __asm__ volatile("mov %0, %%dr7" :: "r"(0x400));
  return cr0;
}

static void showRest(uint32_t cr0, uint32_t vector) {
  uint32_t cr2, dr6;
  __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
  __asm__ volatile("mov %%dr6, %0" : "=r"(dr6));
  field(cr0, 8); field(vector == 14 ? cr2 : 0, 8); field(dr6, 8);
  uint32_t h = hash(0, GDT, 0x100);
  h = hash(h, LDT, 0x40);
  h = hash(h, IDT, 0x200);
  field(hash(h, TSS, 0x400), 8);
  field(hash(0, CODE, PAGE), 8);
  h = hash(0, DATA, PAGE + 0x100);
  h = hash(h, STACK, PAGE + 0x100);
  field(hash(h, LOW, PAGE + 0x100), 8);
  h = 0;
  if (c.pae) { h = hash(h, PDPT, 0x40); h = hash(h, PAEPD, 0x40); h = hash(h, PAEPT, 0x200); }
  else if (c.paging) { h = hash(h, PD, 0x40); h = hash(h, PT, 0x100); }
  field(h, 8);
  static uint8_t image[112];
  __asm__ volatile("fnsave %0" : "=m"(image));
  memset(image + 12, 0, 16);
  field(hash(0, (uint32_t)image, 108), 8);
#ifdef VERBOSE
  out(0xE9, '\n');
  dump("x87", (uint32_t)image, 108);
  dump("TSS", TSS, 0xD0); dump("TSS2", TSS2, 0x68); dump("TSS16", TSS16, 0x2C); dump("GDT", GDT, 0x100);
  if (c.paging) {
    dump("directories", c.pae ? PAEPD : PD, 0x20);
    dump("pages", c.pae ? PAEPT : PT, c.pae ? 0x1A0 : 0xD0);
  }
  dump("data", DATA, 0x1000); dump("stack", STACK, 0x1000); dump("low", LOW, 0x1000);
#endif
  out(0xE9, '\n');
  if (c.noExecute) __asm__ volatile("wrmsr" :: "c"(0xC0000080), "a"(0), "d"(0));
  __asm__ volatile("mov %0, %%cr4" :: "r"(0));
}

/* From a monitor task. */
_Noreturn void captured(uint32_t vector, uint32_t error) {
  uint32_t cr0 = settle(), link = get16(MONITORS + vector * 0x80);
  if (link == TR) put32(TSS + 0x24, get32(TSS + 0x24) & ~c.undefined);
  show();
  field(vector, 2); field(error, 4);
  field(get32(TSS + 0x20), 8); field(get32(TSS + 0x24), 8);
  for (int i = 0; i < 8; i++) field(get32(TSS + 0x28 + i * 4), 8);
  for (int i = 0; i < 6; i++) field(get32(TSS + 0x48 + i * 4) & 0xFFFF, 4);
  field(link, 4);
  showRest(cr0, vector);
  next();
}

/* From a stub in low memory. */
_Noreturn void capturedReal(void) {
  settle();
  const uint32_t *regs = (const uint32_t *)realFrame;
  const uint16_t *words = (const uint16_t *)(regs + 8);
  uint32_t stack = words[1] << 4;
  uint16_t frame[3];
  for (int i = 0; i < 3; i++) {
    uint16_t at = regs[4] + i * 2;
    if (i == 2) put8(stack + at, *(uint8_t *)(stack + at) & ~c.undefined);
    if (i == 2) put8(stack + (uint16_t)(at + 1), *(uint8_t *)(stack + (uint16_t)(at + 1)) & ~(c.undefined >> 8));
    frame[i] = *(uint8_t *)(stack + at) | *(uint8_t *)(stack + (uint16_t)(at + 1)) << 8;
  }
  show();
  field(words[5], 2); field(0, 4);
  field(frame[0], 8); field(frame[2], 8);
  for (int i = 0; i < 8; i++) field(regs[i], 8);
  field(words[0], 4); field(frame[1], 4); field(words[1], 4);
  for (int i = 2; i < 5; i++) field(words[i], 4);
  field(0, 4);
  showRest(regs[11], 0);
  next();
}

/* A local APIC would answer where there is nothing in a PC without one. */
static void disableAPIC(void) {
  uint32_t a, b, c, features;
  __asm__ volatile("cpuid" : "=a"(a), "=b"(b), "=c"(c), "=d"(features) : "a"(1));
  if (features & 1 << 9) __asm__ volatile("wrmsr" :: "c"(0x1B), "a"(0), "d"(0));
}

_Noreturn void main(void) {
  disableAPIC();
  if (started == 0x52494E47 && underWay) {
    show();
    field(0xFF, 2);
    out(0xE9, '\n');
    next();
  }
  started = 0x52494E47;
  number = FIRST;
  fill(0, 0x9F000, 0xCCCCCCCC);
  enter();
}
