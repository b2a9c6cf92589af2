/// Port input and output, and the few instructions C has no word for.
#pragma once
#include <stdint.h>

static inline void outb(uint16_t port, uint8_t value) {
  __asm__ volatile("out %0, %1" : : "d"(port), "a"(value));
}

static inline uint8_t inb(uint16_t port) {
  uint8_t value;
  __asm__ volatile("in %0, %1" : "=a"(value) : "d"(port));
  return value;
}

/// Stops the processor until the next interrupt. STI lets no interrupt in before the
/// instruction after it, so none can slip between the two and be slept through.
static inline void wait_for_interrupt(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }

/// Stops for good: with interrupts off nothing wakes a halted processor.
static inline void halt_forever(void) {
  for (;;) __asm__ volatile("cli; hlt");
}
