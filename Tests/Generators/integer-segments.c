/* Forms whose outcome depends on segments: limits, types, 16-bit code and stacks, far transfers. */
#include "integer-vectors.h"

static int cases;
#define EACH_CASE for (int k = 0; k < cases; k++)

/* The segments of the LDT; base DATA unless the comment says otherwise. */
static uint16_t small, readOnly, downBig, downSmall, codeOnly, codeReadable, stack16, code16, absent,
  absentCode, absentConforming, page, wrapping;

void describeSegments(void) {
  enum { data, down, code, conforming };
  small = describe(0, DATA, 0xFFB, true, data, false, false, true);
  readOnly = describe(1, DATA, 0xFFB, true, data, true, false, true);
  downBig = describe(2, DATA, 0x7FF, true, down, false, false, true);
  downSmall = describe(3, DATA, 0x7FF, false, down, false, false, true);
  /* base CODE */
  codeOnly = describe(4, CODE, 0xFFB, true, code, true, false, true);
  codeReadable = describe(5, CODE, 0xFFB, true, code, false, false, true);
  /* base STACK */
  stack16 = describe(6, STACK, 0xFFB, false, data, false, false, true);
  /* base CODE */
  code16 = describe(7, CODE, 0xFFB, false, code, false, false, true);
  absent = describe(8, DATA, 0xFFB, true, data, false, false, false);
  absentCode = describe(9, CODE, 0xFFB, true, code, false, false, false);
  absentConforming = describe(10, CODE, 0xFFB, true, conforming, false, false, false);
  page = describe(11, DATA, 0, true, data, false, true, true);
  /* 64 KB */
  wrapping = describe(12, WRAP, 0xFFFF, false, data, false, false, true);
}

/* An offset near one of the places where something ends. */
static uint32_t edge(void) {
  const uint32_t edges[] = {0, 0x7FF, 0x800, 0xFFB, 0xFFF, 0x1000, 0xFFFF, 0x10000, 0xFFFFFFFF};
  return edges[below(9)] + below(10) - 5;
}

static uint8_t override(int segment) {
  static const uint8_t prefixes[] = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
  return prefixes[segment];
}

/* ModR/M for a plain 32-bit offset. */
static void direct(int reg, uint32_t offset) { code(1, reg << 3 | 5); immediate(32, offset); }

static void listLimits(void) {
  const struct { const char *name; uint16_t selector; } list[] = {
    {"data", small}, {"read-only", readOnly}, {"expand-down", downBig},
    {"expand-down 64K", downSmall}, {"execute-only", codeOnly}, {"readable code", codeReadable},
    {"page", page}, {"null", 0},
  };
  static const struct { const char *name; uint8_t opcode; int width; } accesses[] = {
    {"load8", 0x8A, 8}, {"load16", 0x8B, 16}, {"load32", 0x8B, 32}, {"store8", 0x88, 8},
    {"store16", 0x89, 16}, {"store32", 0x89, 32}, {"add8", 0x00, 8}, {"add16", 0x01, 16},
    {"add32", 0x01, 32}, {"cmp16", 0x39, 16},
  };
  for (unsigned s = 0; s < sizeof list / sizeof *list; s++)
    for (unsigned a = 0; a < sizeof accesses / sizeof *accesses; a++)
      if (group("limit %s %s", list[s].name, accesses[a].name))
        for (int k = 0; k < cases; k++) {
          static const int carriers[] = {es, ds, fs, gs};
          begin(accesses[a].width);
          bool isCode = list[s].selector == codeOnly || list[s].selector == codeReadable;
          int segment = isCode ? cs : carriers[below(4)];
          c.selector[segment] = list[s].selector;
          if (isCode) c.eip = 0;
          if (segment != ds || once(4)) code(1, override(segment));
          code(1, accesses[a].opcode);
          direct(eax, edge());
          set(eax, value(32)); execute();
        }
  if (group("limit stack")) for (int k = 0; k < cases * 8; k++) {
    const uint16_t stacks[] = {small, downBig, downSmall, stack16, page};
    begin(once(2) ? 16 : 32);
    c.selector[ss] = stacks[below(5)];
    set(ebp, edge()); code(2, once(2) ? 0x89 : 0x8B, 0x45); immediate(8, 0); execute();
  }
  if (group("limit strings")) for (int k = 0; k < cases * 8; k++) {
    static const uint8_t opcodes[] = {0xA4, 0xA6, 0xAA, 0xAC, 0xAE};
    const uint16_t selectors[] = {small, downBig, downSmall, page};
    int width = 8 << below(3), step = width / 8;
    begin(width);
    if (once(2)) c.flags |= DF;
    if (once(2)) { code(1, 0xF3); c.repeats = true; set(ecx, below(5)); }
    code(1, opcodes[below(5)] | (width != 8));
    c.selector[ds] = selectors[below(4)];
    c.selector[es] = selectors[below(4)];
    int direction = c.flags & DF ? 1 : -1;
    set(esi, edge() + direction * (int)below(4) * step);
    set(edi, edge() + direction * (int)below(4) * step);
    execute();
  }
  if (group("limit pairs")) for (int k = 0; k < cases * 6; k++) {
    /* BOUND, LDS, LES, CMPXCHG8B, far jump: more than one datum. */
    static const uint8_t opcodes[] = {0x62, 0xC4, 0xC5, 0xC7, 0xFF};
    const uint16_t selectors[] = {small, readOnly, downBig, downSmall, page};
    int which = below(5);
    begin(which != 3 && once(2) ? 16 : 32);
    c.selector[ds] = selectors[below(5)];
    if (which == 3) code(1, 0x0F);
    code(1, opcodes[which]);
    direct(which == 3 ? 1 : which == 4 ? 5 : 0, edge());
    set(eax, 0); execute();
  }
}

