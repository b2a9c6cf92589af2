/// Ends processes, by number.
#include "user.h"

int main(int count, char **arguments) {
  for (int index = 1; index < count; index++)
    if (kill((int)number_in(arguments[index])) < 0)
      print("%s: cannot be ended\n", arguments[index]);
  return 0;
}
