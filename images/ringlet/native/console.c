/// Output: the same text to the VGA text screen and to the serial line.
#include "native.h"

enum { COLUMNS = 80, ROWS = 25, GREY = 0x0700 };
enum { COM1 = 0x3f8, TRANSMITTER_FREE = 0x20, CRTC_INDEX = 0x3d4, CRTC_DATA = 0x3d5 };

/// One 16-bit cell per character: code below, colours above.
static volatile uint16_t *const screen = (volatile uint16_t *)0xb8000;
static unsigned row, column;

static void serial_start(void) {
  outb(COM1 + 3, 0x80);  // the next two are the divisor:
  outb(COM1 + 0, 1);     // 115200 bits a second
  outb(COM1 + 1, 0);
  outb(COM1 + 3, 0x03);  // 8 bits, no parity
  outb(COM1 + 2, 0);     // no queue
}

static void serial_put(char character) {
  while (!(inb(COM1 + 5) & TRANSMITTER_FREE)) {}
  outb(COM1, (uint8_t)character);
}

static void clear(unsigned from, unsigned to) {
  while (from < to) screen[from++] = GREY | ' ';
}

static void show_cursor(void) {
  unsigned position = row * COLUMNS + column;
  outb(CRTC_INDEX, 0x0e);
  outb(CRTC_DATA, (uint8_t)(position >> 8));
  outb(CRTC_INDEX, 0x0f);
  outb(CRTC_DATA, position & 0xff);
}

static void next_row(void) {
  column = 0;
  if (++row < ROWS) return;
  row--;
  unsigned last = (ROWS - 1) * COLUMNS;
  for (unsigned cell = 0; cell < last; cell++) screen[cell] = screen[cell + COLUMNS];
  clear(last, ROWS * COLUMNS);
}

static void screen_put(char character) {
  if (character == '\n') {
    next_row();
  } else if (character == '\b') {
    if (column > 0) column--;
  } else {
    screen[row * COLUMNS + column] = GREY | (uint8_t)character;
    if (++column == COLUMNS) next_row();
  }
  show_cursor();
}

void native_console_put(char character) {
  static int started;
  if (!started) {
    started = 1;
    serial_start();
    clear(0, COLUMNS * ROWS);
  }
  if (character == '\n') serial_put('\r');
  serial_put(character);
  screen_put(character);
}
