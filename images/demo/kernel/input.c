/// Input: the serial line and the keyboard, each with its interrupt, into one queue.
#include "../../common/io.h"
#include "kernel.h"

enum { COM1 = 0x3f8, DATA_READY = 1 };
enum { KEYBOARD_DATA = 0x60, KEYBOARD_STATUS = 0x64, OUTPUT_FULL = 1, INPUT_FULL = 2 };

static uint8_t queue[64];
static unsigned head, tail;

static void put(uint8_t byte) {
  if (tail - head == sizeof queue) return;  // full: the byte is lost
  queue[tail++ % sizeof queue] = byte;
}

/// The oldest byte, or -1 if there is none.
int input_take(void) { return head == tail ? -1 : queue[head++ % sizeof queue]; }

void serial_interrupt(void) {
  // A bus with no serial port on it reads FFh, which would look ready for ever.
  for (uint8_t status; (status = inb(COM1 + 5)) & DATA_READY && status != 0xff;)
    put(inb(COM1));
}

/// Scan codes 0-57 of an American keyboard: a key's code is its place.
static const char plain[] = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0*\0 ";
static const char shifted[] = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0*\0 ";
enum { LEFT_SHIFT = 0x2a, RIGHT_SHIFT = 0x36, RELEASED = 0x80 };

void keyboard_interrupt(void) {
  static int shift;
  if (!(inb(KEYBOARD_STATUS) & OUTPUT_FULL)) return;
  uint8_t code = inb(KEYBOARD_DATA);
  uint8_t key = code & ~RELEASED;
  if (key == LEFT_SHIFT || key == RIGHT_SHIFT) {
    shift = !(code & RELEASED);
  } else if (!(code & RELEASED) && key < sizeof plain - 1) {
    char character = (shift ? shifted : plain)[key];
    if (character) put((uint8_t)character);
  }
}

/// Gives the keyboard controller time to take a byte, but not for ever: it may be absent.
static void keyboard_send(uint16_t port, uint8_t byte) {
  for (unsigned tries = 0; tries < 10000 && inb(KEYBOARD_STATUS) & INPUT_FULL; tries++) {}
  outb(port, byte);
}

void input_init(void) {
  keyboard_send(KEYBOARD_STATUS, 0xae);  // keyboard on
  keyboard_send(KEYBOARD_STATUS, 0x60);  // the next byte is its command byte:
  keyboard_send(KEYBOARD_DATA, 0x45);    // interrupts, translated to the scan codes above
  outb(COM1 + 1, 1);                     // interrupt when a byte has come
  outb(COM1 + 4, 0x0b);                  // OUT2 lets the interrupt through to the bus
}
