/* The second half of the list of forms: the stack, strings, branches, segments, and what a user
 * program must not do. */
#include "integer-vectors.h"
#include <string.h>

static int cases;
#define EACH_CASE for (int k = 0; k < cases; k++)
#define EACH_WIDTH(from) for (int w = from; w <= 32; w *= 2)
#define EACH_PLACE for (int memory = 0; memory < 2; memory++)

/* Flags as a program may pop them: without TF, which would disturb the stepping, and VM. */
static uint32_t poppedFlags(void) { return rnd() & ~(TF | RF | VM); }

/* Where the stack of the next case begins; mostly the default. */
static uint32_t stack(void) {
  if (once(3)) set(esp, STACK + 0x400 + below(0x800));
  return c.reg[esp];
}

static void listStack(void) {
  EACH_WIDTH(16) {
    if (group("push%d short", w)) EACH_CASE {
      begin(w); stack(); int reg = below(8);
      if (reg != esp) setPart(reg, w, value(w));
      code(1, 0x50 | reg); execute();
    }
    if (group("pop%d short", w)) EACH_CASE {
      begin(w); poke(stack(), 32, value(32)); code(1, 0x58 | below(8)); execute();
    }
    if (group("push%d i", w)) EACH_CASE {
      begin(w); stack();
      if (once(2)) { code(1, 0x68); immediate(w, value(w)); }
      else { code(1, 0x6A); immediate(8, value(8)); }
      execute();
    }
    EACH_PLACE {
      if (group("push%d %s", w, memory ? "m" : "r")) EACH_CASE {
        begin(w); stack(); c.pinned |= 1 << esp; code(1, 0xFF);
        modrm(6, memory, w, value(w)); execute();
      }
      if (group("pop%d %s", w, memory ? "m" : "r")) EACH_CASE {
        begin(w); poke(stack(), w, value(w)); c.pinned |= 1 << esp; code(1, 0x8F);
        if (memory) address(0, w); else modrm(0, false, w, value(w));
        execute();
      }
    }
    if (group("pusha%d", w)) EACH_CASE {
      begin(w); stack(); for (int i = 0; i < 8; i++) if (i != esp && once(2)) set(i, value(32));
      code(1, 0x60); execute();
    }
    if (group("popa%d", w)) EACH_CASE {
      begin(w); uint32_t at = stack();
      for (int i = 0; i < 8; i++) poke(at + i * w / 8, w, value(w));
      code(1, 0x61); execute();
    }
    if (group("pushf%d", w)) EACH_CASE {
      begin(w); stack();
      if (once(2)) c.flags |= DF;
      if (once(4)) c.flags |= NT;
      if (once(2)) c.flags |= 1 << 21;
      code(1, 0x9C); execute();
    }
    if (group("popf%d", w)) for (int k = 0; k < cases * 2; k++) {
      begin(w); poke(stack(), w, poppedFlags()); code(1, 0x9D); execute();
    }
    if (group("enter%d", w)) for (int k = 0; k < cases * 3; k++) {
      begin(w); stack();
      int level = once(8) ? 0x20 | below(4) : below(5);
      uint32_t frame = STACK + 0xC00 + below(0x200);
      set(ebp, level & 31 ? frame : rnd());
      for (int i = 1; i < (level & 31); i++) poke(frame - i * w / 8, w, value(w));
      code(1, 0xC8); immediate(16, below(0x200)); immediate(8, level); execute();
    }
    if (group("leave%d", w)) EACH_CASE {
      begin(w); uint32_t frame = STACK + 0x400 + below(0x800);
      set(ebp, frame); poke(frame, 32, value(32)); code(1, 0xC9); execute();
    }
  }
}

