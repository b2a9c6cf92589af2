/// Interrupts interrupt us, not the guest: we note the vector, and offer it to the guest as a
/// virtual one, which the processor delivers when the guest's own IF allows it. The guest tells
/// the real controllers that it is done.
#include "../common/tables.h"
#include "tinysvm.h"

extern uint8_t interrupt_stubs[];  // eight bytes each, from vector 32 on
void interrupt(uint32_t vector);

enum { FIRST_VECTOR = 32, VECTORS = 256, STUB_SIZE = 8 };

static struct gate table[VECTORS];

/// Vectors that came and were not yet offered.
static volatile uint8_t waiting[VECTORS];

/// Called by the stubs.
void interrupt(uint32_t vector) { waiting[vector] = 1; }

int interrupt_waits(void) {
  for (unsigned vector = FIRST_VECTOR; vector < VECTORS; vector++)
    if (waiting[vector]) return (int)vector;
  return 0;
}

void offer_interrupt(struct vmcb *vmcb) {
  int vector = interrupt_waits();
  if (!vector || vmcb->v_irq) return;
  waiting[vector] = 0;
  vmcb->v_irq = 1;
  vmcb->v_vector = (uint8_t)vector;
  vmcb->v_priority = 1 << 4;
}

/// The controllers start silent, and away from the exceptions; the guest sets them up for itself.
static void silence_controllers(void) {
  static const uint8_t steps[][3] = {{0x11, 0x11}, {32, 40}, {4, 2}, {1, 1}, {0xff, 0xff}};
  for (unsigned step = 0; step < 5; step++) {
    outb(step ? 0x21 : 0x20, steps[step][0]);
    outb(step ? 0xa1 : 0xa0, steps[step][1]);
  }
}

void start_interrupts(void) {
  silence_controllers();
  for (unsigned vector = FIRST_VECTOR; vector < VECTORS; vector++) {
    uint32_t stub = (uint32_t)interrupt_stubs + (vector - FIRST_VECTOR) * STUB_SIZE;
    table[vector] = (struct gate){(uint16_t)stub, 0x08, 0, 0x8e, (uint16_t)(stub >> 16)};
  }
  struct {
    uint16_t limit;
    uint32_t base;
  } __attribute__((packed)) pointer = {sizeof table - 1, (uint32_t)table};
  __asm__ volatile("lidt %0" : : "m"(pointer));
}
