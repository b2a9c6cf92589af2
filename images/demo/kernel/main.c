/// The kernel's start, in ring 0 with interrupts off.
#include "../../common/io.h"
#include "kernel.h"

enum { LOADER_MAGIC = 0x2badb002, MEMORY_SIZES = 1 };

/// The first words of what a Multiboot loader tells.
struct loader_information {
  uint32_t flags;
  uint32_t memory_low, memory_high;  // KiB below 1 MiB, and above it
};

_Noreturn void enter(struct frame *frame);

_Noreturn void kernel_main(uint32_t magic, const struct loader_information *information) {
  segments_init();
  interrupts_init();
  console_init();
  if (magic != LOADER_MAGIC) {
    print("not started by a Multiboot loader\n");
    halt_forever();
  }
  print("Ringside demo guest\n");
  if (information->flags & MEMORY_SIZES)
    print("memory  %u MiB\n", (information->memory_high + 2047) / 1024);
  print("segments, gates, TSS set\n");
  paging_init();
  print("paging on, 4 KiB pages\n");
  input_init();
  tasks_init();
  print("timer   %u Hz\n", TICKS_PER_SECOND);
  print("ring 3  1 shell, 2 clock\n");
  enter(task_switch());
}
