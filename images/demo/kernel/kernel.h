/// What the kernel's files know of each other.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../system_calls.h"

enum { PAGE = 4096, TICKS_PER_SECOND = 100 };

/// Selectors: index in the GDT times 8, plus the privilege level asked for.
enum {
  KERNEL_CODE = 0x08,
  KERNEL_DATA = 0x10,
  USER_CODE = 0x18 | 3,
  USER_DATA = 0x20 | 3,
  TASK_STATE = 0x28,
};

enum { VECTOR_IRQ0 = 32, VECTOR_SYSTEM_CALL = 0x80 };

/// What lies on the kernel stack after entry.S has run, lowest address first.
struct frame {
  uint32_t edi, esi, ebp, unused, ebx, edx, ecx, eax;  // PUSHA
  uint16_t gs, fs, es, ds;                              // this assembler pushes words
  uint32_t vector, error;
  uint32_t eip, cs, eflags;  // pushed by the processor
  uint32_t esp, ss;          // only there if it came from ring 3
};

enum task_state { READY, SLEEPING, READING, FREE };

struct task {
  uint32_t pid;
  const char *name;
  enum task_state state;
  struct frame *frame;    // where the program stopped, at the top of its kernel stack
  uint32_t page_directory;  // physical address, for CR3
  uint32_t stack_top;     // of the kernel stack, for the TSS
  uint32_t wake;          // SLEEPING: the tick to wake at
  uint32_t fault_handler;  // 0 if the program has none
  uint32_t ticks, calls;
  const uint8_t *image;
};

// segments.c
void segments_init(void);
void set_kernel_stack(uint32_t top);

// interrupts.c
void interrupts_init(void);
int irq_is_spurious(unsigned irq);
void irq_done(unsigned irq);

// paging.c
void paging_init(void);
void *page_allocate(void);
uint32_t user_space_create(const uint8_t *image);
void user_space_load(uint32_t directory, const uint8_t *image);
uint32_t user_entry(const uint8_t *image);
int user_range_is_valid(uint32_t start, uint32_t length);
extern const uint32_t user_stack_top;

// console.c
void console_init(void);
void console_put(char character);
void console_title(const char *text, size_t length);
void print(const char *format, ...);
_Noreturn void panic(const struct frame *frame);

// input.c
void input_init(void);
void keyboard_interrupt(void);
void serial_interrupt(void);
int input_take(void);

// tasks.c
extern struct task *current;
extern uint32_t ticks;
void tasks_init(void);
void task_restart(struct task *task);
void task_end(struct task *task);
void tasks_tick(void);
struct frame *task_switch(void);
uint32_t tasks_list(struct task_info *list, uint32_t room);

// calls.c
int system_call(struct frame *frame);
