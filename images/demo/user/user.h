/// What a program has: system calls, and a few functions of its own.
#pragma once
#include <stdint.h>

#include "../system_calls.h"

int ask(int number, uint32_t first, uint32_t second);


// print.c
void print(const char *format, ...);
uint32_t format_text(char *to, uint32_t room, const char *format, ...);

// probe.S: returned in EDX:EAX, so declared as one 64-bit word.
uint64_t probe_cli(void), probe_hlt(void), probe_out(void), probe_cr3(void), probe_kernel(void);
void divide_by_zero(void);
uint32_t read_cs(void), read_eflags(void);
uint32_t read_machine_status(void), read_task_register(void), read_local_table(void);
void read_gdtr(void *pointer), read_idtr(void *pointer);

// rings.c
void show_rings(void);
void show_faults(void);
