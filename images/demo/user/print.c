/// Formatted text: %s text, %u decimal, %x eight hexadecimal digits, %w four; a digit
/// before the letter pads on the left, for %s on the right.
#include "user.h"

#include <stdarg.h>

struct line {
  char *text;
  uint32_t room, length;
};

static void put(struct line *line, char character) {
  if (line->length < line->room) line->text[line->length++] = character;
}

static void put_number(struct line *line, uint32_t number, uint32_t base, uint32_t width,
                       char padding) {
  char digits[10];
  uint32_t count = 0;
  do {
    digits[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number);
  for (; width > count; width--) put(line, padding);
  while (count) put(line, digits[--count]);
}

static void put_text(struct line *line, const char *text, uint32_t width) {
  for (; *text; text++) {
    put(line, *text);
    if (width) width--;
  }
  while (width--) put(line, ' ');
}

static void format_into(struct line *line, const char *format, va_list arguments) {
  for (; *format; format++) {
    if (*format != '%') {
      put(line, *format);
      continue;
    }
    uint32_t width = 0;
    while (*++format >= '0' && *format <= '9') width = width * 10 + (uint32_t)(*format - '0');
    switch (*format) {
      case 's': put_text(line, va_arg(arguments, const char *), width); break;
      case 'u': put_number(line, va_arg(arguments, uint32_t), 10, width, ' '); break;
      case 'x': put_number(line, va_arg(arguments, uint32_t), 16, 8, '0'); break;
      case 'w': put_number(line, va_arg(arguments, uint32_t), 16, 4, '0'); break;
    }
  }
}

uint32_t format_text(char *to, uint32_t room, const char *format, ...) {
  struct line line = {to, room, 0};
  va_list arguments;
  va_start(arguments, format);
  format_into(&line, format, arguments);
  va_end(arguments);
  return line.length;
}

void print(const char *format, ...) {
  char text[128];
  struct line line = {text, sizeof text, 0};
  va_list arguments;
  va_start(arguments, format);
  format_into(&line, format, arguments);
  va_end(arguments);
  ask(SYS_WRITE, (uint32_t)text, line.length);
}
