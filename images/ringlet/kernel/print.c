/// Messages of the kernel itself.
#include "kernel.h"

#include <stdarg.h>

static void print_number(uint32_t number, uint32_t base, unsigned digits) {
  char text[10];
  unsigned count = 0;
  do {
    text[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number || count < digits);
  while (count) machine->console_put(text[--count]);
}

static void print_text(const char *text) {
  while (*text) machine->console_put(*text++);
}

/// %s text, %u decimal, %x eight hexadecimal digits, %w four.
void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      machine->console_put(*format);
      continue;
    }
    switch (*++format) {
      case 's': print_text(va_arg(arguments, const char *)); break;
      case 'u': print_number(va_arg(arguments, uint32_t), 10, 1); break;
      case 'x': print_number(va_arg(arguments, uint32_t), 16, 8); break;
      case 'w': print_number(va_arg(arguments, uint32_t), 16, 4); break;
    }
  }
  va_end(arguments);
}

/// The kernel cannot trust itself any more: say why, and stop.
_Noreturn void panic(const char *reason) {
  machine->interrupts_off();
  print("\npanic: %s\n", reason);
  machine->power_off(1);
}
