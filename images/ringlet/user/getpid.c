/// The shortest system call, many times: into ring 0 and back, and nothing else.
#include "user.h"

int main(int count, char **arguments) {
  uint32_t rounds = argument_number(count, arguments, 1000);
  struct times before, after;
  int start = time(), pid = 0;
  times(&before);
  for (uint32_t round = 0; round < rounds; round++) pid = getpid();
  times(&after);
  print("~ pid %d, %d ticks\n", pid, time() - start);
  print("%u system calls\n", after.calls - before.calls - 1);  // without times itself
  return 0;
}
