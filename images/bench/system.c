/// What only a kernel does. In each program the loop around it is a small part of the work.
#include "bench.h"
#include "../common/io.h"

static inline void load_cr3(uint32_t value) {
  __asm__ volatile("mov cr3, %0" : : "r"(value) : "memory");
}

static inline void invalidate(uint32_t address) {
  __asm__ volatile("invlpg [%0]" : : "r"(address) : "memory");
}

static inline volatile uint32_t *in_window(uint32_t page) {
  return (volatile uint32_t *)(WINDOW + page * PAGE);
}

/// Two privilege changes: INT 80h from ring 3, and IRET.
uint32_t system_call(uint32_t count) { return call_from_ring3(count); }

/// A port where nothing is but a latch.
uint32_t port(uint32_t count) {
  uint32_t sum = 0;
  outb(0x80, 0x55);
  for (uint32_t n = 0; n < count; n++) {
    inb(0x80);
    sum = sum * 31 + n;
  }
  return sum;
}

/// A new CR3, and one load through it.
uint32_t cr3(uint32_t count) {
  uint32_t sum = 0;
  pool[0][0] = 3;
  pool[128][0] = 5;
  for (uint32_t n = 0; n < count; n++) {
    load_cr3((uint32_t)directories[n & 1]);
    sum = sum * 31 + *in_window(0);
  }
  load_cr3((uint32_t)directories[0]);
  return sum;
}

/// TS set and cleared, as kernels do that give the x87 to whoever asks.
uint32_t cr0(uint32_t count) {
  enum { TS = 8 };
  uint32_t value, sum = 0;
  __asm__ volatile("mov %0, cr0" : "=r"(value));
  for (uint32_t n = 0; n < count; n++) {
    value ^= TS;
    __asm__ volatile("mov cr0, %0" : : "r"(value));
    sum = sum * 31 + (value & TS);
  }
  return sum;
}

uint32_t calls(uint32_t count) { return six_calls(count, 1); }

/// A page fault that is cured, and the page taken away again.
uint32_t page_fault(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t page = n & 63;
    faulting_entry = &window[0][page];
    window[0][page] &= ~(uint32_t)PTE_PRESENT;
    invalidate((uint32_t)in_window(page));
    sum += ++*in_window(page);
  }
  return sum * 31 + page_faults + fault_sum;
}

uint32_t divide(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t low = n, high = 0, zero = 0;
    __asm__ volatile("div %2" : "+a"(low), "+d"(high) : "r"(zero) : "cc", "memory");
    sum = sum * 31 + low + high;
  }
  return sum + divide_faults;
}

/// A page that moves: its entry is written, the old translation dropped, the new one used.
uint32_t invlpg(uint32_t count) {
  uint32_t sum = 0;
  pool[0][0] = 3;
  pool[1][0] = 5;
  for (uint32_t n = 0; n < count; n++) {
    window[0][0] = pool_entry(n & 1);
    invalidate(WINDOW);
    sum = sum * 31 + *in_window(0);
  }
  return sum;
}

static uint32_t stack_pointers[2];
static uint32_t task_stack[1024];
uint32_t shared_sum;

void take_turn(void) {
  for (uint32_t page = 0; page < 8; page++) shared_sum = shared_sum * 31 + ++*in_window(page);
}

static void second_task(void) {
  for (;;) {
    take_turn();
    switch_stacks(&stack_pointers[1], stack_pointers[0], (uint32_t)directories[0]);
  }
}

/// Two tasks, each with a stack and an address space. One count is there and back.
uint32_t context(uint32_t count) {
  uint32_t *top = &task_stack[1024 - 8];
  top[4] = (uint32_t)second_task;     // below it four registers
  stack_pointers[1] = (uint32_t)top;
  for (uint32_t n = 0; n < count; n++) {
    take_turn();
    switch_stacks(&stack_pointers[0], stack_pointers[1], (uint32_t)directories[1]);
  }
  return shared_sum;
}

/// The UART wants to be served as soon as it may say so: its transmitter is empty.
uint32_t serial(uint32_t count) {
  enum { ENABLE = COM1 + 1, MODEM_CONTROL = COM1 + 4, WHEN_EMPTY = 2, OUT2 = 8 };
  listen_to(VECTOR_SERIAL - VECTOR_TIMER);
  outb(MODEM_CONTROL, OUT2);
  __asm__ volatile("sti");
  for (uint32_t n = 0; n < count; n++) {
    uint32_t before = serial_interrupts;
    outb(ENABLE, WHEN_EMPTY);
    while (serial_interrupts == before) {}
    outb(ENABLE, 0);
  }
  __asm__ volatile("cli");
  return serial_interrupts;
}

/// No line is let through, so nothing comes of IF.
uint32_t flags(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t value;
    __asm__ volatile("sti; nop; pushfd; cli; pop %0; push %0; popfd; cli"
                     : "=r"(value) : : "memory", "cc");
    sum = sum * 31 + (value & 0x200);
  }
  return sum;
}

uint32_t segments(uint32_t count) {
  load_segments(count);
  return count * 31;
}

/// The code's constant is written, and the code is run.
uint32_t modify(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    *(volatile uint32_t *)(modified_code + 1) = n;
    sum = sum * 31 + ((uint32_t (*)(void))modified_code)();
  }
  return sum;
}

/// Loads in so many pages, one after the other, that no TLB has them all.
uint32_t tlb(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t page = 0; page < 256; page++) pool[page][0] = page;
  for (uint32_t n = 0; n < count; n++) sum = sum * 31 + *in_window(n * 7 % WINDOW_PAGES);
  return sum;
}

/// A thousand wake-ups a second.
uint32_t idle(uint32_t count) {
  enum { PIT_COMMAND = 0x43, PIT_CHANNEL0 = 0x40, RATE_GENERATOR = 0x34, DIVISOR = 1193 };
  outb(PIT_COMMAND, RATE_GENERATOR);
  outb(PIT_CHANNEL0, DIVISOR & 0xff);
  outb(PIT_CHANNEL0, DIVISOR >> 8);
  listen_to(0);
  while (timer_ticks < count) wait_for_interrupt();
  return count;
}
