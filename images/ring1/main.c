/// The report: a table for each IOPL, a row for each instruction, a column for each ring.
///     GP18   refused: #GP with error code 18h
///     =0200  let through, and this is what it read, or what became of it
///     ok     let through, nothing to tell
#include "ring1.h"
#include "../common/io.h"
#include "../common/tables.h"
#include "../ringlet/native/native.h"

enum { PRESENT = 0x80, CODE_SEGMENT = 0x1a, DATA_SEGMENT = 0x12, TSS32 = 9, FLAT = 0xc };
enum { IF = 0x200, EFLAGS_ALWAYS = 2, IOPL_SHIFT = 12, MASTER_DATA = 0x21 };

static uint64_t segments[TSS / 8 + 1];

static struct task_segment task_state = {.ss0 = DATA, .io_map = sizeof task_state};  // no port but by IOPL

static struct gate gates[VECTOR_GATE + 1];

/// For the probes to load.
extern uint32_t saved_cr0;
extern struct table_pointer saved_gdt, saved_idt;

static uint8_t stack[2][1024];  // for the probe's ring, and for ring 0 when it comes from there

/// LTR marks a TSS as busy, and loads no busy one: so its descriptors are made anew each time.
static void set_segments(void) {
  for (uint32_t ring = 0; ring < 4; ring++) {
    segments[(CODE + ring * RING) / 8] =
      descriptor(0, 0xfffff, PRESENT | ring << 5 | CODE_SEGMENT, FLAT);
    segments[(DATA + ring * RING) / 8] =
      descriptor(0, 0xfffff, PRESENT | ring << 5 | DATA_SEGMENT, FLAT);
  }
  uint64_t task = descriptor((uint32_t)&task_state, sizeof task_state - 1, PRESENT | TSS32, 0);
  segments[SPARE_TSS / 8] = segments[TSS / 8] = task;
}

/// Vector 48 and 49 may be called from all rings; the others only from ring 0.
static void set_gate(uint32_t vector, void (*handler)(void)) {
  uint32_t offset = (uint32_t)handler;
  int for_all = vector == VECTOR_DONE || vector == VECTOR_ANSWER;
  gates[vector].offset_low = (uint16_t)offset;
  gates[vector].offset_high = offset >> 16;
  gates[vector].selector = CODE;
  gates[vector].access = for_all ? 0xee : 0x8e;
}

/// Everything that a probe may have changed is as it was.
static void restore(void) {
  set_segments();
  task_state.esp0 = (uint32_t)stack[0] + sizeof stack[0];
  __asm__ volatile(
    "cli\n"
    "mov cr0, %0\n"
    "lgdt %1\n"
    "lidt %2\n"
    "mov fs, %3; mov gs, %3; mov ss, %4\n"
    "push 0x08; lea eax, [1f]; push eax; retf\n"
    "1: ltr %w5\n"
    "xor eax, eax; lldt ax"
    : : "r"(saved_cr0), "m"(saved_gdt), "m"(saved_idt), "r"(0), "r"(DATA), "r"(TSS)
    : "eax", "memory");
}

static void start_up(void) {
  for (uint32_t vector = 0; vector < STUBS; vector++) set_gate(vector, stubs[vector]);
  set_gate(VECTOR_GATE, stubs[STUBS]);
  saved_gdt = (struct table_pointer){sizeof segments - 1, (uint32_t)segments};
  saved_idt = (struct table_pointer){sizeof gates - 1, (uint32_t)gates};
  __asm__ volatile("mov %0, cr0" : "=r"(saved_cr0));
  restore();
  native_start_devices(100);
  outb(MASTER_DATA, 0xfe);  // only the timer
}

static uint32_t sum = 2166136261;  // FNV-1a of all that was printed

static void put(char character) {
  sum = (sum ^ (uint8_t)character) * 16777619;
  native_console_put(character);
}

/// Prints a text and returns its length.
static uint32_t print(const char *text) {
  uint32_t length = 0;
  while (text[length]) put(text[length++]);
  return length;
}

static uint32_t print_hexadecimal(uint32_t number, uint32_t digits) {
  uint32_t count = 8;
  while (count > digits && number >> (4 * (count - 1)) == 0) count--;
  for (uint32_t digit = count; digit--;) put("0123456789abcdef"[number >> (4 * digit) & 15]);
  return count;
}

static void pad(uint32_t from, uint32_t to) {
  while (from++ < to) put(' ');
}

static uint32_t print_outcome(uint32_t vector) {
  static const char *const faults[] = {"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9",
                                       "TS", "NP", "SS", "GP", "PF"};
  enum { BREAKPOINT = 3, FIRST_WITH_ERROR = 8, LAST_WITH_ERROR = 14 };
  if (vector == VECTOR_ANSWER) return print("=") + print_hexadecimal(answer & 0xffff, 4);
  if (vector == VECTOR_DONE || vector == VECTOR_GATE || vector == BREAKPOINT) return print("ok");
  if (vector > LAST_WITH_ERROR) return print("?") + print_hexadecimal(vector, 2);
  uint32_t length = print(faults[vector]);
  return length + (vector < FIRST_WITH_ERROR ? 0 : print_hexadecimal(error_code, 1));
}

static uint32_t run(const struct probe *probe, uint32_t ring, uint32_t iopl) {
  struct start start = {
    .eip = (uint32_t)probe->code,
    .cs = CODE + ring * RING + ring,
    .eflags = EFLAGS_ALWAYS | IF | iopl << IOPL_SHIFT,
    .esp = (uint32_t)stack[1] + sizeof stack[1],
    .ss = DATA + ring * RING + ring,
  };
  uint32_t vector = enter(&start);
  restore();
  return vector;
}

_Noreturn void report(void) {
  enum { NAME = 12, CELL = 6 };
  start_up();
  for (uint32_t iopl = 0; iopl < 4; iopl++) {
    print("IOPL ");
    print_hexadecimal(iopl, 1);
    print("      CPL0  CPL1  CPL2  CPL3\n");
    for (const struct probe *probe = probes; probe < probes_end; probe++) {
      uint32_t length = print(probe->name), column = NAME;
      for (uint32_t ring = 0; ring < 4; ring++, column += CELL) {
        pad(length, column);
        length = column + print_outcome(run(probe, ring, iopl));
      }
      put('\n');
    }
    put('\n');
  }
  uint32_t final = sum;
  print("sum ");
  print_hexadecimal(final, 8);
  put('\n');
  for (;;) halt_forever();
}
