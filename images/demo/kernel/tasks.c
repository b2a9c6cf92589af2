/// Two programs share one processor. A program that is not running is a frame at the top of
/// its own kernel stack, and nothing else: whatever entered the kernel ends by choosing a
/// frame and returning into it. There is no other way to switch.
#include "../../common/io.h"
#include "../../common/memory.h"
#include "kernel.h"

extern const uint8_t shell_image[], clock_image[];

enum { COUNT = 2, INTERRUPTS_ON = 0x200, EFLAGS_ALWAYS = 2 };
static struct task tasks[COUNT];
struct task *current;
uint32_t ticks;

/// Makes a program ready to run from its start, its memory as its file has it.
void task_restart(struct task *task) {
  user_space_load(task->page_directory, task->image);
  struct frame *frame = (struct frame *)task->stack_top - 1;
  memset(frame, 0, sizeof *frame);
  frame->eip = user_entry(task->image);
  frame->cs = USER_CODE;
  frame->ds = frame->es = frame->ss = USER_DATA;
  frame->esp = user_stack_top;
  frame->eflags = INTERRUPTS_ON | EFLAGS_ALWAYS;  // IOPL 0: no CLI, no ports
  task->frame = frame;
  task->fault_handler = 0;
  task->state = READY;
}

void task_end(struct task *task) { task->state = FREE; }

static void task_create(unsigned slot, const char *name, const uint8_t *image) {
  struct task *task = &tasks[slot];
  task->pid = slot + 1;
  task->name = name;
  task->image = image;
  task->stack_top = (uint32_t)page_allocate() + PAGE;
  task->page_directory = user_space_create(image);
  task_restart(task);
}

void tasks_init(void) {
  task_create(0, "shell", shell_image);
  task_create(1, "clock", clock_image);
  current = &tasks[COUNT - 1];  // so that the first choice is the first
}

/// The timer has struck: charge whoever was running, wake whoever is due.
void tasks_tick(void) {
  ticks++;
  if (current->state == READY) current->ticks++;
  for (struct task *task = tasks; task < tasks + COUNT; task++)
    if (task->state == SLEEPING && (int32_t)(ticks - task->wake) >= 0) task->state = READY;
}

/// A program waiting for input gets it as the answer of its system call.
static void feed(struct task *task) {
  int byte = input_take();
  if (byte < 0) return;
  task->frame->eax = (uint32_t)byte;
  task->state = READY;
}

/// The next ready program after the current one, the current one last; NULL if none.
static struct task *choose(void) {
  unsigned slot = (unsigned)(current - tasks);
  for (unsigned step = 1; step <= COUNT; step++) {
    struct task *task = &tasks[(slot + step) % COUNT];
    if (task->state == READING) feed(task);
    if (task->state == READY) return task;
  }
  return NULL;
}

/// Round robin. With nobody ready the processor halts until an interrupt changes that.
struct frame *task_switch(void) {
  struct task *next;
  while (!(next = choose())) wait_for_interrupt();
  if (next != current) {
    current = next;
    set_kernel_stack(next->stack_top);
    __asm__ volatile("mov cr3, %0" : : "r"(next->page_directory) : "memory");
  }
  return next->frame;
}

uint32_t tasks_list(struct task_info *list, uint32_t room) {
  static const char *const states[] = {"ready", "sleeps", "reads", "ended"};
  uint32_t count = room < COUNT ? room : COUNT;
  for (uint32_t slot = 0; slot < count; slot++) {
    const struct task *task = &tasks[slot];
    struct task_info *info = &list[slot];
    memset(info, 0, sizeof *info);
    info->pid = task->pid;
    for (unsigned index = 0; task->name[index]; index++) info->name[index] = task->name[index];
    const char *state = task == current ? "runs" : states[task->state];
    for (unsigned index = 0; state[index]; index++) info->state[index] = state[index];
    info->ticks = task->ticks;
    info->calls = task->calls;
  }
  return count;
}
