/* The list of instruction forms: which operands each case of integer-vectors.c gets. */
#include "integer-vectors.h"
#include <string.h>

static int cases;
#define EACH_CASE for (int k = 0; k < cases; k++)
#define EACH_WIDTH(from) for (int w = from; w <= 32; w *= 2)
#define EACH_PLACE for (int memory = 0; memory < 2; memory++)

static const char *place(bool memory) { return memory ? "m" : "r"; }
/* Opcodes come in pairs: 8 bits, then 16 or 32. */
static int wide(int width) { return width != 8; }
static void lock(bool memory) { if (memory && once(12)) code(1, 0xF0); }

static const char *const arithmetic[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};

static void listArithmetic(void) {
  for (int op = 0; op < 8; op++) {
    uint32_t undefined = op == 1 || op == 4 || op == 6 ? AF : 0;
    EACH_WIDTH(8) {
      EACH_PLACE if (group("%s%d %s,r", arithmetic[op], w, place(memory))) EACH_CASE {
        begin(w); lock(memory && op != 7); code(1, op << 3 | wide(w)); c.undefined = undefined;
        modrm(pick(w), memory, w, value(w)); execute();
      }
      EACH_PLACE if (group("%s%d r,%s", arithmetic[op], w, place(memory))) EACH_CASE {
        begin(w); code(1, op << 3 | 2 | wide(w)); c.undefined = undefined;
        modrm(pick(w), memory, w, value(w)); execute();
      }
      if (group("%s%d a,i", arithmetic[op], w)) EACH_CASE {
        begin(w); code(1, op << 3 | 4 | wide(w)); c.undefined = undefined;
        setPart(eax, w, value(w)); immediate(w, value(w)); execute();
      }
      EACH_PLACE if (group("%s%d %s,i", arithmetic[op], w, place(memory))) EACH_CASE {
        begin(w); lock(memory && op != 7); c.undefined = undefined;
        bool alias = w == 8 && once(4);
        code(1, alias ? 0x82 : 0x80 | wide(w));
        modrm(op, memory, w, value(w)); immediate(w, value(w)); execute();
      }
      if (w > 8) EACH_PLACE if (group("%s%d %s,i8", arithmetic[op], w, place(memory))) EACH_CASE {
        begin(w); lock(memory && op != 7); code(1, 0x83); c.undefined = undefined;
        modrm(op, memory, w, value(w)); immediate(8, value(8)); execute();
      }
    }
  }
  EACH_WIDTH(8) {
    EACH_PLACE if (group("test%d %s,r", w, place(memory))) EACH_CASE {
      begin(w); code(1, 0x84 | wide(w)); c.undefined = AF;
      modrm(pick(w), memory, w, value(w)); execute();
    }
    if (group("test%d a,i", w)) EACH_CASE {
      begin(w); code(1, 0xA8 | wide(w)); c.undefined = AF;
      setPart(eax, w, value(w)); immediate(w, value(w)); execute();
    }
    EACH_PLACE if (group("test%d %s,i", w, place(memory))) EACH_CASE {
      begin(w); code(1, 0xF6 | wide(w)); c.undefined = AF;
      modrm(once(4), memory, w, value(w)); immediate(w, value(w)); execute();
    }
    static const char *const unary[] = {"inc", "dec", "not", "neg"};
    for (int op = 0; op < 4; op++)
      EACH_PLACE if (group("%s%d %s", unary[op], w, place(memory))) EACH_CASE {
        begin(w); lock(memory); code(1, (op < 2 ? 0xFE : 0xF6) | wide(w));
        modrm(op, memory, w, value(w)); execute();
      }
    if (w > 8) for (int op = 0; op < 2; op++) if (group("%s%d short", unary[op], w)) EACH_CASE {
      begin(w); code(1, 0x40 | op << 3 | pick(w)); execute();
    }
  }
}

static uint64_t extended(int width, uint32_t v) {
  return width == 32 ? (uint64_t)(int32_t)v : width == 16 ? (uint64_t)(int16_t)v : (uint64_t)(int8_t)v;
}

static void setDividend(int width, uint64_t v) {
  if (width == 8) setPart(eax, 16, v);
  else { setPart(eax, width, v); setPart(edx, width, v >> width); }
}

