/// The kernel's start, with interrupts off.
#include "kernel.h"

enum { MULTIBOOT_MAGIC = 0x2badb002, MEMORY_SIZES = 1 };

/// The first words of what a Multiboot loader tells.
struct loader_information {
  uint32_t flags;
  uint32_t memory_low, memory_high;  // KiB below 1 MiB, and above it
};

const struct machine *machine;

/// Which half of the seam to use is told by who started us, and only here. A Multiboot loader
/// does so on a bare processor, or on one that looks like it; a hypervisor that wants to be asked
/// instead would have a sign of its own.
static const struct machine *recognise(uint32_t magic) {
  switch (magic) {
    case MULTIBOOT_MAGIC: return &native;
    default: return NULL;
  }
}

_Noreturn void kernel_main(uint32_t magic, const struct loader_information *information) {
  const struct machine *recognised = recognise(magic);
  machine = recognised ? recognised : &native;  // at least to say what is wrong
  machine->load_segments();
  machine->load_gates();
  print("Ringlet, %s\n", machine->name);
  if (!recognised) panic("not started by a known loader");
  if (!(information->flags & MEMORY_SIZES)) panic("the loader tells no memory size");
  memory_init(1024 + information->memory_high);
  paging_init();
  print("paging on, 4 KiB pages\n");
  machine->start_devices(TICKS_PER_SECOND);
  print("timer %u Hz\n", TICKS_PER_SECOND);
  block_init();
  inodes_init();
  processes_start();
}
