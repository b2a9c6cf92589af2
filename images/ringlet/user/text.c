/// Texts end with a zero.
#include "user.h"

uint32_t length_of(const char *text) {
  uint32_t length = 0;
  while (text[length]) length++;
  return length;
}

int equal(const char *left, const char *right) {
  while (*left && *left == *right) left++, right++;
  return *left == *right;
}

uint32_t number_in(const char *text) {
  uint32_t value = 0;
  for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (uint32_t)(*text - '0');
  return value;
}

uint32_t argument_number(int count, char **arguments, uint32_t otherwise) {
  return count > 1 ? number_in(arguments[1]) : otherwise;
}
