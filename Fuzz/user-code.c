/* Random instructions of a user program: `listForms` for integer-vectors.c, which executes them on
 * the processor it runs on and prints what they did. Fuzz/run compiles it with two files of
 * Tests/Generators:
 *
 *   gcc -m32 -O1 -static -no-pie -ITests/Generators -o user-code Fuzz/user-code.c \
 *     Tests/Generators/integer-vectors.c Tests/Generators/integer-segments.c
 *   ./user-code SEED CASES > user-code.txt
 *
 * Bytes come first: prefixes, an opcode, ModR/M and a tail, all random. Then registers, displacement
 * and memory are bent so that most operands lie where there is memory, and the rest at the edges of
 * segments. What is left out, and why, is in `isComparable`. */
#include "integer-vectors.h"
#include "instruction.h"
#include <string.h>

/* The segments that integer-segments.c puts into the LDT, by index. */
enum { small, readOnly, downBig, downSmall, codeOnly, codeReadable, stack16, code16, absent, absentCode,
       absentConforming, page, wrapping };
static uint16_t local(int index) { return index << 3 | 7; }

/* What the host would do otherwise than an i686 without MMX, or what nobody defines. */
static bool isComparable(void) {
  uint8_t op = in.opcode;
  if (!in.twoBytes) {
    /* A two-byte opcode is drawn as such; x87 instructions have programs of their own. */
    if (op == 0x0F || (op & 0xF8) == 0xD8) return false;
    /* XOP, VEX and EVEX; INT has to be drawn with a vector that is no system call; ICEBP is stepping. */
    if ((op == 0xC4 || op == 0xC5 || op == 0x62) && in.modrm >= 0xC0) return false;
    if (op == 0x8F && REG != 0) return false;
    /* A processor of AMD lets a REP prefix turn LOOPE and LOOPNE round. */
    if ((op == 0xE0 || op == 0xE1) && in.repeated) return false;
    return op != 0xF1;
  }
  switch (op) {
  /* SLDT, STR, SGDT, SIDT, SMSW tell of the host; some encodings are later instructions. */
  case 0x00: return REG >= 2 && REG < 6;
  case 0x01: return IS_MEMORY && (REG == 2 || REG == 3 || REG == 6 || REG == 7);
  /* System calls, 3DNow!, SSE, MMX, RDTSC, RDPMC, the host gate, RDRAND and the like. */
  case 0x02: case 0x03: case 0x06: case 0x08: case 0x0A: case 0x0B: case 0x18 ... 0x1F:
  case 0x30: case 0x32: case 0x40 ... 0x4F: case 0x80 ... 0x9F: case 0xA0: case 0xA1:
  case 0xA3 ... 0xA5: case 0xA8: case 0xA9: case 0xAB ... 0xAD: case 0xAF ... 0xB7: case 0xB9 ... 0xBB:
  case 0xBE ... 0xC1: return true;
  case 0xBC: case 0xBD: return !in.repeated; /* TZCNT, LZCNT */
  case 0xC7: return REG == 1;
  case 0xC8 ... 0xCF: return !in.operand16; /* undefined */
  /* AMD's LOCK MOV CR0 is MOV CR8. */
  case 0x20 ... 0x23: return REG != 1 && REG < 4 && !in.locked;
  default: return false;
  }
}

/* The GDT is Linux's: only what UserProgram.swift has as well may be named. */
static uint16_t named(uint16_t selector) {
  int index = selector >> 3;
  return !(selector & 4) && index >= 6 && index < 16 && index != 12 ? selector | 4 : selector;
}
static uint16_t selector(void) {
  if (once(8)) return named(once(2) ? below(4) : rnd());
  if (once(6)) return (below(5) + 1) << 3 | below(4);
  if (once(6)) return 0x63;
  return below(16) << 3 | 4 | (once(3) ? below(4) : 3);
}

static uint32_t edge(void) {
  static const uint32_t edges[] = {0, 0x7FF, 0x800, 0xFFB, 0xFFF, 0x1000, 0xFFFF, 0x10000, ~0u};
  return edges[below(9)] + below(10) - 5;
}

static uint32_t baseOf(uint16_t selector) {
  if (!(selector & 4)) return 0;
  switch (selector >> 3) {
  case codeOnly: case codeReadable: case code16: case absentCode: case absentConforming: return CODE;
  case stack16: return STACK;
  case wrapping: return WRAP;
  default: return DATA;
  }
}

