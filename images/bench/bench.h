/// The benchmarks: each program does its work `count` times and returns a checksum of it.
#pragma once

/// Selectors, all flat.
#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1b
#define USER_DATA 0x23
#define TSS 0x28

#define VECTOR_TIMER 0x20
#define VECTOR_SERIAL 0x24
#define VECTOR_CALL 0x80
#define VECTOR_DONE 0x81  // ring 3 is through

#define COM1 0x3f8
#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define END_OF_INTERRUPT 0x20

#define PARA_MAGIC 0x2d6e6578         // our own sign that a hypervisor has started us

#ifndef __ASSEMBLER__
#include <stdint.h>

enum { PAGE = 4096, WINDOW = 0x40000000, WINDOW_PAGES = 4096 };
enum { PTE_PRESENT = 1, PTE_WRITABLE = 2, PTE_USER = 4 };

/// The processor's tables, a paged address space (see `platform.c`), interrupts off.
void start_platform(void);
/// The same under a hypervisor; returns the command line.
struct start_info;
const char *para_start_platform(const struct start_info *information);
/// Makes an interrupt line of the master controller heard, and no other.
void listen_to(uint32_t line);

/// The page tables of the window, in each of two address spaces that share all the rest.
extern uint32_t window[2][WINDOW_PAGES];
/// CR3 of the two.
extern uint32_t directories[2][PAGE / 4];
/// A mebibyte to map there.
extern uint32_t pool[256][PAGE / 4];
/// The page table entry of a page of the pool.
uint32_t pool_entry(uint32_t page);

/// A generator of numbers (xorshift), the same for all programs.
static inline uint32_t next_random(uint32_t *state) {
  uint32_t x = *state;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  return *state = x;
}

// What entry.S has for system.c.
extern volatile uint32_t timer_ticks, serial_interrupts, divide_faults, page_faults, fault_sum;
extern uint32_t *faulting_entry;  // what the page fault handler makes present
uint32_t call_from_ring3(uint32_t count);
uint32_t six_calls(uint32_t count, uint32_t sum);
void load_segments(uint32_t count);
void switch_stacks(uint32_t *save_esp, uint32_t esp, uint32_t cr3);
extern uint8_t modified_code[];  // MOV EAX, imm32; RET

/// What a task does in its turn: eight pages of its own. The sum of all is in `shared_sum`.
void take_turn(void);
extern uint32_t shared_sum;

typedef uint32_t program(uint32_t count);
uint32_t run_in_ring3(program *run, uint32_t count);
struct benchmark {
  const char *name;
  program *run;
};
/// Those that a kernel in ring 1 does in another way, up to one without a name.
extern const struct benchmark para_programs[];
program nothing, sieve, crc, sha, matrix, sort, memory, recursion, bytecode, wide, mandelbrot;
program system_call, port, cr3, cr0, calls, page_fault, divide, invlpg, context, serial, flags,
  segments, modify, tlb, idle;
#endif
