/// The interrupt table: what the processor does when something strikes.
#include "../../common/tables.h"
#include "native.h"

extern void (*const stubs[])(void);  // entry.S: vectors 0 to 47, then 80h

enum { SYSTEM_CALL = 0x80, LAST_STUB = 48 };

static struct gate table[SYSTEM_CALL + 1];

enum {
  GATE_INTERRUPT = 0x8e,  // present, DPL 0, 32-bit; clears IF on the way in
  GATE_USER = 0xee,       // the same with DPL 3: INT from ring 3 may pass it
};

static void set_gate(unsigned vector, void (*handler)(void), uint8_t access) {
  uint32_t offset = (uint32_t)handler;
  table[vector].offset_low = (uint16_t)offset;
  table[vector].offset_high = offset >> 16;
  table[vector].selector = KERNEL_CODE;
  table[vector].access = access;
}

void native_load_gates(void) {
  for (unsigned vector = 0; vector < LAST_STUB; vector++)
    set_gate(vector, stubs[vector], GATE_INTERRUPT);
  set_gate(SYSTEM_CALL, stubs[LAST_STUB], GATE_USER);
  struct table_pointer pointer = {sizeof table - 1, (uint32_t)table};
  __asm__ volatile("lidt %0" : : "m"(pointer));
}
