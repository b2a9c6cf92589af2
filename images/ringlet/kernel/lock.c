/// Locks. There is one processor, and the kernel gives it away only in `sleep` and `yield`: so
/// the one who may come in between is an interrupt, and to lock is to keep interrupts off.
#include "kernel.h"

void lock(struct lock *lock) {
  int were_on = machine->interrupts_are_on();
  machine->interrupts_off();
  // Trust, but verify. On a bare processor this never fails. A kernel that was pushed out of
  // ring 0 and does not know it learns it here: its CLI was trapped and noted down by somebody,
  // but PUSHF does not trap, and reads the flag of the real processor.
  if (machine->interrupts_are_on()) panic("lock taken with interrupts on");
  if (lock->is_held) panic("lock taken twice");
  lock->is_held = 1;
  lock->interrupts_were_on = were_on;
}

void unlock(struct lock *lock) {
  if (!lock->is_held) panic("lock was not taken");
  lock->is_held = 0;
  if (lock->interrupts_were_on) machine->interrupts_on();
}
