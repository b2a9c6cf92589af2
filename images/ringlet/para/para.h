/// The paravirtual half: each operation is a word in memory that we share with the hypervisor, or a
/// hypercall. The interface is Xen's for 32-bit x86 without PAE; names and numbers are its own.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../kernel/kernel.h"

/// Selectors that are in every GDT under this hypervisor: flat segments for rings 1 and 3, which
/// end below it.
enum {
  FLAT_KERNEL_CS = 0xe019,
  FLAT_KERNEL_DS = 0xe021,
  FLAT_USER_CS = 0xe02b,
  FLAT_USER_DS = 0xe033,
};

/// The number of a hypercall: the argument of INT 82h in EAX.
enum {
  SET_TRAP_TABLE = 0, MMU_UPDATE = 1, STACK_SWITCH = 3, SET_CALLBACKS = 4, FPU_TASKSWITCH = 5,
  UPDATE_VA_MAPPING = 14, XEN_VERSION = 17, GRANT_TABLE_OP = 20, IRET = 23, VCPU_OP = 24,
  MMUEXT_OP = 26, SCHED_OP = 29, EVENT_CHANNEL_OP = 32, PHYSDEV_OP = 33,
};
enum { MMUEXT_PIN_L2_TABLE = 1, MMUEXT_UNPIN_TABLE = 4, MMUEXT_NEW_BASEPTR = 5,
       MMUEXT_INVLPG_LOCAL = 7 };
enum { UVMF_INVLPG = 2, PHYSDEVOP_SET_IOPL = 6, VCPUOP_SET_PERIODIC_TIMER = 6 };
enum { SCHEDOP_YIELD = 0, SCHEDOP_BLOCK = 1, SCHEDOP_SHUTDOWN = 2, SCHEDOP_POLL = 3 };
enum { EVTCHNOP_BIND_INTERDOMAIN = 0, EVTCHNOP_BIND_VIRQ = 1, EVTCHNOP_BIND_PIRQ = 2,
       EVTCHNOP_SEND = 4, EVTCHNOP_STATUS = 5, EVTCHNOP_ALLOC_UNBOUND = 6 };
enum { GNTTABOP_MAP_GRANT_REF = 0, GNTTABOP_UNMAP_GRANT_REF = 1, GNTTABOP_SETUP_TABLE = 2 };
enum { DOMID_SELF = 0x7ff0, VIRQ_TIMER = 0, VIRQ_DOM_EXC = 3 };
enum { SHUTDOWN_POWEROFF = 0, SHUTDOWN_CRASH = 3 };

/// What we are told at the start; ESI points to it.
struct start_info {
  char magic[32];
  uint32_t page_count;
  uint32_t shared_info;  // its machine address
  uint32_t flags;
  uint32_t store_frame, store_port, console_frame, console_port;
  uint32_t *directory;
  uint32_t table_count;   // directory and tables together, one behind the other
  uint32_t *frames;       // for each page its machine frame
  uint32_t module, module_length;
  char command_line[1024];
};

/// What the hypervisor and we share. One virtual processor of 32 is ours.
struct shared_info {
  struct {
    volatile uint8_t upcall_pending;  // an event waits
    volatile uint8_t upcall_mask;     // and will have to: the interrupt flag, upside down
    uint16_t unused;
    volatile uint32_t pending_selector;
    uint32_t fault_address;           // what CR2 would say
    uint32_t padding[5], time[8];
  } processors[32];
  volatile uint32_t pending[32], mask[32];  // a bit for each event channel
};
extern struct shared_info shared_info;
extern const struct start_info *start_info;

/// Domain 0 has the devices. Others ask it.
static inline int have_devices(void) { return start_info->flags & 1; }

/// Machine frames and ours. The first table is ours; the second one is the hypervisor's, at a fixed
/// place and to be read only.
static inline uint32_t to_machine(uint32_t address) {
  return start_info->frames[address / PAGE] * PAGE | address % PAGE;
}
static inline uint32_t from_machine(uint32_t address) {
  static const uint32_t *const pages = (const uint32_t *)0xfc000000;
  return pages[address / PAGE] * PAGE | address % PAGE;
}

extern uint8_t hypercall_page[];

/// Calls the hypervisor by the page that it has filled: EAX says what, and gets the answer.
static inline int hypercall(uint32_t number, uint32_t first, uint32_t second, uint32_t third,
                            uint32_t fourth) {
  int answer;
  __asm__ volatile("call %5"
    : "=a"(answer), "+b"(first), "+c"(second), "+d"(third), "+S"(fourth)
    : "D"(hypercall_page + number * 32) : "memory");
  return answer;
}

/// For what the hypervisor refuses only if we are wrong.
static inline void must(int answer) {
  if (answer < 0) panic("the hypervisor refused");
}

// memory.c
void para_find_memory(uint32_t *from, uint32_t *to);
void para_map_devices(void);
uint32_t *para_first_directory(void);

// paging.c
void para_map(void *page, uint32_t machine_entry);
void para_set_table(uint32_t *slot, uint32_t value);
void para_set_entry(uint32_t *entry, uint32_t value);
uint32_t para_get_entry(const uint32_t *entry);
void para_load_directory(uint32_t *directory);
void para_forget_directory(uint32_t *directory);
void para_flush_page(uint32_t address);
void para_mark_tables(uint32_t *first, uint32_t count);
void para_set_batch(uint32_t count);

// events.c
void para_start_devices(unsigned hz);
void para_serve_port(uint32_t port);
void para_upcall(void);  // entry.S

// frontend.c: a domain without devices
void front_start(void);
void front_console_put(char character);
void front_console_flush(void);
int front_console_get(void);
int front_disk_transfer(uint32_t block, void *data, int write);

// backend.c: the one that has them
void back_console_put(char character);
int back_console_get(void);
void back_look(void);
void back_mourn(void);
void back_serve(uint32_t port);
