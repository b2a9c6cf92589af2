/// The kernel's one door: everything that interrupts a program, or the kernel itself.
#include "kernel.h"

uint32_t ticks;
static struct lock clock_lock;
static int turn_is_over;

static const char *const fault_names[] = {
  "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "#9",
  "#TS", "#NP", "#SS", "#GP", "#PF", "#15", "#MF", "#AC", "#MC", "#XM",
};

/// Sleepers look at the clock themselves, at every tick.
void sleep_ticks(uint32_t count) {
  lock(&clock_lock);
  uint32_t end = ticks + count;
  while ((int32_t)(ticks - end) < 0 && !current->is_killed) sleep(&ticks, &clock_lock);
  unlock(&clock_lock);
}

static void timer_interrupt(void) {
  lock(&clock_lock);
  ticks++;
  unlock(&clock_lock);
  if (current->state == RUNNING) current->times.ticks++;
  wakeup(&ticks);
  turn_is_over = 1;
}

static void interrupt(unsigned irq) {
  switch (irq) {
    case IRQ_TIMER: timer_interrupt(); break;
    case IRQ_KEYBOARD: case IRQ_SERIAL: console_input(); break;
  }
  machine->end_of_interrupt(irq);
}

/// A program did what it may not. If it named a handler it goes on there, once, told in its
/// registers what happened; if not, it dies and the others go on.
static void program_fault(struct frame *frame, uint32_t address) {
  if (current->fault_handler) {
    frame->eax = frame->vector;
    frame->edx = frame->error;
    frame->ecx = address;
    frame->ebx = frame->eip;
    frame->eip = current->fault_handler;
    current->fault_handler = 0;
    return;
  }
  const char *name = frame->vector < 20 ? fault_names[frame->vector] : "?";
  print("%s: %s(%w) at %x\n", current->name, name, frame->error, frame->eip);
  process_exit(STATUS_FAULT + (int)frame->vector);
}

static void fault(struct frame *frame, int from_ring3) {
  enum { PAGE_FAULT_WRITE = 2 };
  uint32_t address = 0;
  if (frame->vector == VECTOR_PAGE_FAULT) {
    address = machine->fault_address();
    if (from_ring3 && page_in(address, frame->error & PAGE_FAULT_WRITE) == 0) {
      current->times.faults++;
      return;
    }
  }
  if (!from_ring3) {
    print("\nvector %u error %w\n", frame->vector, frame->error);
    print("cs %w eip %x cr2 %x\n", frame->cs, frame->eip, address);
    panic("fault in the kernel");
  }
  program_fault(frame, address);
}

/// Interrupts are off when we come in, and when we leave. They are on while a system call is
/// at work, so that a long one does not stop the clock.
_Noreturn void trap(struct frame *frame) {
  int from_ring3 = (frame->cs & 3) == 3;
  if (frame->vector == VECTOR_SYSTEM_CALL) {
    machine->interrupts_on();
    system_call(frame);
    machine->interrupts_off();
  } else if (frame->vector >= VECTOR_IRQ0) {
    interrupt(frame->vector - VECTOR_IRQ0);
  } else {
    fault(frame, from_ring3);
  }
  // Only on the way back to ring 3 may the processor go to someone else: the kernel itself
  // is never in the middle of something when that happens.
  if (from_ring3) {
    if (current->is_killed) process_exit(STATUS_KILLED);
    if (turn_is_over) {
      turn_is_over = 0;
      yield();
    }
  }
  machine->resume(frame);
}