static void listStrings(void) {
  static const struct { const char *name; uint8_t opcode; bool source, target, compares; } list[] = {
    {"movs", 0xA4, true, true, false}, {"cmps", 0xA6, true, true, true},
    {"stos", 0xAA, false, true, false}, {"lods", 0xAC, true, false, false},
    {"scas", 0xAE, false, true, true},
  };
  for (int i = 0; i < 5; i++) EACH_WIDTH(8) for (int repeat = 0; repeat < 3; repeat++)
    if (group("%s%s%d", repeat == 0 ? "" : repeat == 1 ? "rep " : "repne ", list[i].name, w))
      for (int k = 0; k < (repeat ? cases : (cases + 1) / 2); k++) {
        begin(w);
        if (once(2)) c.flags ^= DF;
        bool low = once(4);
        c.repeats = repeat != 0;
        if (low) code(1, 0x67);
        if (list[i].source && once(8)) code(1, once(2) ? 0x36 : 0x64);
        if (repeat) code(1, repeat == 1 ? 0xF3 : 0xF2);
        code(1, list[i].opcode | (w != 8));
        uint32_t source = (low ? LOW : DATA) + 0x200 + below(0x400), common = value(w);
        uint32_t target = (low ? LOW : DATA) + 0x800 + below(0x400);
        int count = repeat ? below(6) : 1, step = c.flags & DF ? -w / 8 : w / 8;
        if (list[i].source && list[i].target && !list[i].compares && once(4))
          target = source + (int)below(16) - 8;
        if (repeat) set(ecx, (low ? rnd() << 16 : 0) | count);
        if (list[i].source) set(esi, (low ? rnd() << 16 : 0) | source);
        if (list[i].target) set(edi, (low ? rnd() << 16 : 0) | target);
        setPart(eax, w, common);
        bool mostlyEqual = repeat == 1;
        for (int n = 0; n < count; n++) {
          uint32_t v = once(3) == mostlyEqual ? value(w) : common;
          if (list[i].source) poke(source + n * step, w, list[i].compares ? common : value(w));
          if (list[i].target && list[i].compares) poke(target + n * step, w, v);
        }
        execute();
      }
}

static void listBranches(void) {
  for (int condition = 0; condition < 16; condition++)
    if (group("j%x", condition)) EACH_CASE {
      int w = once(4) ? 16 : 32;
      begin(w);
      if (once(2)) { code(1, 0x70 | condition); immediate(8, value(8)); }
      else { code(2, 0x0F, 0x80 | condition); immediate(w, value(w)); }
      execute();
    }
  static const char *const loops[] = {"loopne", "loope", "loop", "jcxz"};
  for (int op = 0; op < 4; op++) if (group(loops[op])) for (int k = 0; k < cases * 2; k++) {
    begin(once(5) ? 16 : 32);
    uint32_t count = once(2) ? below(3) : value(32);
    if (once(3)) { code(1, 0x67); count |= rnd() << 16; }
    set(ecx, count); code(1, 0xE0 | op); immediate(8, value(8)); execute();
  }
  EACH_WIDTH(16) {
    if (group("jmp%d rel", w)) EACH_CASE {
      begin(w);
      if (once(2)) { code(1, 0xEB); immediate(8, value(8)); }
      else { code(1, 0xE9); immediate(w, value(w)); }
      execute();
    }
    if (group("call%d rel", w)) EACH_CASE {
      begin(w); stack(); code(1, 0xE8); immediate(w, value(w)); execute();
    }
    EACH_PLACE for (int op = 2; op < 5; op += 2)
      if (group("%s%d %s", op == 2 ? "call" : "jmp", w, memory ? "m" : "r")) EACH_CASE {
        begin(w); stack(); c.pinned |= 1 << esp; code(1, 0xFF);
        modrm(op, memory, w, value(w)); execute();
      }
    if (group("ret%d", w)) EACH_CASE {
      begin(w); poke(stack(), w, value(w));
      if (once(2)) code(1, 0xC3); else { code(1, 0xC2); immediate(16, value(16)); }
      execute();
    }
  }
  for (int w = 16; w <= 32; w *= 2) {
    if (group("bound%d", w)) for (int k = 0; k < cases * 2; k++) {
      begin(w); code(1, 0x62);
      uint32_t index = value(w), low = value(w), high = value(w);
      if (once(2)) { low = index - below(2); high = index + below(2); }
      int reg = below(8);
      setPart(reg, w, index);
      uint32_t at = address(reg, w);
      poke(at, w, low); poke(at + w / 8, w, high);
      execute();
    }
  }
  if (group("into")) EACH_CASE { begin(32); code(1, 0xCE); execute(); }
  if (group("int3")) EACH_CASE { begin(32); code(1, 0xCC); execute(); }
  if (group("int")) EACH_CASE { begin(32); code(2, 0xCD, 0x10 + below(0x60)); execute(); }
}

