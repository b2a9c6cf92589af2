/// Formatted text to file 1, line by line.
#include "user.h"

#include <stdarg.h>

struct line {
  char text[120];
  uint32_t length;
};

static void flush(struct line *line) {
  if (line->length) write(1, line->text, line->length);
  line->length = 0;
}

static void put(struct line *line, char character) {
  line->text[line->length++] = character;
  if (line->length == sizeof line->text) flush(line);
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

static void put_signed(struct line *line, int number, uint32_t width) {
  if (number < 0) put(line, '-');
  put_number(line, (uint32_t)(number < 0 ? -number : number), 10, width, ' ');
}

void print(const char *format, ...) {
  struct line line = {.length = 0};
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(&line, *format);
      continue;
    }
    uint32_t width = 0;
    while (*++format >= '0' && *format <= '9') width = width * 10 + (uint32_t)(*format - '0');
    switch (*format) {
      case 's': put_text(&line, va_arg(arguments, const char *), width); break;
      case 'u': put_number(&line, va_arg(arguments, uint32_t), 10, width, ' '); break;
      case 'd': put_signed(&line, va_arg(arguments, int), width); break;
      case 'x': put_number(&line, va_arg(arguments, uint32_t), 16, 8, '0'); break;
      case 'w': put_number(&line, va_arg(arguments, uint32_t), 16, 4, '0'); break;
      case 'c': put(&line, (char)va_arg(arguments, int)); break;
    }
  }
  va_end(arguments);
  flush(&line);
}

void print_fault(const char *what, const struct fault *fault) {
  static const char *const names[] = {"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM",
                                      "#DF", "#9",  "#TS", "#NP", "#SS", "#GP", "#PF"};
  if (fault->vector < 0) {
    print("%16s let through\n", what);
  } else if (fault->vector == 14) {
    print("%16s #PF(%w) %x\n", what, fault->error, fault->address);
  } else if (fault->vector < 14) {
    print("%16s %s(%w)\n", what, names[fault->vector], fault->error);
  } else {
    print("%16s vector %d\n", what, fault->vector);
  }
}
