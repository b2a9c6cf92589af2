/// The seam between a small kernel and its machine, which is a PC: each function is an instruction that
/// only ring 0 may execute, or that tells the truth only there. Port it to the hypervisor: the comments
/// say what to ask it for.
///
///     cp labs/port-by-hand/seam.c port.c
///     ringside run port.c --append pages=5                  # as it is, in ring 0 of a PC
///     ringside run port.c --append pages=5 --mode para      # in ring 1, under the hypervisor
///
/// hypercall(NUMBER, first, second, third, fourth) calls the hypervisor; a negative answer is a refusal.
/// images/common/xen.h has the numbers and structures, hypervisor.h beside it to_machine, start_info and
/// shared_info; Documentation/Para.md says what there is.
#include "io.h"
#include "port-by-hand/kernel.h"

enum { MULTIBOOT_LOADED = 0x2badb002, COM1 = 0x3f8, EXIT_PORT = 0xf4 };
enum { PRESENT = 1, WRITABLE = 2, INTERRUPT_FLAG = 0x200, INTERRUPT_GATE = 0x8e00 };

static const uint32_t *loader;

/// One table maps the first 4 MiB to themselves.
static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t table[1024] __attribute__((aligned(4096)));

static void turn_paging_on(void) {
  for (uint32_t page = 0; page < 1024; page++) table[page] = page * FRAME | WRITABLE | PRESENT;
  directory[0] = (uint32_t)table | WRITABLE | PRESENT;
  __asm__ volatile(
    "mov cr3, %0; mov eax, cr0; or eax, 0x80000000; mov cr0, eax"
    : : "r"(directory) : "eax", "memory");
}

/// Under the hypervisor paging is on already, and there is nothing to mask. But the page shared_info is
/// an ordinary one yet: map the machine page start_info->shared_info there, with WRITABLE | PRESENT in
/// the entry. (Hypercall update_va_mapping, UPDATE_VA_MAPPING: a linear address, the entry, 0, and
/// UVMF_INVLPG to have the TLB forget the old one.)
static void start(uint32_t magic, const void *information) {
  if (magic != MULTIBOOT_LOADED) {
    start_info = information;
    return;
  }
  loader = information;
  outb(0x21, 0xff);  // no interrupts from the 8259s: nobody would serve them
  outb(0xa1, 0xff);
  turn_paging_on();
}

/// Under the hypervisor: start_info->command_line.
static const char *command_line(void) { return (const char *)loader[4]; }

/// Under the hypervisor: console_io, number 18; CONSOLEIO_WRITE is 0, then the count of bytes and their
/// address.
static void console_put(char character) { outb(COM1, (uint8_t)character); }

/// Under the hypervisor: set_trap_table, SET_TRAP_TABLE, with the address of a list: for each trap its
/// vector (a byte), flags (a byte: the DPL; 4 would mask events on the way in, and our IRET would not
/// let them in again), the selector FLAT_KERNEL_CS (a word), and the address. All zeros end it.
static void load_gates(void) {
  static struct {
    uint16_t low, selector, type, high;
  } gates[PAGE_FAULT + 1];
  static const struct {
    uint16_t limit;
    uint32_t base;
  } __attribute__((packed)) pointer = {sizeof(gates) - 1, (uint32_t)gates};
  uint16_t cs;
  __asm__ volatile("mov %0, cs" : "=r"(cs));
  for (unsigned vector = 0; vector <= PAGE_FAULT; vector++) {
    void (*entry)(void) = vector == PAGE_FAULT ? page_fault_entry : invalid_opcode_entry;
    gates[vector].low = (uint16_t)(uint32_t)entry;
    gates[vector].selector = cs;
    gates[vector].type = INTERRUPT_GATE;
    gates[vector].high = (uint16_t)((uint32_t)entry >> 16);
  }
  __asm__ volatile("lidt [%0]" : : "r"(&pointer) : "memory");
}

/// Under the hypervisor these three are no hypercalls: shared_info.processors[0].upcall_mask is the
/// interrupt flag, upside down. (Who lets events in also looks whether one waits, upcall_pending; but
/// this kernel has asked for none.)
static void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }
static void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }
static int interrupts_are_on(void) {
  uint32_t flags;
  __asm__ volatile("pushfd; pop %0" : "=r"(flags));
  return !!(flags & INTERRUPT_FLAG);
}

/// The page table entry for a linear address: a page of ours, or 0. Under the hypervisor
/// update_va_mapping once more; but what the processor finds in a page table is a machine address.
static void set_entry(uint32_t address, uint32_t page) {
  table[address / FRAME % 1024] = page ? page | WRITABLE | PRESENT : 0;
  __asm__ volatile("invlpg [%0]" : : "r"(address) : "memory");
}

/// Under the hypervisor: shared_info.processors[0].fault_address.
static uint32_t fault_address(void) {
  uint32_t address;
  __asm__ volatile("mov %0, cr2" : "=r"(address));
  return address;
}

/// Under the hypervisor: sched_op, SCHED_OP with SCHEDOP_SHUTDOWN, and the address of a word that holds
/// the reason, SHUTDOWN_POWEROFF.
static void power_off(void) {
  outb(EXIT_PORT, 0);
  halt_forever();
}
