/// The seam. Whatever a kernel may do only in ring 0, and whatever answers differently when it
/// is not really there, goes through this table; nothing else in kernel/ touches the processor
/// or a port. native/ fills the table with the instructions themselves, para/ with requests to a
/// hypervisor; which half is used is settled once, in main.c.
#pragma once
#include <stdint.h>

/// What lies on the kernel stack after entry.S has run, lowest address first.
struct frame {
  uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;  // PUSHA
  uint16_t es, ds;                                     // this assembler pushes words
  uint32_t vector, error;
  uint32_t eip, cs, eflags;  // pushed by the processor
  uint32_t esp, ss;          // only there if it came from ring 3
};

#define NEVER_RETURNS __attribute__((noreturn))  // C has no word for it in a pointer's type

struct machine {
  const char *name;
  uint16_t user_code, user_data;  // the selectors programs run with

  // What the loader has told. Nothing else may be used before start.
  void (*start)(const void *information);
  void (*find_memory)(uint32_t *from, uint32_t *to);  // what is free; to is 0 if nobody knows
  uint32_t *(*first_directory)(void);  // the one we began with; NULL if paging is off

  // The interrupt flag.
  void (*interrupts_off)(void);      // CLI
  void (*interrupts_on)(void);       // STI
  int (*interrupts_are_on)(void);    // PUSHF, and a look at IF
  void (*wait_for_interrupt)(void);  // HLT; called and left with interrupts off

  // Segments, gates, stacks.
  void (*load_segments)(void);                         // LGDT, LTR
  void (*load_gates)(void);                            // LIDT
  void (*set_kernel_stack)(uint32_t top);              // ESP0 in the TSS
  void (*resume)(const struct frame *frame) NEVER_RETURNS;  // IRET

  // Paging. Entries have the addresses that the kernel uses, whatever the processor finds there.
  void (*load_directory)(uint32_t *directory);           // CR3; the first time, CR0.PG as well
  void (*set_table)(uint32_t *slot, uint32_t value);     // in a directory: a page table
  void (*set_entry)(uint32_t *entry, uint32_t value);    // in a page table: a page
  uint32_t (*get_entry)(const uint32_t *entry);          // in either
  void (*flush_page)(uint32_t address);                  // INVLPG
  void (*forget_directory)(uint32_t *directory);         // it is about to be freed
  uint32_t (*fault_address)(void);                       // CR2

  // Devices.
  void (*start_devices)(unsigned hz);       // timer and input interrupts, still behind IF
  void (*end_of_interrupt)(unsigned irq);
  void (*console_put)(char character);
  int (*console_get)(void);                 // a byte of input, or -1
  int (*disk_transfer)(uint32_t block, void *data, int write);  // 512 bytes; 0, or -1
  void (*power_off)(unsigned status) NEVER_RETURNS;
};

extern const struct machine *machine;
extern const struct machine native;
extern const struct machine paravirtual;
enum { PARA_MAGIC = 0x2d6e6578 };  // "xen-": our own sign that a hypervisor has started us
