/// What a program may ask of the kernel, with INT 80h: number in EAX, up to two arguments
/// in EBX and ECX, the answer in EAX (negative: refused).
#pragma once

#define SYS_EXIT 0      // (code): this program is done
#define SYS_GETPID 1    // -> process number
#define SYS_WRITE 2     // (text, length): to the console
#define SYS_READ 3      // -> one byte of input; waits for it
#define SYS_YIELD 4     // lets another program run
#define SYS_SLEEP 5     // (ticks)
#define SYS_TICKS 6     // -> ticks since the start
#define SYS_ON_FAULT 7  // (address): go there when a fault strikes; 0: die
#define SYS_TASKS 8     // (struct task_info *, room) -> how many
#define SYS_TITLE 9     // (text, length): the screen's right top corner
#define SYS_POWER 10    // (code): below 64 to the exit port, POWER_HALT stops the processor
#define POWER_HALT 64

#ifndef __ASSEMBLER__
#include <stdint.h>

/// A line of the process table.
struct task_info {
  uint32_t pid;
  char name[8];
  char state[8];
  uint32_t ticks;  // timer ticks that found it running
  uint32_t calls;  // system calls made
};
#endif
