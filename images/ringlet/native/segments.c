/// The segment table. All segments are flat, 0 to 4 GiB: what keeps programs out of the kernel
/// is paging. Segments are here for their privilege levels, and for the TSS, where the
/// processor finds the kernel stack when it leaves ring 3.
#include "../../common/tables.h"
#include "native.h"

enum {
  PRESENT = 0x80,
  RING3 = 3 << 5,
  CODE = 0x1a,       // code or data, executable, readable
  DATA = 0x12,       // code or data, writable
  TSS32 = 0x09,      // system: 32-bit task state, available
  PAGES_32BIT = 0xc  // limit counts 4 KiB pages; 32-bit operands
};

/// Only the ring-0 stack is ever read: we switch processes in software.
static struct task_segment task_state;

static uint64_t table[6];

void native_load_segments(void) {
  task_state.ss0 = KERNEL_DATA;
  task_state.io_map = sizeof task_state;  // beyond the limit: no port is open to ring 3
  table[1] = descriptor(0, 0xfffff, PRESENT | CODE, PAGES_32BIT);
  table[2] = descriptor(0, 0xfffff, PRESENT | DATA, PAGES_32BIT);
  table[3] = descriptor(0, 0xfffff, PRESENT | RING3 | CODE, PAGES_32BIT);
  table[4] = descriptor(0, 0xfffff, PRESENT | RING3 | DATA, PAGES_32BIT);
  table[5] = descriptor((uint32_t)&task_state, sizeof task_state - 1, PRESENT | TSS32, 0);

  struct table_pointer pointer = {sizeof table - 1, (uint32_t)table};
  __asm__ volatile(
    "lgdt %0\n"
    "mov ds, %1; mov es, %1; mov ss, %1\n"
    "push 0x08; lea eax, [1f]; push eax; retf\n"  // CS changes only by a far transfer
    "1: ltr %w2"
    : : "m"(pointer), "r"(KERNEL_DATA), "r"(TASK_STATE) : "eax", "memory");
  __asm__ volatile("mov fs, %0; mov gs, %0" : : "r"(0));
}

void native_set_kernel_stack(uint32_t top) { task_state.esp0 = top; }