static void listMultiplication(void) {
  EACH_WIDTH(8) {
    for (int op = 4; op < 6; op++) EACH_PLACE
      if (group("%s%d %s", op == 4 ? "mul" : "imul", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0xF6 | wide(w)); c.undefined = SF | ZF | AF | PF;
        setPart(eax, w, value(w)); modrm(op, memory, w, value(w)); execute();
      }
    for (int op = 6; op < 8; op++) EACH_PLACE
      if (group("%s%d %s", op == 6 ? "div" : "idiv", w, place(memory)))
        for (int k = 0; k < cases * 2; k++) {
          begin(w); code(1, 0xF6 | wide(w)); c.undefined = ARITHMETIC;
          uint32_t divisor = value(w), quotient = value(w);
          uint64_t dividend;
          if (op == 6) {
            dividend = (uint64_t)quotient * divisor + (divisor ? below(divisor) : 0);
          } else {
            int64_t d = extended(w, divisor), q = extended(w, quotient), rest = 0;
            if (d) rest = below(d < 0 ? -d : d);
            dividend = q * d + ((q < 0) != (d < 0) ? -rest : rest);
          }
          if (once(6)) dividend = (uint64_t)rnd() << 32 | rnd();
          setDividend(w, dividend);
          modrm(op, memory, w, divisor); execute();
        }
    if (w == 8) continue;
    EACH_PLACE {
      if (group("imul%d r,%s", w, place(memory))) EACH_CASE {
        begin(w); code(2, 0x0F, 0xAF); c.undefined = SF | ZF | AF | PF;
        modrm(pick(w), memory, w, value(w)); execute();
      }
      if (group("imul%d r,%s,i", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0x69); c.undefined = SF | ZF | AF | PF;
        modrm(below(8), memory, w, value(w)); immediate(w, value(w)); execute();
      }
      if (group("imul%d r,%s,i8", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0x6B); c.undefined = SF | ZF | AF | PF;
        modrm(below(8), memory, w, value(w)); immediate(8, value(8)); execute();
      }
    }
  }
}

static int shiftCount(int width) {
  static const int edges[] = {0, 1, 31, 32, 33, 7, 8, 9, 15, 16, 17, 18};
  return once(2) ? edges[below(12)] : once(4) ? below(256) : below(width);
}

static uint32_t undefinedByShift(int op, int width, int count) {
  count &= 31;
  if (!count) return 0;
  uint32_t undefined = count != 1 ? OF : 0;
  if (op >= 4) undefined |= AF;
  if (op >= 4 && op != 7 && count >= width) undefined |= CF;
  return undefined;
}