/* An offset in a segment that mostly exists. */
static uint32_t target(int segment) {
  if (!(c.selector[segment] & 4)) {
    uint32_t region = in.address16 ? LOW : segment == ss && once(2) ? STACK : DATA;
    return region + 0x80 + below(0xF00);
  }
  if (c.selector[segment] == local(downBig) || c.selector[segment] == local(downSmall))
    return once(4) ? edge() : 0x800 + below(0x800);
  return once(4) ? edge() : below(0xFF0);
}

static bool isMapped(uint32_t at) {
  uint32_t region = at & ~(REGION - 1);
  return region == LOW || region == DATA || region == STACK || region == (WRAP & ~(REGION - 1));
}
static void place(int segment, uint32_t offset, int width, uint32_t v) {
  uint32_t at = baseOf(c.selector[segment]) + offset;
  if (isMapped(at) && isMapped(at + 3)) poke(at, width, v);
}

static void drawSegments(void) {
  /* GS is the C library's, with a base of its own. */
  c.selector[gs] = 0x2B;
  static const uint8_t datas[] = {small, readOnly, downBig, downSmall, codeReadable, stack16, page,
    wrapping};
  static const uint8_t stacks[] = {small, downBig, downSmall, stack16, stack16, page, wrapping};
  static const int carriers[] = {es, ds, fs, gs};
  if (once(2))
    for (int i = 0; i < 4; i++) if (once(3))
      c.selector[carriers[i]] = once(8) ? 0 : local(datas[below(sizeof datas)]);
  if (once(3)) c.selector[ss] = local(stacks[below(sizeof stacks)]);
  switch (below(6)) {
  case 0: case 1: c.selector[cs] = local(code16); break;
  case 2: c.selector[cs] = local(once(2) ? codeOnly : codeReadable); break;
  }
  if (c.selector[cs] & 4) {
    c.eip = once(3) ? 0xFE8 + below(24) : below(0xE00);
    c.start = CODE + c.eip;
  }
}

static void drawRegisters(void) {
  for (int i = 0; i < 8; i++) switch (below(6)) {
  case 0: c.reg[i] = DATA + below(0x1000); break;
  case 1: c.reg[i] = once(2) ? below(64) : below(0x1000); break;
  case 2: c.reg[i] = rnd(); break;
  default: c.reg[i] = value(32);
  }
  if (isString() && in.repeated) c.reg[ecx] = below(6) | (in.address16 ? rnd() << 16 : 0);
  bool isWide = c.selector[ss] == 0x2B || c.selector[ss] == local(small)
    || c.selector[ss] == local(downBig) || c.selector[ss] == local(page);
  /* IRET looks further up on a 64-bit processor than it pops. */
  bool returns = !in.twoBytes && in.opcode == 0xCF;
  uint32_t offset = !returns && once(5) ? edge() : 0x840 + below(0x600);
  c.reg[esp] = c.selector[ss] == 0x2B ? STACK + 0x400 + below(0x800)
    : isWide ? offset : (offset & 0xFFFF) | rnd() << 16;
  c.reg[ebp] = once(2) ? c.reg[esp] + below(64) : c.reg[ebp];
}

static void drawOperand(void) {
  if (in.twoBytes && in.opcode >= 0x20 && in.opcode < 0x24) return;
  int width = in.operand16 ? 16 : 32;
  if (!IS_MEMORY) {
    if (loadsSelector()) c.reg[RM] = rnd() << 16 | selector();
    return;
  }
  int segment = segmentOfOperand();
  bool offsetInRegister = in.twoBytes && (in.opcode & 0xE7) == 0xA3;
  if (offsetInRegister && REG != esp) c.reg[REG] = below(4096) - 2048;
  uint32_t at = aim(segment);
  if (loadsSelector()) place(segment, at, 16, selector());
  else place(segment, at, 32, value(32));
  if (readsFarPointer()) place(segment, at + width / 8, 16, selector());
  else place(segment, at + 4, 32, once(3) ? value(32) : rnd());
}

static uint32_t stackWord(bool holdsFlags) {
  uint32_t v;
  switch (below(5)) {
  case 0: v = rnd() << 16 | selector(); break;
  case 1: v = selector() << 16 | selector(); break;
  case 2: v = CODE + below(0x1000); break;
  case 3: v = below(0xF00); break;
  default: v = value(32);
  }
  /* Flags without TF, which would disturb the stepping, RF and VM. */
  if (holdsFlags) v &= ~0x01030100;
  return (uint32_t)named(v >> 16) << 16 | named(v);
}

