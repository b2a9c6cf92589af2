/// The console as a file. Input comes byte by byte from keyboard and serial line, and is kept
/// until somebody reads it. Nothing is echoed: who edits a line does that himself.
#include "kernel.h"

enum { CONTROL_C = 3 };

static char queue[1024];
static unsigned head, tail;
static struct lock input_lock;

/// An interrupt announced input: take in all there is.
void console_input(void) {
  lock(&input_lock);
  for (int byte; (byte = machine->console_get()) >= 0;) {
    if (byte == CONTROL_C) process_kill_programs();
    if (tail - head < sizeof queue) queue[tail++ % sizeof queue] = (char)byte;
  }
  unlock(&input_lock);
  wakeup(queue);
}

/// Waits for at least one byte.
int console_read(char *to, uint32_t count) {
  uint32_t done = 0;
  lock(&input_lock);
  while (head == tail && !current->is_killed) sleep(queue, &input_lock);
  while (done < count && head != tail) to[done++] = queue[head++ % sizeof queue];
  unlock(&input_lock);
  return (int)done;
}

/// Serial lines are slow: who is killed meanwhile need not see the end of it.
int console_write(const char *from, uint32_t count) {
  uint32_t done = 0;
  while (done < count && !current->is_killed) machine->console_put(from[done++]);
  return (int)done;
}
