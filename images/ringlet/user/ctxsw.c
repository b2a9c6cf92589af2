/// Two processes hand a byte to and fro through two pipes: neither can go on without the other,
/// so every byte is a context switch.
#include "user.h"

static void echo(int from, int to) {
  char byte;
  while (read(from, &byte, 1) == 1) write(to, &byte, 1);
}

int main(int count, char **arguments) {
  uint32_t rounds = argument_number(count, arguments, 100), done = 0;
  int there[2], back[2];
  if (pipe(there) < 0 || pipe(back) < 0) return 1;
  if (fork() == 0) {
    close(there[1]);
    close(back[0]);
    echo(there[0], back[1]);
    return 0;
  }
  close(there[0]);
  close(back[1]);
  struct times before, after;
  times(&before);
  for (char byte = 'x'; done < rounds; done++)
    if (write(there[1], &byte, 1) != 1 || read(back[0], &byte, 1) != 1) break;
  times(&after);
  close(there[1]);
  wait(NULL);
  print("%u times there and back\n", done);
  print("~ %u switches to this process\n", after.switches - before.switches);
  return 0;
}