static const uint16_t loadable[] = {0x2B, 0, 0x23, 3, 0x63, 0x2A, 0x1B, 0x18, 0x13, 0x43, 0x2B, 0x2B};

static void listSelectors(void) {
  EACH_WIDTH(16) {
    EACH_PLACE if (group("mov%d %s,sreg", w, memory ? "m" : "r")) EACH_CASE {
      begin(w); code(1, 0x8C);
      if (memory) address(below(6), 16); else modrm(below(6), false, 32, value(32));
      execute();
    }
    EACH_PLACE if (group("mov%d sreg,%s", w, memory ? "m" : "r")) EACH_CASE {
      static const int targets[] = {0, 3, 4, 5};
      begin(w); code(1, 0x8E);
      modrm(targets[below(4)], memory, 16, loadable[below(12)]); execute();
    }
    if (group("push%d sreg", w)) EACH_CASE {
      begin(w); stack();
      int s = below(6);
      if (s < 4) code(1, 6 | s << 3); else code(2, 0x0F, 0x80 | s << 3);
      execute();
    }
    if (group("pop%d sreg", w)) EACH_CASE {
      static const int targets[] = {0, 3, 4, 5};
      int s = targets[below(4)];
      begin(w); poke(stack(), 32, loadable[below(12)]);
      if (s < 4) code(1, 7 | s << 3); else code(2, 0x0F, 0x81 | s << 3);
      execute();
    }
    static const struct { const char *name; uint8_t escape, opcode; } pointers[] = {
      {"les", 0, 0xC4}, {"lds", 0, 0xC5}, {"lfs", 0x0F, 0xB4}, {"lgs", 0x0F, 0xB5},
    };
    for (int i = 0; i < 4; i++) if (group("%s%d", pointers[i].name, w)) EACH_CASE {
      begin(w);
      if (pointers[i].escape) code(1, 0x0F);
      code(1, pointers[i].opcode);
      uint32_t at = modrm(below(8), true, w, value(w));
      poke(at + w / 8, 16, loadable[below(12)]); execute();
    }
    if (group("far jump%d", w)) EACH_CASE {
      begin(w); uint16_t selector = once(4) ? loadable[below(12)] : 0x23;
      if (once(2)) { code(1, 0xEA); immediate(w, value(w)); immediate(16, selector); }
      else {
        code(1, 0xFF);
        uint32_t at = modrm(5, true, w, value(w));
        poke(at + w / 8, 16, selector);
      }
      execute();
    }
    if (group("far call%d", w)) EACH_CASE {
      begin(w); stack(); c.pinned |= 1 << esp;
      uint16_t selector = once(4) ? loadable[below(12)] : 0x23;
      if (once(2)) { code(1, 0x9A); immediate(w, value(w)); immediate(16, selector); }
      else {
        code(1, 0xFF);
        uint32_t at = modrm(3, true, w, value(w));
        poke(at + w / 8, 16, selector);
      }
      execute();
    }
    if (group("far return%d", w)) EACH_CASE {
      begin(w); uint32_t at = stack();
      poke(at, w, value(w)); poke(at + w / 8, w, once(4) ? loadable[below(12)] : 0x23);
      if (once(2)) code(1, 0xCB); else { code(1, 0xCA); immediate(16, below(0x400)); }
      execute();
    }
    if (group("iret%d", w)) for (int k = 0; k < cases * 2; k++) {
      begin(w); uint32_t at = stack();
      poke(at, w, value(w)); poke(at + w / 8, w, once(6) ? loadable[below(12)] : 0x23);
      poke(at + w / 4, w, poppedFlags()); code(1, 0xCF); execute();
    }
  }
}

