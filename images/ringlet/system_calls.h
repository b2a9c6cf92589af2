/// What a program may ask of the kernel, with INT 80h: number in EAX, up to three arguments in
/// EBX, ECX and EDX, the answer in EAX (negative: refused). Numbers up to 43 are those
/// of Seventh Edition Unix.
#pragma once

#define SYS_EXIT 1       // (status): this process is done
#define SYS_FORK 2       // -> the child's number; 0 in the child
#define SYS_READ 3       // (file, buffer, count) -> bytes read, 0 at the end
#define SYS_WRITE 4      // (file, buffer, count) -> bytes written
#define SYS_OPEN 5       // (name, OPEN_...) -> file
#define SYS_CLOSE 6      // (file)
#define SYS_WAIT 7       // (int *status) -> the number of a child that ended
#define SYS_UNLINK 10    // (name): removes a file
#define SYS_EXEC 11      // (name, arguments): this process becomes that program
#define SYS_TIME 13      // -> timer ticks since the start
#define SYS_BRK 17       // (end of memory; 0: leave it) -> end of memory
#define SYS_LSEEK 19     // (file, offset) -> offset, from the start
#define SYS_GETPID 20    // -> this process's number
#define SYS_FSTAT 28     // (file, struct stat *)
#define SYS_KILL 37      // (process number)
#define SYS_DUP 41       // (file) -> the lowest free number, now the same file
#define SYS_PIPE 42      // (int file[2]): what is written to the second is read from the first
#define SYS_TIMES 43     // (struct times *): what this process has used
#define SYS_YIELD 44     // lets another process run
#define SYS_SLEEP 45     // (ticks)
#define SYS_PS 46        // (struct process_info *, room) -> how many processes
#define SYS_HALT 47      // (status): stops the machine
#define SYS_ONFAULT 48   // (address): go there when a fault strikes; 0: die

#define OPEN_READ 1
#define OPEN_WRITE 2
#define OPEN_CREATE 4    // makes the file, or empties it

/// What wait tells of a child: below 256 the status it gave to exit, else
#define STATUS_FAULT 256   // plus the vector of the fault it died of
#define STATUS_KILLED 512

#ifndef __ASSEMBLER__
#include <stdint.h>

enum file_type { TYPE_FREE, TYPE_FILE, TYPE_DIRECTORY, TYPE_DEVICE };

struct stat {
  uint16_t type, inode;
  uint32_t size;
};

/// A directory is a file of these.
enum { NAME_LENGTH = 14 };
struct directory_entry {
  uint16_t inode;  // 0: a free entry
  char name[NAME_LENGTH];
};

struct times {
  uint32_t ticks;     // timer ticks that found it running
  uint32_t calls;     // system calls
  uint32_t faults;    // page faults the kernel answered with a page
  uint32_t switches;  // times it was given the processor
};

struct process_info {
  uint32_t pid, parent;
  char name[NAME_LENGTH], state;  // R runs or is ready, S sleeps, Z has ended
  uint32_t pages;                 // its own and those it shares
  struct times times;
};
#endif
