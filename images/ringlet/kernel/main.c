/// The kernel's start, with interrupts off.
#include "kernel.h"

enum { MULTIBOOT_MAGIC = 0x2badb002 };

const struct machine *machine;

/// Which half of the seam to use is told by who started us, and only here. A Multiboot loader
/// does so on a bare processor, or on one that looks like it; a hypervisor enters elsewhere, and
/// there we have put a sign of our own.
static const struct machine *recognise(uint32_t magic) {
  switch (magic) {
    case MULTIBOOT_MAGIC: return &native;
    case PARA_MAGIC: return &paravirtual;
    default: return NULL;
  }
}

_Noreturn void kernel_main(uint32_t magic, const void *information) {
  const struct machine *recognised = recognise(magic);
  machine = recognised ? recognised : &native;  // at least to say what is wrong
  machine->start(information);
  machine->load_segments();
  machine->load_gates();
  print("~ Ringlet, %s\n", machine->name);
  if (!recognised) panic("not started by a known loader");
  uint32_t from, to;
  machine->find_memory(&from, &to);
  if (!to) panic("the loader tells no memory size");
  memory_init(from, to);
  paging_init();
  print("paging on, 4 KiB pages\n");
  machine->start_devices(TICKS_PER_SECOND);
  print("timer %u Hz\n", TICKS_PER_SECOND);
  block_init();
  inodes_init();
  processes_start();
}
