/// The two interrupt controllers and the timer.
#include "native.h"

enum {
  MASTER = 0x20, MASTER_DATA = 0x21, SLAVE = 0xa0, SLAVE_DATA = 0xa1,
  INITIALISE = 0x11, END_OF_INTERRUPT = 0x20, FIRST_VECTOR = 32,
};

/// IRQ 0-15 become vectors 32-47: where they start out, 8-15, they would look like faults.
static void controllers_start(void) {
  outb(MASTER, INITIALISE);
  outb(SLAVE, INITIALISE);
  outb(MASTER_DATA, FIRST_VECTOR);
  outb(SLAVE_DATA, FIRST_VECTOR + 8);
  outb(MASTER_DATA, 1 << 2);  // a slave hangs on line 2
  outb(SLAVE_DATA, 2);        // and this is its number
  outb(MASTER_DATA, 1);       // 8086 mode
  outb(SLAVE_DATA, 1);
  outb(MASTER_DATA, 0xff & ~(1 << 0 | 1 << 1 | 1 << 4));  // timer, keyboard, COM1
  outb(SLAVE_DATA, 0xff);
}

/// A line that drops before the controller could name it is reported as line 7, which is not
/// ours and wants no answer.
void native_end_of_interrupt(unsigned irq) {
  if (irq != 7) outb(MASTER, END_OF_INTERRUPT);
}

static void timer_start(unsigned hz) {
  enum { INPUT_HZ = 1193182 };
  unsigned divisor = INPUT_HZ / hz;
  outb(0x43, 0x34);  // counter 0, both bytes, mode 2: one pulse per period
  outb(0x40, divisor & 0xff);
  outb(0x40, (uint8_t)(divisor >> 8));
}

void native_start_devices(unsigned hz) {
  controllers_start();
  timer_start(hz);
  native_input_start();
}
