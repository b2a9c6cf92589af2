/// Processes: how they come, take turns, wait for each other and go.
#include "kernel.h"

enum { COUNT = 32, INTERRUPTS_ON = 0x200, EFLAGS_ALWAYS = 2 };

static struct process processes[COUNT];
struct process *current;
static struct lock process_lock;

void switch_stacks(uint32_t *save, uint32_t load);

/// Where a process goes on when it was never switched away from: to ring 3.
static _Noreturn void begin(void) { machine->resume(current->frame); }

/// What switch_stacks leaves on a stack, and finds there.
struct context {
  uint32_t edi, esi, ebx, ebp, eip, no_return;
};

static struct process *allocate(void) {
  static int next_pid = 1;
  for (struct process *process = processes; process < processes + COUNT; process++) {
    if (process->state != FREE) continue;
    memset(process, 0, sizeof *process);
    process->stack = frame_allocate();
    if (!process->stack) return NULL;
    process->pid = next_pid++;
    process->frame = (struct frame *)(process->stack + PAGE) - 1;
    struct context *context = (struct context *)process->frame - 1;
    context->eip = (uint32_t)begin;
    process->kernel_esp = (uint32_t)context;
    return process;
  }
  return NULL;
}

static void release(struct process *process) {
  if (process->directory) space_free(process->directory);
  frame_free(process->stack);
  process->state = FREE;
}

/// The first process is the shell; it has no parent and must not end.
_Noreturn void processes_start(void) {
  static char *const arguments[] = {"sh", NULL};
  current = allocate();
  current->state = RUNNING;
  current->frame->ds = current->frame->es = current->frame->ss = machine->user_data;
  current->frame->cs = machine->user_code;
  current->frame->eflags = INTERRUPTS_ON | EFLAGS_ALWAYS;  // IOPL 0: no CLI, no ports
  machine->set_kernel_stack((uint32_t)current->stack + PAGE);
  struct file *console = file_open("console", OPEN_READ | OPEN_WRITE);
  if (!console || exec("sh", arguments)) panic("no console, or no sh");
  for (int number = 0; number < 3; number++) {
    current->files[number] = console;
    if (number) file_share(console);
  }
  begin();
}

/// The child gets everything its parent has; only the answer of fork tells them apart.
int process_fork(void) {
  struct process *child = allocate();
  if (!child) return -1;
  child->directory = space_copy(current->directory);
  if (!child->directory) {
    release(child);
    return -1;
  }
  *child->frame = *current->frame;
  child->frame->eax = 0;
  child->parent = current;
  child->heap = current->heap;
  child->heap_end = current->heap_end;
  child->fault_handler = current->fault_handler;
  memcpy(child->name, current->name, NAME_LENGTH);
  for (int number = 0; number < FILES; number++) {
    child->files[number] = current->files[number];
    if (child->files[number]) file_share(child->files[number]);
  }
  child->state = READY;
  return child->pid;
}

/// The next ready process after the current one; NULL if none is.
static struct process *choose(void) {
  uint32_t slot = (uint32_t)(current - processes);
  for (uint32_t step = 1; step <= COUNT; step++) {
    struct process *process = &processes[(slot + step) % COUNT];
    if (process->state == READY) return process;
  }
  return NULL;
}

/// Round robin. With nobody ready the processor waits, on the stack of whoever came last,
/// until an interrupt changes that. Called and left with interrupts off.
static void schedule(void) {
  struct process *previous = current, *next;
  while (!(next = choose())) machine->wait_for_interrupt();
  next->state = RUNNING;
  next->times.switches++;
  if (next == previous) return;
  current = next;
  machine->set_kernel_stack((uint32_t)next->stack + PAGE);
  machine->load_directory(next->directory);
  switch_stacks(&previous->kernel_esp, next->kernel_esp);
}

/// Others may take the lock meanwhile, and come from where interrupts were on or off: what the
/// lock remembers is restored with it. Interrupts stay off throughout.
static void schedule_without(struct lock *held) {
  int interrupts_were_on = held->interrupts_were_on;
  held->is_held = 0;
  schedule();
  held->is_held = 1;
  held->interrupts_were_on = interrupts_were_on;
}

void yield(void) {
  lock(&process_lock);
  current->state = READY;
  schedule_without(&process_lock);
  unlock(&process_lock);
}

/// Waits for a wakeup on the same channel. The caller holds the lock under which it saw that it
/// must wait: so the wakeup cannot come between the look and the sleep.
void sleep(const void *channel, struct lock *held) {
  current->channel = channel;
  current->state = SLEEPING;
  schedule_without(held);
}

static void wake(const void *channel) {
  for (struct process *process = processes; process < processes + COUNT; process++)
    if (process->state == SLEEPING && process->channel == channel) process->state = READY;
}

/// Wakes everyone who sleeps there; each looks again for himself.
void wakeup(const void *channel) {
  lock(&process_lock);
  wake(channel);
  unlock(&process_lock);
}

_Noreturn void process_exit(int status) {
  if (current->pid == 1) machine->power_off((unsigned)status & 63);
  for (int number = 0; number < FILES; number++)
    if (current->files[number]) file_close(current->files[number]);
  lock(&process_lock);
  for (struct process *process = processes; process < processes + COUNT; process++) {
    if (process->state == FREE || process->parent != current) continue;
    process->parent = processes;  // an orphan becomes the first process's child
    wake(processes);
  }
  current->status = status;
  current->state = ZOMBIE;  // its stack is still under our feet: the parent frees it
  wake(current->parent);
  schedule_without(&process_lock);
  panic("a zombie ran");
}

/// Returns the number of a child that has ended, or -1 if there is no child to wait for.
int process_wait(int *status) {
  int pid = -1;
  lock(&process_lock);
  for (;;) {
    int has_children = 0;
    for (struct process *child = processes; pid < 0 && child < processes + COUNT; child++) {
      if (child->state == FREE || child->parent != current) continue;
      has_children = 1;
      if (child->state != ZOMBIE) continue;
      pid = child->pid;
      *status = child->status;
      release(child);
    }
    if (pid >= 0 || !has_children || current->is_killed) break;
    sleep(current, &process_lock);
  }
  unlock(&process_lock);
  return pid;
}

/// The end comes on the way back to ring 3. Who sleeps is woken for it.
static void kill(struct process *process) {
  process->is_killed = 1;
  if (process->state == SLEEPING) process->state = READY;
}

/// The first process cannot be killed: somebody must bury the others.
int process_kill(int pid) {
  int answer = -1;
  lock(&process_lock);
  for (struct process *process = processes + 1; process < processes + COUNT; process++) {
    if (process->state == FREE || process->pid != pid) continue;
    kill(process);
    answer = 0;
  }
  unlock(&process_lock);
  return answer;
}

/// For control-C: everyone but the shell.
void process_kill_programs(void) {
  lock(&process_lock);
  for (struct process *process = processes + 1; process < processes + COUNT; process++)
    if (process->state != FREE) kill(process);
  unlock(&process_lock);
}

uint32_t process_list(struct process_info *list, uint32_t room) {
  uint32_t count = 0;
  for (struct process *process = processes; process < processes + COUNT; process++) {
    if (process->state == FREE || count == room) continue;
    struct process_info *info = &list[count++];
    info->pid = (uint32_t)process->pid;
    info->parent = process->parent ? (uint32_t)process->parent->pid : 0;
    info->state = "?RRSZ"[process->state];
    info->pages = space_pages(process->directory);
    info->times = process->times;
    memcpy(info->name, process->name, NAME_LENGTH);
  }
  return count;
}
