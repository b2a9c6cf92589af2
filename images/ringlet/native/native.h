/// The native half: each operation is the instruction itself.
#pragma once
#include "../../common/io.h"
#include "../../common/memory.h"
#include "../kernel/machine.h"

/// Selectors: index in the GDT times 8, plus the privilege level asked for.
enum {
  KERNEL_CODE = 0x08,
  KERNEL_DATA = 0x10,
  USER_CODE = 0x18 | 3,
  USER_DATA = 0x20 | 3,
  TASK_STATE = 0x28,
};

/// What LGDT and LIDT load.
struct table_pointer {
  uint16_t limit;
  uint32_t base;
} __attribute__((packed));

// segments.c
void native_load_segments(void);
void native_set_kernel_stack(uint32_t top);

// gates.c
void native_load_gates(void);

// devices.c
void native_start_devices(unsigned hz);
void native_end_of_interrupt(unsigned irq);

// console.c
void native_console_put(char character);

// input.c
void native_input_start(void);
int native_console_get(void);

// disk.c
int native_disk_transfer(uint32_t block, void *data, int write);
int native_drive_transfer(unsigned drive, uint32_t block, void *data, int write);
