/// Lines on the console. Every character is a byte to the serial port and a word in video
/// memory, and the serial port is asked each time whether it is ready.
#include "user.h"

int main(int count, char **arguments) {
  uint32_t lines = argument_number(count, arguments, 10);
  int start = time();
  for (uint32_t line = 1; line <= lines; line++) print("%3u the quick brown fox jumps\n", line);
  print("~ %d ticks\n", time() - start);
  return 0;
}
