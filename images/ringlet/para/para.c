/// The table itself, and the operations that are one hypercall or one store long. Each stands where
/// its sibling stands in native/native.c.
#include "para.h"

#include "../native/native.h"

enum { EXIT_PORT = 0xf4, VECTOR_COUNT = 49 };

const struct start_info *start_info;

extern void (*const stubs[])(void);  // entry.S: vectors 0 to 47, then 80h

/// The command line may have `batch=N`: how many page table changes make a list.
static void read_command_line(void) {
  static const char word[] = "batch=";
  for (const char *text = start_info->command_line; *text; text++) {
    uint32_t length = 0, number = 0;
    while (word[length] && text[length] == word[length]) length++;
    if (word[length]) continue;
    for (text += length; *text >= '0' && *text <= '9'; text++)
      number = number * 10 + (uint32_t)(*text - '0');
    para_set_batch(number);
    return;
  }
}

/// We share a page with the hypervisor, and as the domain with the devices we may use ports.
static void start(const void *information) {
  start_info = information;
  para_map(&shared_info, start_info->shared_info | 3);
  read_command_line();
  if (!have_devices()) return front_start();
  uint32_t level = 1;
  must(hypercall(PHYSDEV_OP, PHYSDEVOP_SET_IOPL, (uint32_t)&level, 0, 0));
  para_map_devices();
}

/// CLI and STI are stores, and nobody hears of them.
static void interrupts_off(void) {
  shared_info.processors[0].upcall_mask = 1;
  __asm__ volatile("" : : : "memory");
}

/// What came in the meantime is told with the next return from the hypervisor: any call will do.
static void interrupts_on(void) {
  __asm__ volatile("" : : : "memory");
  shared_info.processors[0].upcall_mask = 0;
  if (shared_info.processors[0].upcall_pending) hypercall(XEN_VERSION, 0, 0, 0, 0);
}

static int interrupts_are_on(void) { return !shared_info.processors[0].upcall_mask; }

/// Lets interrupts in and waits, in one; they are let in when it comes back.
static void wait_for_event(void) {
  if (!have_devices()) front_console_flush();
  hypercall(SCHED_OP, SCHEDOP_BLOCK, 0, 0, 0);
  interrupts_off();
}

/// The hypervisor's GDT has all that we need. Floating point is refused, as in native/: CR0.TS.
static void load_segments(void) { hypercall(FPU_TASKSWITCH, 1, 0, 0, 0); }

/// The interrupt table: an entry with flag 4 masks events on the way in, the lower bits are DPL. A
/// system call comes without: then the processor can bring it here from ring 3 by itself.
static void load_gates(void) {
  static struct {
    uint8_t vector, flags;
    uint16_t selector;
    void (*address)(void);
  } traps[VECTOR_COUNT + 1];
  unsigned count = 0;
  for (uint8_t vector = 0; vector < 20; vector++, count++) {
    traps[count].vector = vector;
    traps[count].flags = 4;
    traps[count].selector = FLAT_KERNEL_CS;
    traps[count].address = stubs[vector];
  }
  traps[count].vector = VECTOR_SYSTEM_CALL;
  traps[count].flags = 3;
  traps[count].selector = FLAT_KERNEL_CS;
  traps[count].address = stubs[VECTOR_COUNT - 1];
  must(hypercall(SET_TRAP_TABLE, (uint32_t)traps, 0, 0, 0));
  must(hypercall(SET_CALLBACKS, FLAT_KERNEL_CS, (uint32_t)para_upcall, FLAT_KERNEL_CS,
                 (uint32_t)para_upcall));
}

static void set_kernel_stack(uint32_t top) {
  hypercall(STACK_SWITCH, FLAT_KERNEL_DS, top, 0, 0);
}

static NEVER_RETURNS void resume(const struct frame *frame) {
  __asm__ volatile("mov esp, %0; jmp para_return" : : "r"(frame) : "memory");
  __builtin_unreachable();
}

static uint32_t fault_address(void) { return shared_info.processors[0].fault_address; }

/// The hypervisor has told the interrupt controller already.
static void end_of_interrupt(unsigned irq) { (void)irq; }

static NEVER_RETURNS void power_off(unsigned status) {
  uint32_t reason = status ? SHUTDOWN_CRASH : SHUTDOWN_POWEROFF;
  if (have_devices()) {
    if (status) outb(EXIT_PORT, (uint8_t)status);
  } else {
    front_console_flush();
  }
  for (;;) hypercall(SCHED_OP, SCHEDOP_SHUTDOWN, (uint32_t)&reason, 0, 0);
}

// In Domain 0 the devices are ours to drive, and the drivers are those of native/.

static void console_put(char character) {
  if (have_devices()) back_console_put(character);
  else front_console_put(character);
}

static int console_get(void) { return have_devices() ? back_console_get() : front_console_get(); }

static int disk_transfer(uint32_t block, void *data, int write) {
  return have_devices() ? native_disk_transfer(block, data, write)
                        : front_disk_transfer(block, data, write);
}

const struct machine paravirtual = {
  .name = "paravirtual",
  .user_code = FLAT_USER_CS,
  .user_data = FLAT_USER_DS,
  .start = start,
  .find_memory = para_find_memory,
  .first_directory = para_first_directory,
  .interrupts_off = interrupts_off,
  .interrupts_on = interrupts_on,
  .interrupts_are_on = interrupts_are_on,
  .wait_for_interrupt = wait_for_event,
  .load_segments = load_segments,
  .load_gates = load_gates,
  .set_kernel_stack = set_kernel_stack,
  .resume = resume,
  .load_directory = para_load_directory,
  .set_table = para_set_table,
  .set_entry = para_set_entry,
  .get_entry = para_get_entry,
  .flush_page = para_flush_page,
  .forget_directory = para_forget_directory,
  .fault_address = fault_address,
  .start_devices = para_start_devices,
  .end_of_interrupt = end_of_interrupt,
  .console_put = console_put,
  .console_get = console_get,
  .disk_transfer = disk_transfer,
  .power_off = power_off,
};