static bool draw(void) {
  memset(&in, 0, sizeof in);
  begin(32);
  if (once(12)) c.flags |= 1 << 18;
  drawSegments();
  drawPrefixes(c.selector[cs] != local(code16));
  in.twoBytes = once(3);
  do {
    in.opcode = rnd();
    in.hasModRM = takesModRM(in.twoBytes, in.opcode);
    in.modrm = once(3) ? rnd() | 0xC0 : rnd();
  } while (!isComparable());
  if (in.twoBytes) code(1, 0x0F);
  /* What looks like a prefix adds to those that were drawn: not here. */
  if (!in.twoBytes) switch (in.opcode) {
  case 0x26: case 0x2E: case 0x36: case 0x3E: case 0x64 ... 0x67: case 0xF0: case 0xF2: case 0xF3:
    return false;
  }
  code(1, in.opcode);
  if (in.hasModRM) code(1, in.modrm);
  drawRegisters();
  bool takesFlags = !in.twoBytes && (in.opcode == 0x9D || in.opcode == 0xCF);
  if (in.hasModRM) drawOperand();
  if (!in.twoBytes && (in.opcode == 0xF6 || in.opcode == 0xF7) && REG >= 6 && once(2)) {
    c.reg[edx] = once(2) ? 0 : once(2) ? ~0u : below(16);
    if (!(in.opcode & 1)) c.reg[eax] = below(0x800);
  }
  if (isString() || (!in.twoBytes && in.opcode == 0xD7)) {
    int source = in.segment >= 0 ? in.segment : ds;
    uint32_t high = in.address16 ? rnd() << 16 : 0;
    c.reg[in.opcode == 0xD7 ? ebx : esi] = high + target(source);
    if (isString()) c.reg[edi] = high + target(es);
    if (isString() && once(2)) {
      uint32_t common = once(2) ? c.reg[eax] : value(32);
      for (int i = -8; i < 12; i += 4) {
        place(source, (c.reg[esi] & (in.address16 ? 0xFFFF : ~0u)) + i, 32, common);
        place(es, (c.reg[edi] & (in.address16 ? 0xFFFF : ~0u)) + i, 32, common);
      }
    }
  }
  int operand = in.operand16 ? 16 : 32;
  uint8_t count = once(2) ? below(34) : rnd();
  if (!in.twoBytes && (in.opcode & 0xFC) == 0xA0)
    immediate(in.address16 ? 16 : 32, target(in.segment >= 0 ? in.segment : ds));
  else if (!in.twoBytes && (in.opcode == 0x9A || in.opcode == 0xEA)) {
    immediate(operand, once(3) ? 0xFF0 + below(32) : value(operand));
    immediate(16, selector());
  } else if (!in.twoBytes && in.opcode == 0xC8) {
    immediate(16, once(2) ? below(64) : below(0x900));
    immediate(8, once(4) ? rnd() : below(4));
  } else if (!in.twoBytes && in.opcode == 0xCD) {
    do count = rnd(); while (count == 0x80);
    code(1, count);
  } else if ((in.twoBytes && (in.opcode == 0xA4 || in.opcode == 0xAC))
    || (!in.twoBytes && (in.opcode & 0xFE) == 0xC0)) {
    code(1, count);
  } else if (!in.twoBytes && (in.opcode == 0x17 || in.opcode == 0x8E)) {
    /* After a load of SS one more instruction is executed: NOP. */
    immediate(32, 0x90909090);
  } else {
    immediate(32, value(operand));
    immediate(32, rnd());
  }
  /* A double shift by more than the width has no defined result. */
  if (in.twoBytes && (in.opcode & 0xF6) == 0xA4 && in.operand16) {
    uint32_t shift = in.opcode & 1 ? c.reg[ecx] : count;
    if ((shift & 31) > 16) return false;
  }
  if (in.twoBytes && (in.opcode & 0xF7) == 0xA5) count = c.reg[ecx];
  uint32_t top = c.reg[esp];
  if (c.selector[ss] & 4 && c.selector[ss] != local(small) && c.selector[ss] != local(downBig)
    && c.selector[ss] != local(page))
    top &= 0xFFFF;
  if (!IS_MEMORY || once(2))
    for (int i = 0; i < 8; i++) place(ss, top + 4 * i, 32, stackWord(takesFlags));
  if (c.length > (int)sizeof c.code) return false;
  c.undefined = undefinedFlags(count);
  c.repeats = isString() && in.repeated;
  c.shadows = !in.twoBytes && (in.opcode == 0x17 || (in.opcode == 0x8E && REG == ss));
  /* The instruction after it has to be there. */
  return !(c.shadows && c.selector[cs] & 4 && c.eip > 0xFE0);
}

void listForms(int count) {
  group("random");
  while (count) if (draw()) { execute(); count--; }
}
