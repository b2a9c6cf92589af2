/// The processes.
#include "user.h"

int main(void) {
  struct process_info list[32];
  int count = ps(list, 32);
  print("pid of  pages ticks  calls name\n");
  for (int index = 0; index < count; index++) {
    const struct process_info *info = &list[index];
    print("~%2u %2u %c %4u %5u %6u %s\n", info->pid, info->parent, info->state, info->pages,
          info->times.ticks, info->times.calls, info->name);
  }
  return 0;
}
