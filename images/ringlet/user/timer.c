/// Sleeps ten ticks, some times over. While nobody works the processor halts, and only the
/// timer's interrupt brings it back.
#include "user.h"

int main(int count, char **arguments) {
  uint32_t rounds = argument_number(count, arguments, 5), punctual = 0;
  for (uint32_t round = 0; round < rounds; round++) {
    int start = time();
    sleep(10);
    int late = time() - start - 10;
    print("~ slept 10 ticks and %d\n", late);
    if (late >= 0) punctual++;
  }
  print("%u of %u not too early\n", punctual, rounds);
  return 0;
}
