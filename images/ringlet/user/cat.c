/// Files, one after the other, or what comes in.
#include "user.h"

static void copy(int file) {
  static char buffer[512];
  for (int count; (count = read(file, buffer, sizeof buffer)) > 0;)
    if (write(1, buffer, (uint32_t)count) != count) return;
}

int main(int count, char **arguments) {
  if (count == 1) copy(0);
  for (int index = 1; index < count; index++) {
    int file = open(arguments[index], OPEN_READ);
    if (file < 0) {
      print("%s: no such file\n", arguments[index]);
      continue;
    }
    copy(file);
    close(file);
  }
  return 0;
}
