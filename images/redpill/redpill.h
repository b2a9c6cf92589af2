/// redpill: what C and assembly know of each other.
#pragma once

/// Selectors. Everything happens in the ring that the guest was started in.
#define CODE 0x08
#define DATA 0x10
#define TSS 0x18

/// Vectors. An attempt lies between INT 30h and INT 31h, with its number in EAX.
#define VECTOR_BEGIN 0x30
#define VECTOR_END 0x31
#define VECTORS 50

#ifndef __ASSEMBLER__
#include <stdint.h>

/// An instruction that can be asked for.
struct question {
  const char *name;
  uint32_t (*code)(void);
  uint32_t answers;  // whether what it returns is worth printing
};
extern const struct question questions[], questions_end[];

/// Executes it between the two marks. Returns the vector of the fault it met, or NO_FAULT.
uint32_t attempt(uint32_t (*code)(void), uint32_t number);
enum { NO_FAULT = 0xffffffff };
extern uint32_t answer, error_code;  // what it read; what came with the fault

extern void (*const stubs[VECTORS])(void);
#endif
