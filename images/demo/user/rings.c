/// What a program in ring 3 can find out about the processor, and what it is refused.
#include "user.h"

/// What SGDT and SIDT store.
struct table_pointer {
  uint16_t limit;
  uint32_t base;
} __attribute__((packed));

/// None of these instructions is privileged: each answers, and answers with the truth.
/// A leading ~ marks lines that may differ from one way of running this guest to another.
void show_rings(void) {
  struct table_pointer gdt, idt;
  read_gdtr(&gdt);
  read_idtr(&idt);
  uint32_t cs = read_cs(), eflags = read_eflags();
  print("~ CS     %w      CPL  %u\n", cs, cs & 3);
  print("~ EFLAGS %x  IOPL %u IF %u\n", eflags, eflags >> 12 & 3, eflags >> 9 & 1);
  print("~ SGDT   %x  limit %w\n", gdt.base, gdt.limit);
  print("~ SIDT   %x  limit %w\n", idt.base, idt.limit);
  print("~ SMSW   %w      PE %u\n", read_machine_status(), read_machine_status() & 1);
  print("~ STR    %w\n", read_task_register());
  print("~ SLDT   %w\n", read_local_table());
}

static void report(const char *what, uint64_t fault) {
  uint32_t vector = (uint32_t)fault, error = (uint32_t)(fault >> 32);
  if (vector == 13) {
    print("%16s#GP(%w)\n", what, error);
  } else if (vector == 14) {
    print("%16s#PF(%w)\n", what, error);
  } else if (vector == 0xffffffff) {
    print("%16slet through\n", what);
  } else {
    print("%16svector %u (%w)\n", what, vector, error);
  }
}

void show_faults(void) {
  report("cli", probe_cli());
  report("hlt", probe_hlt());
  report("out 80h, al", probe_out());
  report("mov eax, cr3", probe_cr3());
  report("read the kernel", probe_kernel());
}
