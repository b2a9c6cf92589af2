/// A hypervisor of a page or two: one guest, one processor, AMD's Secure Virtual Machine.
///
/// The guest has memory of its own and the real screen, timer, keyboard and disk. What it says on
/// the serial line, when it halts, which processor it thinks it runs on, and every interrupt go
/// through our hands.
#pragma once
#include "../common/io.h"
#include "../common/memory.h"
#include "vmcb.h"

#define PAGE_ALIGNED __attribute__((aligned(4096)))

/// The guest's registers that VMRUN leaves to us. EAX and ESP are in the VMCB.
struct registers {
  uint32_t ebx, ecx, edx, esi, edi, ebp;
};

// entry.S
extern struct registers registers;
extern const uint8_t payload[], payload_end[];
/// Runs the guest until it comes out; then lets interrupts in that wait for us.
void run_guest(struct vmcb *vmcb, struct vmcb *host);
/// Loads our own segments and, with `gates`, interrupt table.
void load_tables(void);

// console.c
void console_start(void);
void print(const char *format, ...);

// paging.c
enum { GUEST_START = 16 << 20, GUEST_SIZE = 16 << 20 };
void start_paging(void);
uint64_t nested_tables(void);

// loader.c
/// Puts an ELF kernel into the guest's memory, as a Multiboot loader would. Returns where it
/// starts, or 0.
uint32_t load(const uint8_t *file, const uint8_t *end);
/// Where in the guest's memory the loader's information is.
enum { INFORMATION = 0x1000, MULTIBOOT_MAGIC = 0x2badb002 };

// interrupts.c
void start_interrupts(void);
/// Passes on what we took, one at a time.
void offer_interrupt(struct vmcb *vmcb);
int interrupt_waits(void);

// exits.c
/// Does what the guest could not do itself. 0 when it is over.
int handle_exit(struct vmcb *vmcb);
void print_summary(void);
extern int status;
