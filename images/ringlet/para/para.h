/// The paravirtual half: each operation is a word in memory that we share with the hypervisor, or a
/// hypercall.
#pragma once
#include "../../common/hypervisor.h"
#include "../kernel/kernel.h"

/// For what the hypervisor refuses only if we are wrong.
static inline void must(int answer) {
  if (answer < 0) panic("the hypervisor refused");
}

// memory.c
void para_find_memory(uint32_t *from, uint32_t *to);
void para_map_devices(void);
uint32_t *para_first_directory(void);

// paging.c
void para_map(void *page, uint32_t machine_entry);
void para_set_table(uint32_t *slot, uint32_t value);
void para_set_entry(uint32_t *entry, uint32_t value);
uint32_t para_get_entry(const uint32_t *entry);
void para_load_directory(uint32_t *directory);
void para_forget_directory(uint32_t *directory);
void para_flush_page(uint32_t address);
void para_mark_tables(uint32_t *first, uint32_t count);
void para_set_batch(uint32_t count);

// events.c
void para_start_devices(unsigned hz);
void para_serve_port(uint32_t port);
void para_upcall(void);  // entry.S

// frontend.c: a domain without devices
void front_start(void);
void front_console_put(char character);
void front_console_flush(void);
int front_console_get(void);
int front_disk_transfer(uint32_t block, void *data, int write);

// backend.c: the one that has them
void back_console_put(char character);
int back_console_get(void);
void back_look(void);
void back_mourn(void);
void back_serve(uint32_t port);
