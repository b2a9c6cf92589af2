/// Asks for memory, which costs nothing, then touches it: each page comes with a page fault.
/// The second walk meets none.
#include "user.h"

enum { PAGE = 4096 };

static uint32_t touch(uint32_t start, uint32_t pages) {
  struct times before, after;
  times(&before);
  for (uint32_t page = 0; page < pages; page++) *(volatile char *)(start + page * PAGE) = 1;
  times(&after);
  return after.faults - before.faults;
}

int main(int count, char **arguments) {
  uint32_t pages = argument_number(count, arguments, 16), start = brk(0);
  if ((int)brk(start + pages * PAGE) < 0) {
    print("no room for %u pages\n", pages);
    return 1;
  }
  print("%u pages at %x\n", pages, start);
  print("first walk  %u page faults\n", touch(start, pages));
  print("second walk %u page faults\n", touch(start, pages));
  return 0;
}
