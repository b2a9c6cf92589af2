/// Ports belong to the kernel: IOPL is 0, and the TSS opens none to ring 3.
#include "user.h"

static void read_timer(void) { __asm__ volatile("in al, 0x40" : : : "eax"); }
static void write_post(void) { __asm__ volatile("out 0x80, al"); }
static void write_serial(void) { __asm__ volatile("out dx, al" : : "a"('!'), "d"(0x3f8)); }

int main(void) {
  struct fault fault;
  attempt(&fault, read_timer);
  print_fault("in al, 40h", &fault);
  attempt(&fault, write_post);
  print_fault("out 80h, al", &fault);
  attempt(&fault, write_serial);
  print_fault("out dx, al", &fault);
  return 0;
}