static void listShifts(void) {
  static const char *const shifts[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", "sal", "sar"};
  for (int op = 0; op < 8; op++) EACH_WIDTH(8) EACH_PLACE {
    if (group("%s%d %s,1", shifts[op], w, place(memory))) EACH_CASE {
      begin(w); code(1, 0xD0 | wide(w)); c.undefined = undefinedByShift(op, w, 1);
      modrm(op, memory, w, value(w)); execute();
    }
    if (group("%s%d %s,i", shifts[op], w, place(memory))) EACH_CASE {
      int count = shiftCount(w);
      begin(w); code(1, 0xC0 | wide(w)); c.undefined = undefinedByShift(op, w, count);
      modrm(op, memory, w, value(w)); immediate(8, count); execute();
    }
    if (group("%s%d %s,cl", shifts[op], w, place(memory))) EACH_CASE {
      int count = shiftCount(w);
      begin(w); code(1, 0xD2 | wide(w)); c.undefined = undefinedByShift(op, w, count);
      setPart(ecx, 8, count); modrm(op, memory, w, value(w)); execute();
    }
  }
  for (int right = 0; right < 2; right++) EACH_WIDTH(16) EACH_PLACE
    for (int byCL = 0; byCL < 2; byCL++)
      if (group("sh%cd%d %s,%s", right ? 'r' : 'l', w, place(memory), byCL ? "cl" : "i")) EACH_CASE {
        int count;
        do count = shiftCount(w); while ((count & 31) > w);
        begin(w); code(2, 0x0F, 0xA4 | right << 3 | byCL);
        c.undefined = count & 31 ? AF | ((count & 31) != 1 ? OF : 0) : 0;
        if (byCL) setPart(ecx, 8, count);
        modrm(pick(w), memory, w, value(w));
        if (!byCL) immediate(8, count);
        execute();
      }
}

static void listBits(void) {
  static const char *const tests[] = {"bt", "bts", "btr", "btc"};
  for (int op = 0; op < 4; op++) EACH_WIDTH(16) EACH_PLACE {
    if (group("%s%d %s,r", tests[op], w, place(memory))) EACH_CASE {
      begin(w); lock(memory && op); code(2, 0x0F, 0xA3 | op << 3);
      c.undefined = OF | SF | AF | PF;
      int bit = once(4) ? value(w) : below(w);
      if (memory) bit = (int)below(4096) - 2048;
      int reg = below(8);
      if (memory && reg == esp) reg = edx;
      setPart(reg, w, bit);
      if (memory && (bit < 0 || bit >= w)) {
        /* The byte that the offset reaches, a few KB around the operand. */
        int base = (reg + 1) % 8 == esp ? ebp : (reg + 1) % 8;
        uint32_t at = DATA + 0x400 + below(0x800);
        set(base, at);
        code(1, 0x80 | reg << 3 | base);
        immediate(32, 0);
        poke(at + (bit >> (w == 16 ? 4 : 5)) * (w / 8), w, value(w));
      } else {
        modrm(reg, memory, w, value(w));
      }
      execute();
    }
    if (group("%s%d %s,i", tests[op], w, place(memory))) EACH_CASE {
      begin(w); lock(memory && op); code(2, 0x0F, 0xBA); c.undefined = OF | SF | AF | PF;
      modrm(4 | op, memory, w, value(w)); immediate(8, value(8)); execute();
    }
  }
  for (int reverse = 0; reverse < 2; reverse++) EACH_WIDTH(16) EACH_PLACE
    if (group("bs%c%d r,%s", reverse ? 'r' : 'f', w, place(memory))) EACH_CASE {
      begin(w); code(2, 0x0F, 0xBC | reverse); c.undefined = CF | OF | SF | AF | PF;
      modrm(pick(w), memory, w, once(4) ? 0 : once(3) ? 1u << below(w) : value(w)); execute();
    }
  for (int condition = 0; condition < 16; condition++) {
    EACH_PLACE if (group("set%x %s", condition, place(memory))) EACH_CASE {
      begin(8); code(2, 0x0F, 0x90 | condition); modrm(below(8), memory, 8, value(8)); execute();
    }
    EACH_WIDTH(16) EACH_PLACE if (group("cmov%x %d r,%s", condition, w, place(memory)))
      for (int k = 0; k < cases / 2; k++) {
        begin(w); code(2, 0x0F, 0x40 | condition);
        modrm(pick(w), memory, w, value(w)); execute();
      }
  }
}

static void listExchanges(void) {
  if (group("bswap")) EACH_CASE { begin(32); code(2, 0x0F, 0xC8 | pick(32)); execute(); }
  EACH_WIDTH(8) EACH_PLACE {
    if (group("xchg%d %s,r", w, place(memory))) EACH_CASE {
      begin(w); lock(memory); code(1, 0x86 | wide(w));
      modrm(pick(w), memory, w, value(w)); execute();
    }
    if (group("xadd%d %s,r", w, place(memory))) EACH_CASE {
      begin(w); lock(memory); code(2, 0x0F, 0xC0 | wide(w));
      modrm(pick(w), memory, w, value(w)); execute();
    }
    if (group("cmpxchg%d %s,r", w, place(memory))) EACH_CASE {
      begin(w); lock(memory); code(2, 0x0F, 0xB0 | wide(w));
      uint32_t accumulator = value(w);
      setPart(eax, w, accumulator);
      modrm(below(8), memory, w, once(2) ? accumulator : value(w)); execute();
    }
  }
  if (group("cmpxchg8b")) for (int k = 0; k < cases * 2; k++) {
    begin(32); lock(true); code(2, 0x0F, 0xC7);
    uint32_t low = value(32), high = value(32);
    bool same = once(2);
    set(eax, low); set(edx, high); set(ebx, value(32)); set(ecx, value(32));
    uint32_t at = modrm(1, true, 32, same ? low : value(32));
    poke(at + 4, 32, same || once(2) ? high : value(32));
    execute();
  }
  EACH_WIDTH(16) if (group("xchg%d short", w)) EACH_CASE {
    begin(w); setPart(eax, w, value(w)); code(1, 0x90 | below(8)); execute();
  }
}

static void listDecimals(void) {
  static const struct { const char *name; uint8_t opcode; uint32_t undefined; } list[] = {
    {"daa", 0x27, OF}, {"das", 0x2F, OF},
    {"aaa", 0x37, OF | SF | ZF | PF}, {"aas", 0x3F, OF | SF | ZF | PF},
  };
  for (int i = 0; i < 4; i++) if (group(list[i].name)) for (int k = 0; k < cases * 4; k++) {
    begin(32); code(1, list[i].opcode); c.undefined = list[i].undefined;
    setPart(eax, 16, once(2) ? value(16) : below(10) << 8 | below(16) << 4 | below(16)); execute();
  }
  for (int i = 0; i < 2; i++) if (group(i ? "aad" : "aam")) for (int k = 0; k < cases * 3; k++) {
    begin(32); code(1, 0xD4 | i); c.undefined = OF | AF | CF;
    setPart(eax, 16, once(2) ? value(16) : below(10) << 8 | below(10));
    immediate(8, once(2) ? 10 : once(4) ? 0 : value(8)); execute();
  }
}

static void listMoves(void) {
  EACH_WIDTH(8) {
    EACH_PLACE {
      if (group("mov%d %s,r", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0x88 | wide(w)); modrm(pick(w), memory, w, value(w)); execute();
      }
      if (group("mov%d r,%s", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0x8A | wide(w)); modrm(below(8), memory, w, value(w)); execute();
      }
      if (group("mov%d %s,i", w, place(memory))) EACH_CASE {
        begin(w); code(1, 0xC6 | wide(w));
        modrm(0, memory, w, value(w)); immediate(w, value(w)); execute();
      }
    }
    if (group("mov%d short", w)) EACH_CASE {
      begin(w); code(1, 0xB0 | wide(w) << 3 | below(8)); immediate(w, value(w)); execute();
    }
    for (int store = 0; store < 2; store++) if (group("mov%d moffs%s", w, store ? ",a" : ""))
      for (int k = 0; k < cases / 2; k++) {
        begin(w);
        bool low = once(3);
        uint32_t at = (low ? LOW : DATA) + below(0xF00);
        if (low) code(1, 0x67);
        code(1, 0xA0 | store << 1 | wide(w)); setPart(eax, w, value(w));
        immediate(low ? 16 : 32, at); poke(at, w, value(w)); execute();
      }
  }
  for (int sign = 0; sign < 2; sign++) EACH_PLACE {
    const char *name = sign ? "movsx" : "movzx";
    EACH_WIDTH(16) if (group("%s%d r,%s8", name, w, place(memory))) EACH_CASE {
      begin(w); code(2, 0x0F, 0xB6 | sign << 3); modrm(below(8), memory, 8, value(8)); execute();
    }
    EACH_WIDTH(16) if (group("%s%d r,%s16", name, w, place(memory))) EACH_CASE {
      begin(w); code(2, 0x0F, 0xB7 | sign << 3); modrm(below(8), memory, 16, value(16)); execute();
    }
  }
  EACH_WIDTH(16) if (group("lea%d", w)) for (int k = 0; k < cases * 6; k++) {
    begin(w); code(1, 0x8D);
    if (once(2)) address(below(8), w);
    else {
      /* Any form, wherever it points. */
      int mod = below(3), rm = below(8);
      for (int i = 0; i < 8; i++) if (i != esp && once(3)) set(i, value(32));
      code(1, mod << 6 | below(8) << 3 | rm);
      int sib = rm == 4 ? below(256) : 0;
      if (rm == 4) code(1, sib);
      if (mod == 1) immediate(8, value(8));
      if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5)))) immediate(32, value(32));
    }
    execute();
  }
  if (group("xlat")) EACH_CASE {
    begin(32);
    bool low = once(3);
    uint32_t base = (low ? LOW : DATA) + below(0xE00), index = below(256);
    set(ebx, (low ? rnd() << 16 : 0) | base); setPart(eax, 8, index); poke(base + index, 8, value(8));
    if (low) code(1, 0x67);
    code(1, 0xD7); execute();
  }
  static const struct { const char *name; uint8_t opcode; int width; } plain[] = {
    {"cbw", 0x98, 16}, {"cwde", 0x98, 32}, {"cwd", 0x99, 16}, {"cdq", 0x99, 32},
    {"lahf", 0x9F, 32}, {"sahf", 0x9E, 32}, {"salc", 0xD6, 32}, {"cmc", 0xF5, 32},
    {"clc", 0xF8, 32}, {"stc", 0xF9, 32}, {"cld", 0xFC, 32}, {"std", 0xFD, 32},
  };
  for (unsigned i = 0; i < sizeof plain / sizeof *plain; i++) if (group(plain[i].name)) EACH_CASE {
    begin(plain[i].width); set(eax, once(2) ? value(32) : rnd()); code(1, plain[i].opcode);
    execute();
  }
  if (group("nop")) EACH_CASE {
    begin(once(2) ? 16 : 32);
    if (once(2)) code(1, 0x90);
    else { code(2, 0x0F, 0x1F); modrm(0, once(2), 32, value(32)); }
    execute();
  }
}

void listFlow(int count);
void listSegments(int count);

void listForms(int count) {
  cases = count;
  listArithmetic();
  listMultiplication();
  listShifts();
  listBits();
  listExchanges();
  listDecimals();
  listMoves();
  listFlow(count);
  listSegments(count);
}
