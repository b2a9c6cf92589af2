/// What a program has: system calls, and a few functions of its own.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "../system_calls.h"

// start.S: the system calls, see ../system_calls.h. Negative answers are refusals.
_Noreturn void exit(int status);
int fork(void);
int read(int file, void *buffer, uint32_t count);
int write(int file, const void *buffer, uint32_t count);
int open(const char *name, int mode);
int close(int file);
int wait(int *status);
int unlink(const char *name);
int exec(const char *name, char *const *arguments);
int time(void);
uint32_t brk(uint32_t end);
int lseek(int file, uint32_t offset);
int getpid(void);
int fstat(int file, struct stat *stat);
int kill(int pid);
int dup(int file);
int pipe(int files[2]);
int times(struct times *times);
int yield(void);
int sleep(uint32_t ticks);
int ps(struct process_info *list, uint32_t room);
_Noreturn void halt(int status);
int onfault(void (*handler)(void));

/// What struck; vector -1: nothing did.
struct fault {
  int vector;
  uint32_t error, address, eip;
};
void attempt(struct fault *fault, void (*action)(void));

// print.c: %s text, %u and %d decimal, %x eight hexadecimal digits, %w four, %c a character;
// a number before the letter pads on the left, for %s on the right.
void print(const char *format, ...);
void print_fault(const char *what, const struct fault *fault);

// text.c
uint32_t length_of(const char *text);
int equal(const char *left, const char *right);
uint32_t number_in(const char *text);
/// The first argument as a number, or what to take without one.
uint32_t argument_number(int count, char **arguments, uint32_t otherwise);

// line.c: a line of input with editing; its length without the line's end, or -1 at the end.
int read_line(char *line, uint32_t room);
