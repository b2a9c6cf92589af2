/// The kernel's one door. Everything that interrupts a program ends here, and the frame
/// returned says who runs next.
#include "kernel.h"

static const char *const fault_names[] = {
  "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "#9",
  "#TS", "#NP", "#SS", "#GP", "#PF", "#15", "#MF", "#AC", "#MC", "#XM",
};

/// A program did what it may not. If it named a handler it goes on there, told what
/// happened; if not, it is started anew. The kernel and the other program go on.
static void program_fault(struct frame *frame) {
  if (current->fault_handler) {
    frame->eip = current->fault_handler;
    frame->eax = frame->vector;
    frame->edx = frame->error;
    current->fault_handler = 0;
    return;
  }
  const char *name = frame->vector < 20 ? fault_names[frame->vector] : "?";
  print("\n%s: %s(%w) at %w:%x\n", current->name, name, frame->error, frame->cs, frame->eip);
  print("ended and started anew\n");
  task_restart(current);
}

/// Returns whether the running program's turn is over: each turn is one timer tick.
static int interrupt(unsigned irq) {
  if (irq_is_spurious(irq)) return 0;
  switch (irq) {
    case 0: tasks_tick(); break;
    case 1: keyboard_interrupt(); break;
    case 4: serial_interrupt(); break;
  }
  irq_done(irq);
  return irq == 0;
}

struct frame *trap(struct frame *frame) {
  int from_kernel = (frame->cs & 3) == 0;
  int turn_is_over = 0;
  if (frame->vector == VECTOR_SYSTEM_CALL) {
    turn_is_over = system_call(frame);
  } else if (frame->vector >= VECTOR_IRQ0) {
    turn_is_over = interrupt(frame->vector - VECTOR_IRQ0);
  } else if (from_kernel) {
    panic(frame);
  } else {
    program_fault(frame);
  }
  // From the kernel means from its wait for an interrupt, in task_switch: that goes on.
  return turn_is_over && !from_kernel ? task_switch() : frame;
}