static void listStacks(void) {
  const struct { const char *name; uint16_t selector; } list[] = {
    {"16", stack16}, {"wrapping", wrapping}, {"down", downBig}, {"down 16", downSmall},
    {"32", small},
  };
  for (int s = 0; s < 5; s++) {
    for (int w = 16; w <= 32; w *= 2) {
      static const struct { const char *name; uint8_t opcode; } plain[] = {
        {"push", 0x53}, {"pop", 0x5B}, {"pusha", 0x60}, {"popa", 0x61}, {"pushf", 0x9C},
        {"leave", 0xC9}, {"ret", 0xC3}, {"pop esp", 0x5C}, {"push esp", 0x54},
      };
      for (unsigned i = 0; i < sizeof plain / sizeof *plain; i++)
        if (group("stack %s %s%d", list[s].name, plain[i].name, w)) for (int k = 0; k < cases; k++) {
          begin(w); c.selector[ss] = list[s].selector;
          uint32_t top = edge();
          if (once(3)) top = 0x900 + below(0x600);
          /* Expand-down segments of 4 GB reach everything that this process has mapped. */
          if (list[s].selector != downBig && once(2)) top = (top & 0xFFFF) | rnd() << 16;
          set(esp, top); set(ebp, once(2) ? top + below(16) : edge());
          code(1, plain[i].opcode); execute();
        }
      if (group("stack %s enter%d", list[s].name, w)) for (int k = 0; k < cases * 2; k++) {
        begin(w); c.selector[ss] = list[s].selector;
        uint32_t top = once(2) ? edge() : 0x900 + below(0x600);
        set(esp, (top & 0xFFFF) | (once(2) ? rnd() << 16 : 0));
        set(ebp, (once(2) ? edge() : 0x900 + below(0x600)) & 0xFFFF);
        if (once(2)) c.reg[ebp] |= rnd() << 16;
        code(1, 0xC8); immediate(16, once(2) ? below(32) : below(0x900)); immediate(8, below(4));
        execute();
      }
      if (group("stack %s call%d", list[s].name, w)) EACH_CASE {
        begin(w); c.selector[ss] = list[s].selector;
        set(esp, (edge() & 0xFFFF) | (once(2) ? rnd() << 16 : 0));
        code(1, 0xE8); immediate(w, value(w)); execute();
      }
    }
  }
}

static uint16_t anySelector(void) {
  if (once(8)) return once(2) ? below(4) : 0x80 + below(0x400);
  if (once(8)) return (below(5) + 1) << 3 | below(4);
  return below(16) << 3 | 4 | (once(3) ? below(4) : 3);
}

