/// What the kernel's files know of each other.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../../common/memory.h"
#include "../system_calls.h"
#include "machine.h"

enum { PAGE = 4096, BLOCK = 512, TICKS_PER_SECOND = 100 };
enum { VECTOR_PAGE_FAULT = 14, VECTOR_IRQ0 = 32, VECTOR_SYSTEM_CALL = 0x80 };
enum { IRQ_TIMER = 0, IRQ_KEYBOARD = 1, IRQ_SERIAL = 4 };

// lock.c
struct lock {
  int is_held, interrupts_were_on;
};
void lock(struct lock *lock);
void unlock(struct lock *lock);

// print.c
void print(const char *format, ...);
_Noreturn void panic(const char *reason);

// memory.c: frames, pages of physical memory
enum { MEMORY_MOST = 64 << 20 };  // more than that is left alone
void memory_init(uint32_t from, uint32_t to);
void *frame_allocate(void);
void frame_share(void *frame);
void frame_free(void *frame);
int frame_is_shared(void *frame);

// paging.c: address spaces
void paging_init(void);
uint32_t *space_create(void);
uint32_t *space_copy(uint32_t *from);
void space_free(uint32_t *directory);
uint32_t space_pages(uint32_t *directory);
void *space_page(uint32_t *directory, uint32_t address, int writable);
void space_shrink(uint32_t *directory, uint32_t from, uint32_t to);
int page_in(uint32_t address, int write);
int user_range(uint32_t start, uint32_t length, int write);
int user_text(uint32_t start);
extern const uint32_t user_base, user_stack_top;

// process.c
enum state { FREE, READY, RUNNING, SLEEPING, ZOMBIE };
enum { FILES = 8 };
struct process {
  enum state state;
  int pid, status, is_killed;
  struct process *parent;
  char name[NAME_LENGTH];
  uint32_t *directory;
  uint8_t *stack;            // its kernel stack, one page
  struct frame *frame;       // where ring 3 stopped: at the top of that stack
  uint32_t kernel_esp;       // where the kernel stopped, when it does not run
  const void *channel;       // SLEEPING: what it waits for
  uint32_t heap, heap_end;   // memory that brk moves
  uint32_t fault_handler;    // 0: none
  struct file *files[FILES];
  struct times times;
};
extern struct process *current;
_Noreturn void processes_start(void);
int process_fork(void);
_Noreturn void process_exit(int status);
int process_wait(int *status);
int process_kill(int pid);
void process_kill_programs(void);
uint32_t process_list(struct process_info *list, uint32_t room);
void yield(void);
void sleep(const void *channel, struct lock *held);
void wakeup(const void *channel);

// exec.c: at most ARGUMENTS arguments
enum { ARGUMENTS = 40 };
int exec(const char *name, char *const *arguments);

// trap.c
extern uint32_t ticks;
void sleep_ticks(uint32_t count);
_Noreturn void trap(struct frame *frame);

// syscall.c
void system_call(struct frame *frame);

// console.c
void console_input(void);
int console_read(char *to, uint32_t count);
int console_write(const char *from, uint32_t count);

// block.c
void block_init(void);
int block_read(uint32_t number, void *data);
int block_write(uint32_t number, const void *data);

// inode.c: files on the disk
struct disk_inode {
  uint16_t type, links;
  uint32_t size;
  uint16_t blocks[28];  // the last one is indirect; of a device, the first is its number
};
struct inode {
  unsigned number, references;
  struct disk_inode disk;
};
enum { ROOT_INODE = 1, SUPERBLOCK_MAGIC = 0x73664c52 };  // "RLfs"
struct superblock {
  uint32_t magic;
  uint16_t blocks, inodes, first_data;  // the bitmap is block 1, inodes follow from block 2
};
void inodes_init(void);
struct inode *inode_get(unsigned number);
struct inode *inode_create(enum file_type type);
void inode_put(struct inode *inode);
int inode_read(struct inode *inode, void *to, uint32_t offset, uint32_t count);
int inode_write(struct inode *inode, const void *from, uint32_t offset, uint32_t count);
void inode_truncate(struct inode *inode);
void inode_unlink(struct inode *inode);

// directory.c
struct inode *directory_find(const char *name);
struct inode *directory_create(const char *name);
int directory_remove(const char *name);

// file.c: what a process has open
struct file {
  enum { CLOSED, ON_DISK, PIPE } kind;
  int references, readable, writable;
  uint32_t offset;
  struct inode *inode;
  struct pipe *pipe;
};
struct file *file_allocate(void);
struct file *file_open(const char *name, uint32_t mode);
void file_share(struct file *file);
void file_close(struct file *file);
int file_read(struct file *file, char *to, uint32_t count);
int file_write(struct file *file, const char *from, uint32_t count);

// pipe.c
int pipe_create(struct file *ends[2]);
void pipe_close(struct pipe *pipe, int writer);
int pipe_read(struct pipe *pipe, char *to, uint32_t count);
int pipe_write(struct pipe *pipe, const char *from, uint32_t count);
