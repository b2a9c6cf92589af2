/// The table itself, and the operations that are one instruction long.
#include "native.h"

#include "../kernel/kernel.h"

enum { MEMORY_SIZES = 1, KIB = 1024 };

/// The first words of what a Multiboot loader tells.
static const struct {
  uint32_t flags;
  uint32_t memory_low, memory_high;  // KiB below 1 MiB, and above it
} *loader;

extern uint8_t kernel_end[];

static void start(const void *information) { loader = information; }

/// Everything behind the kernel. In KiB, so that 4 GiB are still a number.
static void find_memory(uint32_t *from, uint32_t *to) {
  uint32_t kilobytes = 1024 + loader->memory_high;
  *from = (uint32_t)kernel_end;
  *to = kilobytes < MEMORY_MOST / KIB ? kilobytes * KIB & ~(PAGE - 1) : MEMORY_MOST;
  if (!(loader->flags & MEMORY_SIZES)) *to = 0;
}

static uint32_t *first_directory(void) { return NULL; }

enum { IF = 0x200, CR0_PG = 0x80000000, CR0_WP = 0x10000, CR0_EM = 4, EXIT_PORT = 0xf4 };

static void interrupts_off(void) { __asm__ volatile("cli" : : : "memory"); }

static void interrupts_on(void) { __asm__ volatile("sti" : : : "memory"); }

static int interrupts_are_on(void) {
  uint32_t eflags;
  __asm__ volatile("pushfd; pop %0" : "=r"(eflags));
  return (eflags & IF) != 0;
}

/// The way back out of entry.S: to ring 3, or to where the kernel was interrupted. IRET looks
/// at the CS it takes from the stack to know which.
static NEVER_RETURNS void resume(const struct frame *frame) {
  __asm__ volatile(
    "mov esp, %0\n"
    "popa\n"
    "pop es\n"
    "pop ds\n"
    "add esp, 8\n"  // vector and error code
    "iretd"
    : : "r"(frame) : "memory");
  __builtin_unreachable();
}

/// CR0.WP keeps even the kernel from writing to read-only pages. A 386 has no such bit, and
/// the kernel does not rely on it: it asks user_range first. CR0.EM refuses floating point, whose
/// registers nobody would keep apart for the processes.
static void load_directory(uint32_t *directory) {
  uint32_t cr0;
  __asm__ volatile("mov cr3, %1; mov %0, cr0" : "=r"(cr0) : "r"(directory) : "memory");
  if (cr0 & CR0_PG) return;
  cr0 |= CR0_PG | CR0_WP | CR0_EM;
  __asm__ volatile("mov cr0, %0; jmp 1f; 1:" : : "r"(cr0) : "memory");  // a 386 wants the jump
}

static void set_entry(uint32_t *entry, uint32_t value) { *(volatile uint32_t *)entry = value; }

static uint32_t get_entry(const uint32_t *entry) { return *(const volatile uint32_t *)entry; }

/// A 386 has no INVLPG; loading CR3 anew works everywhere, and empties the whole TLB.
static void flush_page(uint32_t address) {
  (void)address;
  __asm__ volatile("mov eax, cr3; mov cr3, eax" : : : "eax", "memory");
}

static void forget_directory(uint32_t *directory) { (void)directory; }

static uint32_t fault_address(void) {
  uint32_t address;
  __asm__ volatile("mov %0, cr2" : "=r"(address));
  return address;
}

/// Some emulators end with the status written to this port; HLT is for everyone else.
static NEVER_RETURNS void power_off(unsigned status) {
  if (status) outb(EXIT_PORT, (uint8_t)status);
  for (;;) halt_forever();
}

const struct machine native = {
  .name = "native",
  .user_code = USER_CODE,
  .user_data = USER_DATA,
  .start = start,
  .find_memory = find_memory,
  .first_directory = first_directory,
  .interrupts_off = interrupts_off,
  .interrupts_on = interrupts_on,
  .interrupts_are_on = interrupts_are_on,
  .wait_for_interrupt = wait_for_interrupt,
  .load_segments = native_load_segments,
  .load_gates = native_load_gates,
  .set_kernel_stack = native_set_kernel_stack,
  .resume = resume,
  .load_directory = load_directory,
  .set_table = set_entry,
  .set_entry = set_entry,
  .get_entry = get_entry,
  .flush_page = flush_page,
  .forget_directory = forget_directory,
  .fault_address = fault_address,
  .start_devices = native_start_devices,
  .end_of_interrupt = native_end_of_interrupt,
  .console_put = native_console_put,
  .console_get = native_console_get,
  .disk_transfer = native_disk_transfer,
  .power_off = power_off,
};