static void listLoads(void) {
  for (int segment = 0; segment < 6; segment++) if (segment != cs)
    if (group("load segment %d", segment)) for (int k = 0; k < cases * 6; k++) {
      begin(32); code(2, 0x8E, 0xC0 | segment << 3); set(eax, rnd() << 16 | anySelector());
      c.shadows = segment == ss; execute();
    }
  if (group("load lss")) for (int k = 0; k < cases * 4; k++) {
    begin(32); code(2, 0x0F, 0xB2);
    uint32_t at = modrm(below(8), true, 32, value(32));
    poke(at + 4, 16, anySelector()); execute();
  }
  if (group("load pop ss")) for (int k = 0; k < cases * 4; k++) {
    begin(32); poke(c.reg[esp], 32, anySelector()); code(1, 0x17); c.shadows = true; execute();
  }
  static const struct { const char *name; int length; uint8_t code[3]; } reads[] = {
    {"lar", 3, {0x0F, 0x02, 0xC8}}, {"lsl", 3, {0x0F, 0x03, 0xC8}},
    {"verr", 3, {0x0F, 0x00, 0xE0}}, {"verw", 3, {0x0F, 0x00, 0xE8}}, {"arpl", 2, {0x63, 0xC8}},
  };
  for (int i = 0; i < 5; i++) if (group("read %s", reads[i].name)) for (int k = 0; k < cases * 6; k++) {
    begin(i < 2 && once(2) ? 16 : 32);
    for (int b = 0; b < reads[i].length; b++) code(1, reads[i].code[b]);
    set(eax, rnd() << 16 | anySelector());
    set(ecx, rnd()); execute();
  }
}

static uint32_t target(void) {
  return once(3) ? 0xFF0 + below(0x20) : once(8) ? value(32) : below(0xF00);
}

static void listFarTransfers(void) {
  for (int w = 16; w <= 32; w *= 2) {
    if (group("far jump%d to segment", w)) for (int k = 0; k < cases * 6; k++) {
      begin(w); code(1, 0xEA); immediate(w, target()); immediate(16, anySelector()); execute();
    }
    if (group("far call%d to segment", w)) for (int k = 0; k < cases * 6; k++) {
      begin(w);
      if (once(3)) { c.selector[ss] = stack16; set(esp, edge()); }
      code(1, 0x9A); immediate(w, target()); immediate(16, anySelector()); execute();
    }
    if (group("far return%d to segment", w)) for (int k = 0; k < cases * 6; k++) {
      begin(w);
      if (once(3)) { c.selector[ss] = stack16; set(esp, 0x800); }
      poke(STACK + 0x800, w, target()); poke(STACK + 0x800 + w / 8, w, anySelector());
      code(1, 0xCB); execute();
    }
    if (group("iret%d to segment", w)) for (int k = 0; k < cases * 6; k++) {
      begin(w);
      if (once(3)) { c.selector[ss] = stack16; set(esp, 0x800); }
      poke(STACK + 0x800, w, target()); poke(STACK + 0x800 + w / 8, w, anySelector());
      poke(STACK + 0x800 + w / 4, w, (rnd() & (ARITHMETIC | DF)) | 2); code(1, 0xCF); execute();
    }
  }
}

