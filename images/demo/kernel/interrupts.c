/// The interrupt table, the two interrupt controllers and the timer.
#include "../../common/io.h"
#include "../../common/tables.h"
#include "kernel.h"

extern void (*const stubs[])(void);

static struct gate table[VECTOR_SYSTEM_CALL + 1];

enum {
  GATE_INTERRUPT = 0x8e,  // present, DPL 0, 32-bit; clears IF on the way in
  GATE_USER = 0xee,       // the same with DPL 3: INT from ring 3 may pass it
};

static void set_gate(unsigned vector, void (*handler)(void), uint8_t access) {
  uint32_t offset = (uint32_t)handler;
  table[vector].offset_low = (uint16_t)offset;
  table[vector].offset_high = offset >> 16;
  table[vector].selector = KERNEL_CODE;
  table[vector].access = access;
}

enum {
  MASTER = 0x20, MASTER_DATA = 0x21, SLAVE = 0xa0, SLAVE_DATA = 0xa1,
  INITIALISE = 0x11, READ_IN_SERVICE = 0x0b, END_OF_INTERRUPT = 0x20,
};

/// IRQ 0-15 become vectors 32-47: where they start out, 8-15, they would look like faults.
static void controllers_init(void) {
  outb(MASTER, INITIALISE);
  outb(SLAVE, INITIALISE);
  outb(MASTER_DATA, VECTOR_IRQ0);
  outb(SLAVE_DATA, VECTOR_IRQ0 + 8);
  outb(MASTER_DATA, 1 << 2);  // a slave hangs on line 2
  outb(SLAVE_DATA, 2);        // and this is its number
  outb(MASTER_DATA, 1);       // 8086 mode
  outb(SLAVE_DATA, 1);
  outb(MASTER_DATA, 0xff & ~(1 << 0 | 1 << 1 | 1 << 4));  // timer, keyboard, COM1
  outb(SLAVE_DATA, 0xff);
}

/// A line that drops before the controller could name it is reported as line 7.
int irq_is_spurious(unsigned irq) {
  if (irq != 7) return 0;
  outb(MASTER, READ_IN_SERVICE);
  return !(inb(MASTER) & 1 << 7);
}

void irq_done(unsigned irq) {
  if (irq >= 8) outb(SLAVE, END_OF_INTERRUPT);
  outb(MASTER, END_OF_INTERRUPT);
}

static void timer_init(void) {
  enum { INPUT_HZ = 1193182, DIVISOR = INPUT_HZ / TICKS_PER_SECOND };
  outb(0x43, 0x34);  // counter 0, both bytes, mode 2: one pulse per period
  outb(0x40, DIVISOR & 0xff);
  outb(0x40, DIVISOR >> 8);
}

void interrupts_init(void) {
  for (unsigned vector = 0; vector < 48; vector++)
    set_gate(vector, stubs[vector], GATE_INTERRUPT);
  set_gate(VECTOR_SYSTEM_CALL, stubs[48], GATE_USER);

  struct {
    uint16_t limit;
    uint32_t base;
  } __attribute__((packed)) pointer = {sizeof table - 1, (uint32_t)table};
  __asm__ volatile("lidt %0" : : "m"(pointer));
  controllers_init();
  timer_init();
}
