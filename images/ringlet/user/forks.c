/// Children, one after the other. Each shares all its pages with its parent until it writes to
/// one: `shared` says 1 here for ever, whatever a child makes of its copy.
#include "user.h"

static volatile int shared = 1;

static int child(void) {
  struct times before, after;
  times(&before);
  shared = 2;
  times(&after);
  return shared == 2 && after.faults > before.faults ? 7 : 1;
}

int main(int count, char **arguments) {
  uint32_t rounds = argument_number(count, arguments, 10), good = 0;
  int start = time();
  for (uint32_t round = 0; round < rounds; round++) {
    int pid = fork(), status = 0;
    if (pid == 0) exit(child());
    if (pid > 0 && wait(&status) == pid && status == 7) good++;
  }
  print("%u of %u children wrote\n", good, rounds);
  print("the parent still has %d\n", shared);
  print("~ %d ticks\n", time() - start);
  return 0;
}
