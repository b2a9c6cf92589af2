/// Divides by zero, unprepared: the processor raises #DE, and the kernel ends the program. A
/// child does it, so that its parent can tell of it.
#include "user.h"

/// In C the outcome would be undefined, and the compiler could do as it likes.
static int divide(uint32_t dividend, uint32_t divisor) {
  __asm__ volatile("xor edx, edx; div %1" : "+a"(dividend) : "r"(divisor) : "edx", "cc");
  return (int)dividend;
}

int main(void) {
  int status = 0;
  if (fork() == 0) return divide(1, 0);
  wait(&status);
  if (status >= STATUS_FAULT) print("the child died of vector %d\n", status - STATUS_FAULT);
  else print("the child returned %d\n", status);
  return 0;
}
