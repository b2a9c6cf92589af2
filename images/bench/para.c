/// The benchmarks of system.c for a kernel in ring 1 that knows its hypervisor: each does the same
/// work and comes to the same sum. Where the other one needs a privileged instruction, this one
/// asks, or stores a word, or needs nothing; see there for what each is about.
#include "bench.h"
#include "../common/io.h"
#include "../common/xen.h"

enum { SLOT_REACH = 4 << 20, UVMF_NONE = 0, TRAP_RING3 = 3, EVENT_MASKED = 1, IF = 0x200 };

extern struct shared_info shared_info;
static const struct start_info *start_info;
static uint8_t kernel_stack[PAGE] __attribute__((aligned(16)));
static uint32_t serial_port;

void on_divide(void), on_call(void), para_on_page_fault(void), para_on_done(void),
  para_on_event(void);
extern uint8_t para_in_ring3[];
uint32_t para_call_from_ring3(uint32_t count);
void para_load_segments(uint32_t count), para_switch_stacks(uint32_t *save_esp, uint32_t esp);

static void must(int answer) {
  if (answer < 0) __asm__ volatile("ud2");
}

static uint32_t to_machine(const void *place) {
  uint32_t address = (uint32_t)place;
  return start_info->frames[address / PAGE] * PAGE | address % PAGE;
}

/// What is mapped at an address of ours; its old translation is forgotten if it had one.
static void map(const volatile void *place, uint32_t entry, uint32_t flush) {
  must(hypercall(UPDATE_VA_MAPPING, (uint32_t)place, entry, 0, flush));
}

static void extended(uint32_t command, const void *directory) {
  uint32_t operation[3] = {command, to_machine(directory) / PAGE, 0};
  must(hypercall(MMUEXT_OP, (uint32_t)operation, 1, 0, DOMID_SELF));
}

static uint32_t para_pool_entry(uint32_t page) {
  return to_machine(pool[page % 256]) | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
}

static void start_traps(void) {
  static struct {
    uint8_t vector, flags;
    uint16_t selector;
    void (*address)(void);
  } traps[] = {
    {0, 0, FLAT_KERNEL_CS, on_divide}, {14, 0, FLAT_KERNEL_CS, para_on_page_fault},
    {VECTOR_CALL, TRAP_RING3, FLAT_KERNEL_CS, on_call},
    {VECTOR_DONE, TRAP_RING3, FLAT_KERNEL_CS, para_on_done}, {0, 0, 0, 0},
  };
  must(hypercall(SET_TRAP_TABLE, (uint32_t)traps, 0, 0, 0));
  must(hypercall(SET_CALLBACKS, FLAT_KERNEL_CS, (uint32_t)para_on_event, FLAT_KERNEL_CS,
                 (uint32_t)para_on_event));
  must(hypercall(STACK_SWITCH, FLAT_KERNEL_DS, (uint32_t)kernel_stack + sizeof kernel_stack, 0, 0));
}

/// The tables that the hypervisor has made map us at our own addresses, and are shared by both
/// address spaces; the window is theirs.
static void start_paging(void) {
  enum { ALL = PTE_PRESENT | PTE_WRITABLE | PTE_USER, SLOTS = 1008, TABLE = PAGE / 4 };
  for (uint32_t space = 0; space < 2; space++) {
    for (uint32_t slot = 0; slot < SLOTS; slot++) {
      uint32_t table = start_info->directory[slot];
      if (table) directories[space][slot] = table | PTE_USER;
    }
    for (uint32_t page = 0; page < WINDOW_PAGES; page++)
      window[space][page] = para_pool_entry(page + space * 128);
    uint32_t *slots = &directories[space][WINDOW / SLOT_REACH];
    for (uint32_t table = 0; table < WINDOW_PAGES / TABLE; table++)
      slots[table] = to_machine(&window[space][table * TABLE]) | ALL;
  }
  // Nobody writes to a table in use, and ring 3 has one page of code.
  for (uint32_t space = 0; space < 2; space++) {
    for (uint32_t table = 0; table < WINDOW_PAGES / TABLE; table++) {
      const uint32_t *place = &window[space][table * TABLE];
      map(place, to_machine(place) | PTE_PRESENT, UVMF_INVLPG);
    }
    map(directories[space], to_machine(directories[space]) | PTE_PRESENT, UVMF_INVLPG);
  }
  const uint8_t *code = (const uint8_t *)((uint32_t)para_in_ring3 & ~(PAGE - 1u));
  map(code, to_machine(code) | PTE_PRESENT | PTE_USER, UVMF_INVLPG);
  for (uint32_t space = 0; space < 2; space++) extended(MMUEXT_PIN_L2_TABLE, directories[space]);
  extended(MMUEXT_NEW_BASEPTR, directories[0]);
}

const char *para_start_platform(const struct start_info *information) {
  uint32_t level = 1;
  start_info = information;
  map(&shared_info, start_info->shared_info | PTE_PRESENT | PTE_WRITABLE, UVMF_INVLPG);
  must(hypercall(PHYSDEV_OP, PHYSDEVOP_SET_IOPL, (uint32_t)&level, 0, 0));
  start_traps();
  start_paging();
  return start_info->command_line;
}

// In the order of system.c.

/// The processor brings INT 80h from ring 3 to ring 1 by itself.
static uint32_t para_system_call(uint32_t count) { return para_call_from_ring3(count); }

