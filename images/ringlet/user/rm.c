/// Removes files.
#include "user.h"

int main(int count, char **arguments) {
  for (int index = 1; index < count; index++)
    if (unlink(arguments[index]) < 0) print("%s: cannot be removed\n", arguments[index]);
  return 0;
}