/* Bytes that fault in a user program: #GP for want of privilege, or #UD. */
static void listForbidden(void) {
  static const struct { const char *name; uint8_t length; uint8_t code[6]; } privileged[] = {
    {"cli", 1, {0xFA}}, {"sti", 1, {0xFB}}, {"hlt", 1, {0xF4}}, {"in8 i", 2, {0xE4, 0x80}},
    {"in32 i", 2, {0xE5, 0x80}}, {"out8 i", 2, {0xE6, 0x80}}, {"out32 i", 2, {0xE7, 0x80}},
    {"in8 dx", 1, {0xEC}}, {"in32 dx", 1, {0xED}}, {"out8 dx", 1, {0xEE}}, {"out32 dx", 1, {0xEF}},
    {"ins8", 1, {0x6C}}, {"ins32", 1, {0x6D}}, {"outs8", 1, {0x6E}}, {"outs32", 1, {0x6F}},
    {"clts", 2, {0x0F, 0x06}}, {"invd", 2, {0x0F, 0x08}}, {"wbinvd", 2, {0x0F, 0x09}},
    {"mov eax,cr0", 3, {0x0F, 0x20, 0xC0}}, {"mov ecx,cr3", 3, {0x0F, 0x20, 0xD9}},
    {"mov cr0,eax", 3, {0x0F, 0x22, 0xC0}}, {"mov eax,dr0", 3, {0x0F, 0x21, 0xC0}},
    {"mov dr7,eax", 3, {0x0F, 0x23, 0xF8}}, {"wrmsr", 2, {0x0F, 0x30}}, {"rdmsr", 2, {0x0F, 0x32}},
    {"lgdt", 3, {0x0F, 0x01, 0x10}}, {"lidt", 3, {0x0F, 0x01, 0x18}},
    {"lmsw", 3, {0x0F, 0x01, 0xF0}}, {"invlpg", 3, {0x0F, 0x01, 0x38}},
    {"lldt", 3, {0x0F, 0x00, 0xD0}}, {"ltr", 3, {0x0F, 0x00, 0xD8}},
  };
  for (unsigned i = 0; i < sizeof privileged / sizeof *privileged; i++)
    if (group("forbidden %s", privileged[i].name)) {
      begin(32); set(eax, DATA + 0x100);
      for (int b = 0; b < privileged[i].length; b++) code(1, privileged[i].code[b]);
      execute();
    }
  static const struct { const char *name; uint8_t length; uint8_t code[6]; } undefined[] = {
    {"ud2", 2, {0x0F, 0x0B}}, {"ud1", 3, {0x0F, 0xB9, 0xC0}}, {"lea of register", 2, {0x8D, 0xC1}},
    {"mov to CS", 2, {0x8E, 0xC8}}, {"mov to segment 6", 2, {0x8E, 0xF0}},
    {"mov from segment 7", 2, {0x8C, 0xF8}}, {"FE /2", 2, {0xFE, 0xD0}}, {"FE /7", 2, {0xFE, 0xF8}},
    {"FF /7", 2, {0xFF, 0xF8}}, {"far call of register", 2, {0xFF, 0xD8}},
    {"far jump of register", 2, {0xFF, 0xE8}}, {"C6 /1", 3, {0xC6, 0xC8, 0}},
    {"C7 /2", 6, {0xC7, 0xD0, 0, 0, 0, 0}},
    {"cmpxchg8b of register", 3, {0x0F, 0xC7, 0xC8}}, {"lss of register", 3, {0x0F, 0xB2, 0xC0}},
    {"bt group /0", 4, {0x0F, 0xBA, 0xC0, 1}}, {"bt group /3", 4, {0x0F, 0xBA, 0xD8, 1}},
    {"lock mov", 3, {0xF0, 0x89, 0x00}}, {"lock add of register", 3, {0xF0, 0x01, 0xC8}},
    {"lock cmp", 3, {0xF0, 0x39, 0x08}}, {"lock add r,m", 3, {0xF0, 0x03, 0x08}},
    {"lock nop", 2, {0xF0, 0x90}}, {"lock bt", 4, {0xF0, 0x0F, 0xA3, 0x08}},
    {"lock shl", 3, {0xF0, 0xD1, 0x20}}, {"lock push", 2, {0xF0, 0x50}},
    {"lock jmp", 3, {0xF0, 0xEB, 0x00}}, {"mov cr1", 3, {0x0F, 0x20, 0xC8}},
  };
  for (unsigned i = 0; i < sizeof undefined / sizeof *undefined; i++)
    if (group("undefined %s", undefined[i].name)) {
      begin(32); set(eax, DATA + 0x100);
      for (int b = 0; b < undefined[i].length; b++) code(1, undefined[i].code[b]);
      execute();
    }
  if (group("length")) for (int length = 13; length < 18; length++) {
    begin(32);
    while (c.length < length - 2) code(1, 0x3E);
    code(2, 0x01, 0xC8); execute();
  }
}

void listFlow(int count) {
  cases = count;
  listStack();
  listStrings();
  listBranches();
  listSelectors();
  listForbidden();
}
