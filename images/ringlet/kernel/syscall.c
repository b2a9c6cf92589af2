/// The system calls: one function each, and at the end the way to them. What a
/// program hands over is not to be trusted: every pointer is asked for in user_range.
#include "kernel.h"

/// The open file a program means by a number, or NULL.
static struct file *file_numbered(uint32_t number) {
  return number < FILES ? current->files[number] : NULL;
}

/// The lowest free number, now meaning that file; -1 if there is none.
static int number_for(struct file *file) {
  for (int number = 0; number < FILES; number++) {
    if (current->files[number]) continue;
    current->files[number] = file;
    return number;
  }
  return -1;
}

static int sys_exit(uint32_t status) { process_exit((int)(status & 255)); }

static int sys_fork(void) { return process_fork(); }

static int sys_read(uint32_t number, uint32_t buffer, uint32_t count) {
  struct file *file = file_numbered(number);
  if (!file || !file->readable || !user_range(buffer, count, 1)) return -1;
  return file_read(file, (char *)buffer, count);
}

static int sys_write(uint32_t number, uint32_t buffer, uint32_t count) {
  struct file *file = file_numbered(number);
  if (!file || !file->writable || !user_range(buffer, count, 0)) return -1;
  return file_write(file, (const char *)buffer, count);
}

static int sys_open(uint32_t name, uint32_t mode) {
  if (!user_text(name)) return -1;
  struct file *file = file_open((const char *)name, mode);
  if (!file) return -1;
  int number = number_for(file);
  if (number < 0) file_close(file);
  return number;
}

static int sys_close(uint32_t number) {
  struct file *file = file_numbered(number);
  if (!file) return -1;
  current->files[number] = NULL;
  file_close(file);
  return 0;
}

static int sys_wait(uint32_t status) {
  int child_status = 0;
  if (status && !user_range(status, sizeof child_status, 1)) return -1;
  int pid = process_wait(&child_status);
  if (status && pid >= 0) *(int *)status = child_status;
  return pid;
}

static int sys_unlink(uint32_t name) {
  return user_text(name) ? directory_remove((const char *)name) : -1;
}

/// The arguments lie in the memory that is about to go: exec copies them before that. Their array
/// ends with a null; one that goes on and on is refused.
static int sys_exec(uint32_t name, uint32_t arguments) {
  if (!user_text(name)) return -1;
  for (uint32_t index = 0; index <= ARGUMENTS; index++) {
    uint32_t slot = arguments + index * sizeof(char *);
    if (!user_range(slot, sizeof(char *), 0)) return -1;
    uint32_t text = *(uint32_t *)slot;
    if (!text) return exec((const char *)name, (char *const *)arguments);
    if (!user_text(text)) return -1;
  }
  return -1;
}

static int sys_time(void) { return (int)ticks; }

/// New memory costs nothing here: its pages come when they are touched, in page_in.
static int sys_brk(uint32_t end) {
  enum { HEAP_MOST = 512 << 20 };  // more than there is: memory runs out when it is touched
  if (end == 0) return (int)current->heap_end;
  if (end < current->heap || end - current->heap > HEAP_MOST) return -1;
  uint32_t first_unused = (end + PAGE - 1) & ~(PAGE - 1);
  space_shrink(current->directory, first_unused, current->heap_end);
  current->heap_end = end;
  return (int)end;
}

static int sys_lseek(uint32_t number, uint32_t offset) {
  struct file *file = file_numbered(number);
  if (!file || file->kind != ON_DISK || (int)offset < 0) return -1;
  file->offset = offset;
  return (int)offset;
}

static int sys_getpid(void) { return current->pid; }

static int sys_fstat(uint32_t number, uint32_t buffer) {
  struct file *file = file_numbered(number);
  struct stat *stat = (struct stat *)buffer;
  if (!file || file->kind != ON_DISK || !user_range(buffer, sizeof *stat, 1)) return -1;
  stat->type = file->inode->disk.type;
  stat->inode = (uint16_t)file->inode->number;
  stat->size = file->inode->disk.size;
  return 0;
}

static int sys_kill(uint32_t pid) { return process_kill((int)pid); }

static int sys_dup(uint32_t number) {
  struct file *file = file_numbered(number);
  int copy = file ? number_for(file) : -1;
  if (copy >= 0) file_share(file);
  return copy;
}

static int sys_pipe(uint32_t numbers) {
  struct file *ends[2];
  if (!user_range(numbers, 2 * sizeof(int), 1) || pipe_create(ends)) return -1;
  int reader = number_for(ends[0]), writer = number_for(ends[1]);
  if (writer < 0) {
    if (reader >= 0) current->files[reader] = NULL;
    file_close(ends[0]);
    file_close(ends[1]);
    return -1;
  }
  ((int *)numbers)[0] = reader;
  ((int *)numbers)[1] = writer;
  return 0;
}

static int sys_times(uint32_t buffer) {
  if (!user_range(buffer, sizeof(struct times), 1)) return -1;
  *(struct times *)buffer = current->times;
  return 0;
}

static int sys_yield(void) {
  yield();
  return 0;
}

static int sys_sleep(uint32_t count) {
  sleep_ticks(count);
  return 0;
}

static int sys_ps(uint32_t buffer, uint32_t room) {
  uint32_t size = sizeof(struct process_info);
  if (room > PAGE / size || !user_range(buffer, room * size, 1)) return -1;
  return (int)process_list((struct process_info *)buffer, room);
}

static int sys_halt(uint32_t status) { machine->power_off(status & 63); }

static int sys_onfault(uint32_t handler) {
  current->fault_handler = handler;
  return 0;
}

/// Number in EAX, arguments in EBX, ECX and EDX; the answer goes back in EAX.
static int call(uint32_t number, uint32_t first, uint32_t second, uint32_t third) {
  switch (number) {
    case SYS_EXIT: return sys_exit(first);
    case SYS_FORK: return sys_fork();
    case SYS_READ: return sys_read(first, second, third);
    case SYS_WRITE: return sys_write(first, second, third);
    case SYS_OPEN: return sys_open(first, second);
    case SYS_CLOSE: return sys_close(first);
    case SYS_WAIT: return sys_wait(first);
    case SYS_UNLINK: return sys_unlink(first);
    case SYS_EXEC: return sys_exec(first, second);
    case SYS_TIME: return sys_time();
    case SYS_BRK: return sys_brk(first);
    case SYS_LSEEK: return sys_lseek(first, second);
    case SYS_GETPID: return sys_getpid();
    case SYS_FSTAT: return sys_fstat(first, second);
    case SYS_KILL: return sys_kill(first);
    case SYS_DUP: return sys_dup(first);
    case SYS_PIPE: return sys_pipe(first);
    case SYS_TIMES: return sys_times(first);
    case SYS_YIELD: return sys_yield();
    case SYS_SLEEP: return sys_sleep(first);
    case SYS_PS: return sys_ps(first, second);
    case SYS_HALT: return sys_halt(first);
    case SYS_ONFAULT: return sys_onfault(first);
    default: return -1;
  }
}

void system_call(struct frame *frame) {
  current->times.calls++;
  frame->eax = (uint32_t)call(frame->eax, frame->ebx, frame->ecx, frame->edx);
}
