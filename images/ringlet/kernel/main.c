/// The kernel's start, with interrupts off.
#include "kernel.h"

enum { MULTIBOOT_MAGIC = 0x2badb002, MEMORY_SIZES = 1 };

/// The first words of what a Multiboot loader tells.
struct loader_information {
  uint32_t flags;
  uint32_t memory_low, memory_high;  // KiB below 1 MiB, and above it
};

/// Native unless we were started by someone else than a Multiboot loader: whoever brings the
/// paravirtual half adds its sign of recognition here.
const struct machine *machine = &native;

_Noreturn void kernel_main(uint32_t magic, const struct loader_information *information) {
  machine->load_segments();
  machine->load_gates();
  print("Ringlet, %s\n", machine->name);
  if (magic != MULTIBOOT_MAGIC || !(information->flags & MEMORY_SIZES))
    panic("no Multiboot loader");
  memory_init((1024 + information->memory_high) * 1024);
  paging_init();
  print("paging on, 4 KiB pages\n");
  machine->start_devices(TICKS_PER_SECOND);
  print("timer %u Hz\n", TICKS_PER_SECOND);
  block_init();
  inodes_init();
  processes_start();
}
