/// The port of seam.c: what each operation is under the hypervisor.
#include "port-by-hand/kernel.h"

enum { PRESENT = 1, WRITABLE = 2, CONSOLE_IO = 18 };

static void start(uint32_t magic, const void *information) {
  (void)magic;
  start_info = information;
  uint32_t entry = start_info->shared_info | WRITABLE | PRESENT;
  hypercall(UPDATE_VA_MAPPING, (uint32_t)&shared_info, entry, 0, UVMF_INVLPG);
}

static const char *command_line(void) { return start_info->command_line; }

static void console_put(char character) { hypercall(CONSOLE_IO, 0, 1, (uint32_t)&character, 0); }

static void load_gates(void) {
  static const struct {
    uint8_t vector, flags;
    uint16_t selector;
    void (*address)(void);
  } traps[] = {
    {INVALID_OPCODE, 0, FLAT_KERNEL_CS, invalid_opcode_entry},
    {PAGE_FAULT, 0, FLAT_KERNEL_CS, page_fault_entry},
    {0, 0, 0, 0},
  };
  hypercall(SET_TRAP_TABLE, (uint32_t)traps, 0, 0, 0);
}

static void interrupts_off(void) { shared_info.processors[0].upcall_mask = 1; }
static void interrupts_on(void) { shared_info.processors[0].upcall_mask = 0; }
static int interrupts_are_on(void) { return !shared_info.processors[0].upcall_mask; }

static void set_entry(uint32_t address, uint32_t page) {
  uint32_t entry = page ? to_machine(page) | WRITABLE | PRESENT : 0;
  hypercall(UPDATE_VA_MAPPING, address, entry, 0, UVMF_INVLPG);
}

static uint32_t fault_address(void) { return shared_info.processors[0].fault_address; }

static void power_off(void) {
  uint32_t reason = SHUTDOWN_POWEROFF;
  hypercall(SCHED_OP, SCHEDOP_SHUTDOWN, (uint32_t)&reason, 0, 0);
}