/* A 16-bit code segment: the prefixes mean the opposite. */
static void listCode16(void) {
  static const struct { const char *name; int length; uint8_t code[6]; } list[] = {
    {"mov r,i", 5, {0xB8, 0x11, 0x22, 0x33, 0x44}}, {"add r,r", 2, {0x01, 0xC8}},
    {"push", 1, {0x53}}, {"pop", 1, {0x5B}}, {"pusha", 1, {0x60}}, {"popa", 1, {0x61}},
    {"call", 5, {0xE8, 0x10, 0x01, 0, 0}}, {"jmp", 5, {0xE9, 0x20, 0x02, 0, 0}},
    {"jmp far off", 5, {0xE9, 0x00, 0x10, 0, 0}}, {"jmp short", 2, {0xEB, 0xF0}}, {"ret", 1, {0xC3}},
    {"enter", 4, {0xC8, 0x20, 0x00, 0x02}}, {"leave", 1, {0xC9}}, {"loop", 2, {0xE2, 0x10}},
    {"jcxz", 2, {0xE3, 0x10}}, {"jcc", 6, {0x0F, 0x84, 0x30, 0x01, 0, 0}}, {"cbw", 1, {0x98}},
    {"cwd", 1, {0x99}}, {"lea", 3, {0x8D, 0x44, 0x24}}, {"mov r,m", 2, {0x8B, 0x04}},
    {"mov m,r", 2, {0x89, 0x07}}, {"call r", 2, {0xFF, 0xD1}}, {"jmp r", 2, {0xFF, 0xE1}},
    {"pushf", 1, {0x9C}}, {"popf", 1, {0x9D}}, {"movs", 1, {0xA5}}, {"stos", 1, {0xAB}},
    {"push seg", 1, {0x1E}}, {"call far", 5, {0x9A, 0x10, 0x00, 0x3F, 0x00}},
    {"retf", 1, {0xCB}}, {"iret", 1, {0xCF}}, {"push i", 5, {0x68, 0x11, 0x22, 0x33, 0x44}},
    {"movzx", 3, {0x0F, 0xB7, 0xC1}}, {"shld", 4, {0x0F, 0xA4, 0xC8, 0x05}}, {"xchg", 1, {0x93}},
    {"bswap", 2, {0x0F, 0xC9}}, {"smsw-free nop", 3, {0x0F, 0x1F, 0xC0}},
  };
  for (unsigned i = 0; i < sizeof list / sizeof *list; i++)
    if (group("code16 %s", list[i].name)) for (int k = 0; k < cases; k++) {
      begin(32); c.selector[cs] = code16; c.eip = 0;
      if (list[i].code[1] == 0xA4) c.undefined = OF | AF;
      if (once(3)) { c.eip = 0xFF0 + below(16); c.start = CODE + c.eip; }
      for (int r = 0; r < 8; r++) if (r != esp && r != ebp) set(r, DATA + 0x100 + below(0xE00));
      set(ebp, STACK + 0x700 + below(0x100));
      switch (below(3)) {
      case 0: c.selector[ss] = stack16; set(esp, rnd() << 16 | (0x400 + below(0x800))); break;
      case 1:
        /* IRET looks further up on this processor than it pops. */
        if (list[i].code[0] == 0xCF) break;
        c.selector[ss] = wrapping; set(esp, rnd() << 16 | ((below(64) - 32) & 0xFFFF));
        break;
      }
      if (c.selector[ss] != 0x2B) set(ebp, rnd() << 16 | (0x400 + below(0x800)));
      if (once(3)) {
        c.selector[ds] = c.selector[es] = small;
        set(ebx, below(0x800)); set(esi, below(0x800)); set(edi, below(0x800));
      }
      if (once(2)) code(1, 0x66);
      if (once(3)) code(1, 0x67);
      for (int b = 0; b < list[i].length; b++) code(1, list[i].code[b]);
      /* The bytes may be more than the instruction: where it ends is what EIP tells. */
      execute();
    }
}

static void listAlignment(void) {
  static const struct { const char *name; int length; uint8_t code[3]; } list[] = {
    {"load16", 3, {0x66, 0x8B, 0x0B}}, {"load32", 2, {0x8B, 0x0B}}, {"store16", 3, {0x66, 0x89, 0x0B}},
    {"store32", 2, {0x89, 0x0B}}, {"add32", 2, {0x01, 0x0B}}, {"load8", 2, {0x8A, 0x0B}},
    {"push", 1, {0x50}}, {"pop", 1, {0x58}}, {"push16", 2, {0x66, 0x50}}, {"movs", 1, {0xA5}},
    {"cmpxchg8b", 3, {0x0F, 0xC7, 0x0B}}, {"bound", 2, {0x62, 0x0B}}, {"lea", 2, {0x8D, 0x0B}},
    {"les", 2, {0xC4, 0x0B}}, {"pusha", 1, {0x60}}, {"ret", 1, {0xC3}},
  };
  for (unsigned i = 0; i < sizeof list / sizeof *list; i++)
    if (group("alignment %s", list[i].name)) for (int k = 0; k < cases; k++) {
      begin(32); c.flags |= 1 << 18;
      for (int b = 0; b < list[i].length; b++) code(1, list[i].code[b]);
      set(ecx, 0);
      set(ebx, DATA + 0x100 + below(16)); set(esi, DATA + 0x200 + below(16));
      set(edi, DATA + 0x300 + below(16)); set(esp, STACK + 0x800 + below(16)); execute();
    }
}

void listSegments(int count) {
  cases = count;
  listLimits();
  listStacks();
  listLoads();
  listFarTransfers();
  listCode16();
  listAlignment();
}
