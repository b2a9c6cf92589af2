/// Output: the same text to the VGA text screen and to the serial line.
#include "../../common/io.h"
#include "../../common/memory.h"
#include "kernel.h"

#include <stdarg.h>

enum { COLUMNS = 80, ROWS = 25, FIRST_ROW = 1, GREY = 0x0700, REVERSE = 0x7000 };
enum { COM1 = 0x3f8, TRANSMITTER_FREE = 0x20, CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5 };

/// One 16-bit cell per character: code below, colours above.
static volatile uint16_t *const screen = (volatile uint16_t *)0xb8000;
static unsigned row = FIRST_ROW, column;

static void serial_put(char character) {
  while (!(inb(COM1 + 5) & TRANSMITTER_FREE)) {}
  outb(COM1, (uint8_t)character);
}

static void show_cursor(void) {
  unsigned position = row * COLUMNS + column;
  outb(CRTC_INDEX, 0x0e);
  outb(CRTC_DATA, position >> 8);
  outb(CRTC_INDEX, 0x0f);
  outb(CRTC_DATA, position & 0xff);
}

/// Row 0 holds the title and stays.
static void scroll(void) {
  for (unsigned cell = FIRST_ROW * COLUMNS; cell < (ROWS - 1) * COLUMNS; cell++)
    screen[cell] = screen[cell + COLUMNS];
  for (unsigned cell = (ROWS - 1) * COLUMNS; cell < ROWS * COLUMNS; cell++)
    screen[cell] = GREY | ' ';
}

static void screen_put(char character) {
  if (character == '\n') {
    column = 0;
    row++;
  } else if (character == '\b') {
    if (column > 0) column--;
  } else {
    screen[row * COLUMNS + column] = GREY | (uint8_t)character;
    column++;
  }
  if (column == COLUMNS) {
    column = 0;
    row++;
  }
  if (row == ROWS) {
    scroll();
    row--;
  }
  show_cursor();
}

void console_put(char character) {
  if (character == '\n') serial_put('\r');
  serial_put(character);
  screen_put(character);
}

/// The right corner of the title row; programs that are not at the prompt speak there.
void console_title(const char *text, size_t length) {
  enum { ROOM = 20 };
  for (unsigned index = 0; index < ROOM; index++)
    screen[COLUMNS - ROOM + index] = REVERSE | (uint8_t)(index < length ? text[index] : ' ');
}

void console_init(void) {
  outb(COM1 + 3, 0x80);  // the next two are the divisor:
  outb(COM1 + 0, 1);     // 115200 bits a second
  outb(COM1 + 1, 0);
  outb(COM1 + 3, 0x03);  // 8 bits, no parity
  outb(COM1 + 2, 0);     // no queue

  static const char title[] = " Ringside demo";
  for (unsigned cell = 0; cell < COLUMNS * ROWS; cell++)
    screen[cell] = cell < COLUMNS ? (REVERSE | ' ') : (GREY | ' ');
  for (unsigned index = 0; title[index]; index++)
    screen[index] = REVERSE | (uint8_t)title[index];
  show_cursor();
}

static void print_number(uint32_t number, uint32_t base, unsigned digits) {
  char text[10];
  unsigned count = 0;
  do {
    text[count++] = "0123456789abcdef"[number % base];
    number /= base;
  } while (number || count < digits);
  while (count) console_put(text[--count]);
}

/// %s text, %u decimal, %x eight hexadecimal digits, %w four, %b two.
void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      console_put(*format);
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char *text = va_arg(arguments, const char *); *text; text++)
          console_put(*text);
        break;
      case 'u': print_number(va_arg(arguments, uint32_t), 10, 1); break;
      case 'x': print_number(va_arg(arguments, uint32_t), 16, 8); break;
      case 'w': print_number(va_arg(arguments, uint32_t), 16, 4); break;
      case 'b': print_number(va_arg(arguments, uint32_t), 16, 2); break;
    }
  }
  va_end(arguments);
}

/// The kernel itself failed: say where and stop.
_Noreturn void panic(const struct frame *frame) {
  print("\nkernel: vector %u error %w\n", frame->vector, frame->error);
  print("cs %w eip %x\n", frame->cs, frame->eip);
  print("eflags %x\n", frame->eflags);
  for (;;) halt_forever();
}