/// mmuext_op for MOV CR3.
static uint32_t para_cr3(uint32_t count) {
  uint32_t sum = 0;
  pool[0][0] = 3;
  pool[128][0] = 5;
  for (uint32_t n = 0; n < count; n++) {
    extended(MMUEXT_NEW_BASEPTR, directories[n & 1]);
    sum = sum * 31 + *(volatile uint32_t *)WINDOW;
  }
  extended(MMUEXT_NEW_BASEPTR, directories[0]);
  return sum;
}

/// fpu_taskswitch for CR0.TS.
static uint32_t para_cr0(uint32_t count) {
  enum { TS = 8 };
  uint32_t value = 0, sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    value ^= TS;
    must(hypercall(FPU_TASKSWITCH, value != 0, 0, 0, 0));
    sum = sum * 31 + value;
  }
  return sum;
}

static uint32_t faulting_page;

/// CR2 is a word in the shared page. The entry was not present: nothing is to be forgotten.
void para_page_fault(void) {
  fault_sum += shared_info.processors[0].fault_address;
  page_faults++;
  map((void *)(WINDOW + faulting_page * PAGE), window[0][faulting_page] | PTE_PRESENT, UVMF_NONE);
}

/// update_va_mapping for a store to the entry and INVLPG.
static uint32_t para_page_fault_program(uint32_t count) {
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t page = faulting_page = n & 63;
    volatile uint32_t *place = (volatile uint32_t *)(WINDOW + page * PAGE);
    map(place, window[0][page] & ~(uint32_t)PTE_PRESENT, UVMF_INVLPG);
    sum += ++*place;
  }
  return sum * 31 + page_faults + fault_sum;
}

static uint32_t para_invlpg(uint32_t count) {
  uint32_t sum = 0;
  pool[0][0] = 3;
  pool[1][0] = 5;
  for (uint32_t n = 0; n < count; n++) {
    map((void *)WINDOW, para_pool_entry(n & 1), UVMF_INVLPG);
    sum = sum * 31 + *(volatile uint32_t *)WINDOW;
  }
  return sum;
}

static uint32_t stack_pointers[2];
static uint32_t task_stack[1024];

static void give_turn(uint32_t from, uint32_t to) {
  extended(MMUEXT_NEW_BASEPTR, directories[to]);
  para_switch_stacks(&stack_pointers[from], stack_pointers[to]);
}

static void second_task(void) {
  for (;;) {
    take_turn();
    give_turn(1, 0);
  }
}

static uint32_t para_context(uint32_t count) {
  uint32_t *top = &task_stack[1024 - 8];
  top[4] = (uint32_t)second_task;     // below it four registers
  stack_pointers[1] = (uint32_t)top;
  for (uint32_t n = 0; n < count; n++) {
    take_turn();
    give_turn(0, 1);
  }
  return shared_sum;
}

/// The UART's line is an event channel. STI and CLI are stores to the event mask.
static uint32_t para_serial(uint32_t count) {
  enum { ENABLE = COM1 + 1, MODEM_CONTROL = COM1 + 4, WHEN_EMPTY = 2, OUT2 = 8 };
  struct {
    uint32_t line, flags, port;
  } channel = {VECTOR_SERIAL - VECTOR_TIMER, 0, 0};
  must(hypercall(EVENT_CHANNEL_OP, EVTCHNOP_BIND_PIRQ, (uint32_t)&channel, 0, 0));
  serial_port = channel.port;
  outb(MODEM_CONTROL, OUT2);
  shared_info.processors[0].upcall_mask = 0;
  for (uint32_t n = 0; n < count; n++) {
    uint32_t before = serial_interrupts;
    outb(ENABLE, WHEN_EMPTY);
    while (serial_interrupts == before) {}
    outb(ENABLE, 0);
  }
  shared_info.processors[0].upcall_mask = EVENT_MASKED;
  return serial_interrupts;
}

/// What para_on_event calls. Only one channel is open.
void para_event(void) {
  shared_info.processors[0].upcall_pending = 0;
  shared_info.processors[0].pending_selector = 0;
  shared_info.pending[0] &= ~(1u << serial_port);
  inb(COM1 + 2);
  serial_interrupts++;
}

/// IF is a byte of the shared page: no hypercall, as no event waits.
static uint32_t para_flags(uint32_t count) {
  volatile uint8_t *mask = &shared_info.processors[0].upcall_mask;
  uint32_t sum = 0;
  for (uint32_t n = 0; n < count; n++) {
    *mask = 0;
    uint32_t value = *mask ? 0 : IF;
    *mask = EVENT_MASKED;
    *mask = value ? 0 : EVENT_MASKED;
    *mask = EVENT_MASKED;
    sum = sum * 31 + value;
  }
  return sum;
}

static uint32_t para_segments(uint32_t count) {
  para_load_segments(count);
  return count * 31;
}

/// What is not here (port, divide, modify, and what needs no privilege) is the same program as
/// elsewhere.
const struct benchmark para_programs[] = {
  {"syscall", para_system_call}, {"cr3", para_cr3}, {"cr0", para_cr0},
  {"fault", para_page_fault_program}, {"invlpg", para_invlpg}, {"context", para_context},
  {"serial", para_serial}, {"flags", para_flags}, {"segments", para_segments}, {0, 0},
};
