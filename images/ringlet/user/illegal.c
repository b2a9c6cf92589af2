/// Touches memory that is there but not ours, ours but not to be written, or not there. The
/// error code's bits: 1 the page is there, 2 it was a write, 4 it was ring 3.
#include "user.h"

static void read_kernel(void) { (void)*(volatile int *)0x100000; }
static void write_kernel(void) { *(volatile int *)0x100000 = 0; }
static void read_null(void) { (void)*(volatile int *)(uintptr_t)4; }
static void write_code(void) { *(volatile char *)(uintptr_t)read_null = 0; }
static void read_nowhere(void) { (void)*(volatile int *)0x70000000; }

int main(void) {
  static const struct {
    const char *what;
    void (*action)(void);
  } attempts[] = {
    {"read the kernel", read_kernel}, {"write the kernel", write_kernel},
    {"read at 4", read_null},         {"write our code", write_code},
    {"read nowhere", read_nowhere},
  };
  for (uint32_t index = 0; index < sizeof attempts / sizeof *attempts; index++) {
    struct fault fault;
    attempt(&fault, attempts[index].action);
    print_fault(attempts[index].what, &fault);
  }
  return 0;
}
