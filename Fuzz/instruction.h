/* How the programs of the fuzzer put an instruction together: prefixes, ModR/M, and registers bent so
 * that a memory operand lies where its program wants it. What they share besides (the case `c`,
 * random numbers, `code` and `immediate`) has to be declared before this file is included. */

/* The instruction being put together. */
static struct {
  int prefixes;
  bool operand16, address16, locked, repeated;
  int segment;
  bool twoBytes;
  uint8_t opcode;
  bool hasModRM;
  uint8_t modrm;
} in;
#define REG (in.modrm >> 3 & 7)
#define RM (in.modrm & 7)
#define IS_MEMORY (in.hasModRM && in.modrm < 0xC0)

static bool takesModRM(bool twoBytes, uint8_t opcode) {
  if (!twoBytes)
    return (opcode < 0x40 && (opcode & 7) < 4) || opcode == 0x62 || opcode == 0x63 || opcode == 0x69
      || opcode == 0x6B || (opcode & 0xF0) == 0x80 || opcode == 0xC0 || opcode == 0xC1
      || (opcode >= 0xC4 && opcode <= 0xC7) || (opcode & 0xFC) == 0xD0 || (opcode & 0xF8) == 0xD8
      || (opcode & 0xFE) == 0xF6
      || opcode >= 0xFE;
  return opcode < 4 || (opcode & 0xF8) == 0x18 || (opcode & 0xFC) == 0x20 || (opcode & 0xF0) == 0x40
    || (opcode & 0xF0) == 0x90 || (opcode >= 0xA3 && opcode <= 0xA5)
    || (opcode >= 0xAB && opcode <= 0xAD) || opcode >= 0xAF;
}

static bool isString(void) {
  uint8_t op = in.opcode;
  return !in.twoBytes && ((op >= 0x6C && op <= 0x6F) || (op >= 0xA4 && op <= 0xA7)
    || (op >= 0xAA && op <= 0xAF));
}

static void drawPrefixes(bool is32) {
  static const uint8_t kinds[] = {0x66, 0x66, 0x66, 0x67, 0x67, 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65,
    0xF0, 0xF2, 0xF3, 0xF3};
  int count = once(2) ? 0 : once(2) ? 1 : once(2) ? 2 : once(40) ? below(15) : below(5);
  in.segment = -1;
  in.operand16 = in.address16 = !is32;
  in.prefixes = count;
  while (count--) {
    uint8_t byte = kinds[below(sizeof kinds)];
    code(1, byte);
    switch (byte) {
    case 0x66: in.operand16 = is32; break;
    case 0x67: in.address16 = is32; break;
    case 0xF0: in.locked = true; break;
    case 0xF2: case 0xF3: in.repeated = true; break;
    default: in.segment = byte < 0x40 ? byte >> 3 & 3 : byte & 7;
    }
  }
}

/* An offset in a segment where an operand may lie; each program has its own idea. */
static uint32_t target(int segment);

/* Makes the memory operand point somewhere. Gives its offset. */
static uint32_t aim(int segment) {
  uint32_t at = target(segment);
  int mod = in.modrm >> 6, index = -1, scale = 0, base = RM;
  if (in.address16) {
    static const int8_t bases[8] = {ebx, ebx, ebp, ebp, esi, edi, ebp, ebx};
    static const int8_t indices[8] = {esi, edi, esi, edi, -1, -1, -1, -1};
    base = bases[RM];
    index = indices[RM];
    if (mod == 0 && RM == 6) { immediate(16, at); return at; }
    uint32_t sum = index >= 0 ? c.reg[index] : 0;
    if (mod == 2) { immediate(16, at - sum - c.reg[base]); return at & 0xFFFF; }
    int displacement = mod == 1 ? (int8_t)rnd() : 0;
    if (mod == 1) immediate(8, displacement);
    c.reg[base] = (c.reg[base] & 0xFFFF0000) | ((at - sum - displacement) & 0xFFFF);
    return at & 0xFFFF;
  }
  if (RM == 4) {
    uint8_t sib = rnd();
    code(1, sib);
    base = sib & 7;
    index = (sib >> 3 & 7) == 4 ? -1 : sib >> 3 & 7;
    scale = sib >> 6;
  }
  if (mod == 0 && base == 5) base = -1;
  uint32_t sum = index >= 0 ? c.reg[index] << scale : 0;
  if (mod == 2 || base < 0) {
    immediate(32, at - sum - (base >= 0 ? c.reg[base] : 0));
    return at;
  }
  int displacement = mod == 1 ? (int8_t)rnd() : 0;
  if (mod == 1) immediate(8, displacement);
  if (base != index) c.reg[base] = at - sum - displacement;
  else at = c.reg[base] + sum + displacement;
  return at;
}

static int segmentOfOperand(void) {
  if (in.segment >= 0) return in.segment;
  /* EBP and ESP as a base mean SS; the SIB byte is not drawn yet, and matters little. */
  if (in.address16) return RM == 2 || RM == 3 || (RM == 6 && in.modrm >= 0x40) ? ss : ds;
  return RM == 5 && in.modrm >= 0x40 ? ss : ds;
}

static bool loadsSelector(void) {
  if (!in.twoBytes) return in.opcode == 0x8E;
  return in.opcode == 2 || in.opcode == 3 || in.opcode == 0;
}
static bool readsFarPointer(void) {
  if (!in.twoBytes)
    return in.opcode == 0xC4 || in.opcode == 0xC5 || (in.opcode == 0xFF && (REG == 3 || REG == 5));
  return in.opcode == 0xB2 || in.opcode == 0xB4 || in.opcode == 0xB5;
}

/* The flags that the manual leaves undefined; `count` is that of a shift by an immediate. */
static uint32_t undefinedFlags(uint32_t count) {
  uint8_t op = in.opcode;
  int width = op & 1 ? (in.operand16 ? 16 : 32) : 8;
  if (in.twoBytes) switch (op) {
  case 0xA3: case 0xAB: case 0xB3: case 0xBB: case 0xBA: return OF | SF | AF | PF;
  case 0xA4: case 0xA5: case 0xAC: case 0xAD:
    return count & 31 ? AF | ((count & 31) != 1 ? OF : 0) : 0;
  case 0xAF: return SF | ZF | AF | PF;
  case 0xBC: case 0xBD: return CF | OF | SF | AF | PF;
  default: return 0;
  }
  int operation = op < 0x40 ? op >> 3 : op >= 0x80 && op < 0x84 ? REG : -1;
  if (operation >= 0 && (op >= 0x80 || (op & 7) < 6))
    return operation == 1 || operation == 4 || operation == 6 ? AF : 0;
  switch (op) {
  case 0x27: case 0x2F: return OF;
  case 0x37: case 0x3F: return OF | SF | ZF | PF;
  case 0x69: case 0x6B: return SF | ZF | AF | PF;
  case 0x84: case 0x85: case 0xA8: case 0xA9: return AF;
  case 0xC0: case 0xC1: case 0xD0 ... 0xD3:
    if (op >= 0xD0) count = op < 0xD2 ? 1 : c.reg[ecx];
    count &= 31;
    if (!count) return 0;
    return (count != 1 ? OF : 0) | (REG >= 4 ? AF : 0)
      | (REG >= 4 && REG != 7 && count >= (uint32_t)width ? CF : 0);
  case 0xD4: case 0xD5: return OF | AF | CF;
  case 0xF6: case 0xF7:
    return REG < 2 ? AF : REG == 4 || REG == 5 ? SF | ZF | AF | PF : REG >= 6 ? ARITHMETIC : 0;
  default: return 0;
  }
}
