/// ring1: what the processor makes of each sensitive or privileged instruction, in every ring
/// and at every IOPL. This is what C and assembly know of each other.
#pragma once

/// Selectors. Every ring has a code and a data segment of its own, flat like all of them:
/// ring r has CODE + r * RING and DATA + r * RING, with RPL r.
#define CODE 0x08
#define DATA 0x10
#define RING 0x10
#define SPARE_TSS 0x48   // for LTR to load
#define TSS 0x50

/// Vectors. Any other means that the processor refused.
#define VECTOR_TIMER 32
#define VECTOR_DONE 48    // a probe is through
#define VECTOR_ANSWER 49  // a probe is through, and EAX has what it read
#define VECTOR_GATE 0x80  // behind a gate with DPL 0

/// The bits of EFLAGS that answer for themselves: IOPL and IF.
#define FLAGS_SHOWN 0x3200

#ifndef __ASSEMBLER__
#include <stdint.h>

/// One line of the report.
struct probe {
  const char *name;
  void (*code)(void);
};
extern const struct probe probes[], probes_end[];

/// How a probe starts; the selectors are its own ring's.
struct start {
  uint32_t eip, cs, eflags, esp, ss;
};

/// Runs a probe until something brings the processor back. Returns the vector.
uint32_t enter(const struct start *start);
extern uint32_t error_code, answer;  // what came with the vector; what was in EAX

extern void (*const stubs[])(void);
enum { STUBS = 50 };
#endif
