/// Our own output: to the serial line, and to the screen where the cursor is. The guest has the
/// same screen, so nothing is remembered here between two characters.
#include "tinysvm.h"
#include <stdarg.h>

enum { COLUMNS = 80, ROWS = 25, GREY = 0x0700 };
enum { COM1 = 0x3f8, TRANSMITTER_FREE = 0x20, CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5 };

static volatile uint16_t *const screen = (volatile uint16_t *)0xb8000;

void console_start(void) {
  outb(COM1 + 3, 0x80);  // the next two are the divisor:
  outb(COM1 + 0, 1);     // 115200 bits a second
  outb(COM1 + 1, 0);
  outb(COM1 + 3, 0x03);  // 8 bits, no parity
  outb(COM1 + 2, 0);     // no queue
}

static uint8_t crtc(uint8_t index) {
  outb(CRTC_INDEX, index);
  return inb(CRTC_DATA);
}

static void screen_put(char character) {
  unsigned position = crtc(0x0e) << 8 | crtc(0x0f);
  if (position >= COLUMNS * ROWS) position = 0;
  if (character == '\n')
    position += COLUMNS - position % COLUMNS;
  else
    screen[position++] = GREY | (uint8_t)character;
  if (position >= COLUMNS * ROWS) {
    position -= COLUMNS;
    for (unsigned cell = 0; cell < position; cell++) screen[cell] = screen[cell + COLUMNS];
    for (unsigned cell = 0; cell < COLUMNS; cell++) screen[position + cell] = GREY | ' ';
  }
  outb(CRTC_INDEX, 0x0e);
  outb(CRTC_DATA, (uint8_t)(position >> 8));
  outb(CRTC_INDEX, 0x0f);
  outb(CRTC_DATA, position & 0xff);
}

static void put(char character) {
  if (character == '\n') put('\r');
  while (!(inb(COM1 + 5) & TRANSMITTER_FREE)) {}
  outb(COM1, (uint8_t)character);
  if (character != '\r') screen_put(character);
}

static void put_number(uint32_t value, uint32_t base, unsigned width) {
  char digits[12];
  unsigned count = 0;
  do digits[count++] = "0123456789abcdef"[value % base];
  while (value /= base);
  while (width-- > count) put(' ');
  while (count) put(digits[--count]);
}

/// %s, %x (hexadecimal) and %u (decimal, seven places).
void print(const char *format, ...) {
  va_list values;
  va_start(values, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char *text = va_arg(values, const char *); *text; text++) put(*text);
        break;
      case 'x': put_number(va_arg(values, uint32_t), 16, 0); break;
      case 'u': put_number(va_arg(values, uint32_t), 10, 7); break;
    }
  }
  va_end(values);
}
