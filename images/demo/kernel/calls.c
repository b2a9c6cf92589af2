/// The system calls: arguments in EBX and ECX, the answer in EAX.
#include "../../common/io.h"
#include "kernel.h"

enum { REFUSED = 0xffffffff, EXIT_PORT = 0xf4 };

static uint32_t write(uint32_t start, uint32_t length, int to_title) {
  if (!user_range_is_valid(start, length)) return REFUSED;
  const char *text = (const char *)start;
  if (to_title) {
    console_title(text, length);
  } else {
    for (uint32_t index = 0; index < length; index++) console_put(text[index]);
  }
  return length;
}

static uint32_t list(uint32_t start, uint32_t room) {
  uint32_t size = sizeof(struct task_info);
  if (room > PAGE / size || !user_range_is_valid(start, room * size)) return REFUSED;
  return tasks_list((struct task_info *)start, room);
}

static void power(uint32_t code) {
  if (code < POWER_HALT) outb(EXIT_PORT, (uint8_t)code);
  halt_forever();  // no such port on this machine
}

/// Returns whether the program gives up its turn.
int system_call(struct frame *frame) {
  uint32_t first = frame->ebx, second = frame->ecx;
  current->calls++;
  switch (frame->eax) {
    case SYS_EXIT: task_end(current); break;
    case SYS_GETPID: frame->eax = current->pid; break;
    case SYS_WRITE: frame->eax = write(first, second, 0); break;
    case SYS_READ: current->state = READING; break;  // answered when a byte is there
    case SYS_YIELD: frame->eax = 0; return 1;
    case SYS_SLEEP:
      frame->eax = 0;
      current->wake = ticks + first;
      current->state = SLEEPING;
      break;
    case SYS_TICKS: frame->eax = ticks; break;
    case SYS_ON_FAULT:
      current->fault_handler = first;
      frame->eax = 0;
      break;
    case SYS_TASKS: frame->eax = list(first, second); break;
    case SYS_TITLE: frame->eax = write(first, second, 1); break;
    case SYS_POWER: power(first); break;
    default: frame->eax = REFUSED;
  }
  return current->state != READY;
}
