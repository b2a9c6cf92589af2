/// redpill: a kernel that believes in nothing. It is given names of instructions, a line each, and
/// after `go` it executes them one after the other, in its own ring, and prints what became of each:
///     =0200  let through, and this is what it read
///     ok     let through, nothing to tell
///     GP0    refused: #GP with error code 0
/// What it prints differs from mode to mode: that is what it is for.
#include "redpill.h"
#include "../common/tables.h"
#include "../ringlet/native/native.h"

enum { MASTER_DATA = 0x21, ALL_MASKED = 0xff, TIMER_ONLY = 0xfe, EXIT_PORT = 0xf4 };
enum { PRESENT_CODE = 0x9a, PRESENT_DATA = 0x92, PRESENT_TSS = 0x89, TRAP_GATE = 0x8f };
enum { FLAT = 0xc, LINE = 24, LINES = 40, COLUMN = 14 };

static uint64_t segments[TSS / 8 + 1];
static struct task_segment task_state = {.ss0 = DATA, .io_map = sizeof task_state};
static struct gate gates[VECTORS];

static void load_tables(void) {
  segments[CODE / 8] = descriptor(0, 0xfffff, PRESENT_CODE, FLAT);
  segments[DATA / 8] = descriptor(0, 0xfffff, PRESENT_DATA, FLAT);
  segments[TSS / 8] = descriptor((uint32_t)&task_state, sizeof task_state - 1, PRESENT_TSS, 0);
  for (uint32_t vector = 0; vector < VECTORS; vector++) {
    uint32_t offset = (uint32_t)stubs[vector];
    gates[vector].offset_low = (uint16_t)offset;
    gates[vector].offset_high = offset >> 16;
    gates[vector].selector = CODE;
    gates[vector].access = TRAP_GATE;
  }
  struct table_pointer gdt = {sizeof segments - 1, (uint32_t)segments};
  struct table_pointer idt = {sizeof gates - 1, (uint32_t)gates};
  __asm__ volatile(
    "lgdt %0\n"
    "lidt %1\n"
    "mov ds, %2; mov es, %2; mov fs, %2; mov gs, %2; mov ss, %2\n"
    "push 0x08; lea eax, [1f]; push eax; retf\n"
    "1: ltr %w3\n"
    "xor eax, eax; lldt ax"
    : : "m"(gdt), "m"(idt), "r"(DATA), "r"(TSS) : "eax", "memory");
}

static uint32_t print(const char *text) {
  uint32_t length = 0;
  while (text[length]) native_console_put(text[length++]);
  return length;
}

static void print_hexadecimal(uint32_t number, uint32_t least) {
  uint32_t digits = 8;
  while (digits > least && number >> (4 * (digits - 1)) == 0) digits--;
  while (digits--) native_console_put("0123456789abcdef"[number >> (4 * digits) & 15]);
}

static int equal(const char *one, const char *other) {
  while (*one && *one == *other) one++, other++;
  return *one == *other;
}

/// Reads a line. The processor sleeps until there is something to read.
static void read(char *line) {
  uint32_t length = 0;
  for (;;) {
    int character = native_console_get();
    if (character < 0) {
      wait_for_interrupt();
      continue;
    }
    if (character == '\r') character = '\n';
    if (character == '\b' && length > 0) {
      length--;
      print("\b \b");
    } else if (character == '\n') {
      native_console_put('\n');
      line[length] = 0;
      return;
    } else if (character >= ' ' && length < LINE - 1) {
      line[length++] = (char)character;
      native_console_put((char)character);
    }
  }
}

static const struct question *find(const char *name) {
  for (const struct question *question = questions; question < questions_end; question++)
    if (equal(question->name, name)) return question;
  return 0;
}

static void print_fault(uint32_t vector) {
  static const char *const names[] = {"DE", "DB", "NMI", "BP", "OF", "BR", "UD", "NM", "DF", "9",
                                      "TS", "NP", "SS", "GP", "PF"};
  if (vector < sizeof names / sizeof *names) {
    print(names[vector]);
  } else {
    print("?");
    print_hexadecimal(vector, 2);
  }
  if (vector == 8 || (vector >= 10 && vector <= 14)) print_hexadecimal(error_code, 1);
}

static void ask(const struct question *question, uint32_t number) {
  uint32_t length = print(number < 10 ? " " : "");
  if (number >= 10) native_console_put((char)('0' + number / 10)), length++;
  native_console_put((char)('0' + number % 10));
  native_console_put(' ');
  for (length += 2 + print(question->name); length < COLUMN; length++) native_console_put(' ');
  // HLT needs somebody to wake it; nobody else is to come in between.
  int sleeps = equal(question->name, "hlt");
  if (sleeps) outb(MASTER_DATA, TIMER_ONLY);
  uint32_t vector = attempt(question->code, number);
  if (sleeps) outb(MASTER_DATA, ALL_MASKED);
  if (vector != NO_FAULT) {
    print_fault(vector);
  } else if (question->answers) {
    print("=");
    print_hexadecimal(answer, 4);
  } else {
    print("ok");
  }
  native_console_put('\n');
}

/// Reads names up to `go`, then asks for them all.
static void round(uint8_t masks) {
  static const struct question *chosen[LINES];
  uint32_t count = 0;
  char line[LINE];
  for (;;) {
    read(line);
    if (equal(line, "go")) break;
    if (equal(line, "exit")) outb(EXIT_PORT, 0);
    const struct question *question = find(line);
    if (!question && *line) {
      for (question = questions; question < questions_end; question++) {
        print(question->name);
        print(", ");
      }
      print("go, exit\n");
    } else if (question && count < LINES) {
      chosen[count++] = question;
    }
  }
  outb(MASTER_DATA, ALL_MASKED);
  for (uint32_t number = 0; number < count; number++) ask(chosen[number], number + 1);
  __asm__ volatile("cli");
  outb(MASTER_DATA, masks);
}

_Noreturn void converse(void) {
  __asm__ volatile("cli");
  load_tables();
  native_start_devices(100);
  uint8_t masks = inb(MASTER_DATA);
  print("redpill: instructions, then go\n");
  for (;;) round(masks);
}
