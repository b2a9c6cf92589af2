/// Input: the serial line and the keyboard, each with its interrupt.
#include "native.h"

enum { COM1 = 0x3f8, DATA_READY = 1 };
enum { KEYBOARD_DATA = 0x60, KEYBOARD_STATUS = 0x64, OUTPUT_FULL = 1, INPUT_FULL = 2 };

/// Scan codes 0-57 of an American keyboard: a key's code is its place.
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
enum { LEFT_SHIFT = 0x2a, RIGHT_SHIFT = 0x36, CONTROL = 0x1d, RELEASED = 0x80 };

/// Keys that stand for an escape sequence, as terminals send it: ESC [ and a letter.
static char arrow(uint8_t key) {
  switch (key) {
    case 0x48: return 'A';  // up
    case 0x50: return 'B';  // down
    case 0x4d: return 'C';  // right
    case 0x4b: return 'D';  // left
    case 0x47: return 'H';  // home
    case 0x4f: return 'F';  // end
    default: return 0;
  }
}

/// What a scan code means: a character; 0 if nothing; with an arrow, ESC, and the rest waits.
static int decode(uint8_t code, const char **rest) {
  static int shift, control;
  static char sequence[] = "[?";
  uint8_t key = code & ~RELEASED;
  int pressed = !(code & RELEASED);
  if (key == LEFT_SHIFT || key == RIGHT_SHIFT) shift = pressed;
  if (key == CONTROL) control = pressed;
  if (!pressed) return 0;
  if (arrow(key)) {
    sequence[1] = arrow(key);
    *rest = sequence;
    return 033;
  }
  if (key >= sizeof plain - 1) return 0;
  char character = (shift ? shifted : plain)[key];
  return control ? character & 0x1f : character;
}

/// The next byte from either source, or -1.
int native_console_get(void) {
  static const char *rest = "";
  if (*rest) return *rest++;
  // A bus with no serial port on it reads FFh, which would look ready for ever.
  uint8_t status = inb(COM1 + 5);
  if (status & DATA_READY && status != 0xff) return inb(COM1);
  while ((status = inb(KEYBOARD_STATUS)) & OUTPUT_FULL && status != 0xff) {
    int character = decode(inb(KEYBOARD_DATA), &rest);
    if (character) return character;
  }
  return -1;
}

/// Gives the keyboard controller time to take a byte, but not for ever: it may be absent.
static void keyboard_send(uint16_t port, uint8_t byte) {
  for (unsigned tries = 0; tries < 10000 && inb(KEYBOARD_STATUS) & INPUT_FULL; tries++) {}
  outb(port, byte);
}

void native_input_start(void) {
  keyboard_send(KEYBOARD_STATUS, 0xae);  // keyboard on
  keyboard_send(KEYBOARD_STATUS, 0x60);  // the next byte is its command byte:
  keyboard_send(KEYBOARD_DATA, 0x45);    // interrupts, translated to the scan codes above
  // A byte that lies there already has announced itself to nobody, and until it is taken no
  // other comes.
  for (unsigned tries = 0; tries < 100 && inb(KEYBOARD_STATUS) & OUTPUT_FULL; tries++)
    inb(KEYBOARD_DATA);
  outb(COM1 + 1, 1);                     // interrupt when a byte has come
  outb(COM1 + 4, 0x0b);                  // OUT2 lets the interrupt through to the bus
}
