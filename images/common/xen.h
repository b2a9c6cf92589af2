/// The interface of Xen for 32-bit x86 without PAE, as far as our kernels use it; names and numbers are
/// its own.
#pragma once
#include <stdint.h>

/// Selectors that are in every GDT under this hypervisor: flat segments for rings 1 and 3, which
/// end below it.
#define FLAT_KERNEL_CS 0xe019
#define FLAT_KERNEL_DS 0xe021
#define FLAT_USER_CS 0xe02b
#define FLAT_USER_DS 0xe033

/// The number of a hypercall: the argument of INT 82h in EAX.
enum {
  SET_TRAP_TABLE = 0, MMU_UPDATE = 1, STACK_SWITCH = 3, SET_CALLBACKS = 4, FPU_TASKSWITCH = 5,
  UPDATE_VA_MAPPING = 14, XEN_VERSION = 17, GRANT_TABLE_OP = 20, IRET = 23, VCPU_OP = 24,
  MMUEXT_OP = 26, SCHED_OP = 29, EVENT_CHANNEL_OP = 32, PHYSDEV_OP = 33,
};
enum { MMUEXT_PIN_L2_TABLE = 1, MMUEXT_UNPIN_TABLE = 4, MMUEXT_NEW_BASEPTR = 5,
       MMUEXT_INVLPG_LOCAL = 7 };
enum { UVMF_INVLPG = 2, PHYSDEVOP_SET_IOPL = 6, VCPUOP_SET_PERIODIC_TIMER = 6 };
enum { SCHEDOP_YIELD = 0, SCHEDOP_BLOCK = 1, SCHEDOP_SHUTDOWN = 2, SCHEDOP_POLL = 3,
       SCHEDOP_REMOTE_SHUTDOWN = 4 };
enum { EVTCHNOP_BIND_INTERDOMAIN = 0, EVTCHNOP_BIND_VIRQ = 1, EVTCHNOP_BIND_PIRQ = 2,
       EVTCHNOP_CLOSE = 3, EVTCHNOP_SEND = 4, EVTCHNOP_STATUS = 5, EVTCHNOP_ALLOC_UNBOUND = 6 };
enum { GNTTABOP_MAP_GRANT_REF = 0, GNTTABOP_UNMAP_GRANT_REF = 1, GNTTABOP_SETUP_TABLE = 2 };
enum { DOMID_SELF = 0x7ff0, VIRQ_TIMER = 0, VIRQ_DOM_EXC = 3 };
enum { SHUTDOWN_POWEROFF = 0, SHUTDOWN_REBOOT = 1, SHUTDOWN_CRASH = 3 };

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
