/// Interrupts that are events: which channel stands for which, and what to do when one waits.
#include "para.h"

#include "../native/native.h"

enum { PORTS = 32, OTHER_DOMAIN = 64, DOMAIN_ENDED = 65 };

/// The IRQ that a channel's port stands for, or one of the words above.
static uint8_t irqs[PORTS];

/// The port leads to another domain, which wants something of us.
void para_serve_port(uint32_t port) {
  if (port >= PORTS) panic("an event channel beyond the first 32");
  irqs[port] = OTHER_DOMAIN;
}

static void bind(uint32_t command, uint32_t source, uint8_t irq) {
  struct {
    uint32_t source, processor_or_flags, port;
  } channel = {source, 0, 0};
  must(hypercall(EVENT_CHANNEL_OP, command, (uint32_t)&channel, 0, 0));
  if (channel.port >= PORTS) panic("an event channel beyond the first 32");
  irqs[channel.port] = irq;
}

void para_start_devices(unsigned hz) {
  uint64_t period = 1000000000 / hz;
  bind(EVTCHNOP_BIND_VIRQ, VIRQ_TIMER, IRQ_TIMER);
  must(hypercall(VCPU_OP, VCPUOP_SET_PERIODIC_TIMER, 0, (uint32_t)&period, 0));
  if (!have_devices()) {
    irqs[start_info->console_port] = IRQ_SERIAL;
    return;
  }
  bind(EVTCHNOP_BIND_PIRQ, IRQ_KEYBOARD, IRQ_KEYBOARD);
  bind(EVTCHNOP_BIND_PIRQ, IRQ_SERIAL, IRQ_SERIAL);
  bind(EVTCHNOP_BIND_VIRQ, VIRQ_DOM_EXC, DOMAIN_ENDED);
  native_input_start();
}

/// Takes one event, and leaves word if there are more. The hypervisor may set bits between any two
/// instructions of ours, so each is cleared by one.
static int take(uint32_t *from) {
  shared_info.processors[0].upcall_pending = 0;
  shared_info.processors[0].pending_selector = 0;
  uint32_t waiting = shared_info.pending[0] & ~shared_info.mask[0];
  if (!waiting) return -1;
  uint32_t port = 0;
  while (!(waiting >> port & 1)) port++;
  __asm__ volatile("btr %0, %1" : "+m"(shared_info.pending[0]) : "r"(port) : "memory");
  if (waiting & (waiting - 1)) {
    shared_info.processors[0].pending_selector = 1;
    shared_info.processors[0].upcall_pending = 1;
  }
  *from = port;
  return irqs[port];
}

/// An event is served like an interrupt. The next one, if there is one, comes on the way back.
_Noreturn void para_event(struct frame *frame) {
  uint32_t port = 0;
  int irq = take(&port);
  if (irq == OTHER_DOMAIN) back_serve(port);
  if (irq == DOMAIN_ENDED) back_mourn();
  if (irq == IRQ_TIMER && have_devices()) back_look();
  if (irq < 0 || irq >= OTHER_DOMAIN) machine->resume(frame);
  frame->vector = VECTOR_IRQ0 + (uint32_t)irq;
  trap(frame);
}
