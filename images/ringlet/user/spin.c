/// Works without giving way: others get their turn because the timer takes the processor away.
/// Try `spin 300 &`, then `ps`.
#include "user.h"

int main(int count, char **arguments) {
  int ticks = (int)argument_number(count, arguments, 50), end = time() + ticks;
  uint32_t rounds = 0;
  while (time() - end < 0) {
    for (volatile uint32_t step = 0; step < 1000; step++) {}
    rounds++;
  }
  print("%d ticks are over\n", ticks);
  print("~ %u thousand steps\n", rounds);
  return 0;
}
