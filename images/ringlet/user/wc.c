/// Counts lines, words and bytes of what comes in.
#include "user.h"

int main(void) {
  static char buffer[512];
  uint32_t lines = 0, words = 0, bytes = 0;
  int in_word = 0;
  for (int count; (count = read(0, buffer, sizeof buffer)) > 0; bytes += (uint32_t)count)
    for (int index = 0; index < count; index++) {
      int is_space = buffer[index] == ' ' || buffer[index] == '\n';
      if (buffer[index] == '\n') lines++;
      if (!is_space && !in_word) words++;
      in_word = !is_space;
    }
  print("%u %u %u\n", lines, words, bytes);
  return 0;
}
