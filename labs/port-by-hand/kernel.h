/// What of the kernel is the same on every machine. It reaches the machine by the seam only, the
/// functions that the file which includes this one has: see seam.c.
#pragma once
#include "hypervisor.h"

// The seam.
static void start(uint32_t magic, const void *information);
static const char *command_line(void);
static void console_put(char character);
static void load_gates(void);
static void interrupts_off(void);
static void interrupts_on(void);
static int interrupts_are_on(void);
static void set_entry(uint32_t address, uint32_t page);
static uint32_t fault_address(void);
static void power_off(void);

// MARK: Traps

/// What lies on the stack in trap, lowest address first.
struct frame {
  uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;  // PUSHA
  uint32_t vector, error;
  uint32_t eip, cs, eflags;  // pushed by the processor, or by the hypervisor in its place
};

enum { INVALID_OPCODE = 6, PAGE_FAULT = 14 };
extern void invalid_opcode_entry(void), page_fault_entry(void);
void trap(struct frame *frame);

__asm__(
  ".globl invalid_opcode_entry\n"
  "invalid_opcode_entry:\n"
  "  push 0\n"
  "  push 6\n"
  "  jmp entered\n"
  ".globl page_fault_entry\n"
  "page_fault_entry:\n"
  "  push 14\n"
  "entered:\n"
  "  pusha\n"
  "  cld\n"
  "  push esp\n"
  "  call trap\n"
  "  add esp, 4\n"
  "  popa\n"
  "  add esp, 8\n"
  "  iretd\n");

// MARK: Printing

static void print(const char *text) {
  for (; *text; text++) console_put(*text);
}

static void print_number(uint32_t number) {
  if (number >= 10) print_number(number / 10);
  console_put((char)('0' + number % 10));
}

/// The number behind `pages=` in the command line.
static uint32_t pages_wanted(void) {
  static const char word[] = "pages=";
  for (const char *text = command_line(); *text; text++) {
    uint32_t length = 0, number = 0;
    while (word[length] && text[length] == word[length]) length++;
    if (word[length]) continue;
    for (text += length; *text >= '0' && *text <= '9'; text++)
      number = number * 10 + (uint32_t)(*text - '0');
    return number;
  }
  return 0;
}

// MARK: What it does

enum { WINDOW_PAGES = 32 };
static volatile uint32_t window[WINDOW_PAGES][FRAME / 4] __attribute__((aligned(4096)));
static uint32_t pool[WINDOW_PAGES][FRAME / 4] __attribute__((aligned(4096)));
static volatile uint32_t invalid_opcodes, page_faults;

/// A page of the window that is missing comes from the pool.
void trap(struct frame *frame) {
  if (frame->vector == INVALID_OPCODE) {
    invalid_opcodes++;
    frame->eip += 2;  // UD2 has two bytes
    return;
  }
  uint32_t address = fault_address(), page = (address - (uint32_t)window) / FRAME;
  if (page >= WINDOW_PAGES) {
    print("page fault outside the window\n");
    power_off();
  }
  page_faults++;
  set_entry(address & ~(uint32_t)(FRAME - 1), (uint32_t)pool[page]);
}

static void check_lock(void) {
  interrupts_on();
  int outside = interrupts_are_on();
  interrupts_off();
  int inside = interrupts_are_on();
  interrupts_on();
  print(inside    ? "lock: taken with interrupts on\n"
        : outside ? "lock: ok\n"
                  : "lock: interrupts never came on\n");
}

/// Takes pages away and touches them.
static void check_paging(uint32_t count) {
  for (uint32_t page = 0; page < count; page++) {
    pool[page][1] = page * 3 + 1;
    set_entry((uint32_t)window[page], 0);
  }
  uint32_t sum = 0;
  for (uint32_t page = 0; page < count; page++) sum += window[page][1];
  print_number(page_faults);
  print(" page faults, sum ");
  print_number(sum);
  print("\n");
}

int main(uint32_t magic, const void *information) {
  start(magic, information);
  uint16_t cs;
  __asm__ volatile("mov %0, cs" : "=r"(cs));
  print("kernel in ring ");
  print_number(cs & 3);
  print("\n");
  load_gates();
  __asm__ volatile("ud2" : : : "memory");
  print_number(invalid_opcodes);
  print(" invalid opcode met\n");
  check_lock();
  uint32_t pages = pages_wanted();
  check_paging(pages < WINDOW_PAGES ? pages : WINDOW_PAGES);
  print("done\n");
  power_off();
  return 0;
}
