/// Its arguments.
#include "user.h"

int main(int count, char **arguments) {
  for (int index = 1; index < count; index++)
    print("%s%s", arguments[index], index + 1 < count ? " " : "");
  print("\n");
  return 0;
}
