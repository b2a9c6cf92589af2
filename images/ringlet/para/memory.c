/// What memory we have. The hypervisor starts us with the kernel mapped, and not much more.
#include "para.h"

enum { PRESENT = 1, WRITABLE = 2, ENTRIES = 1024, TABLE_SPAN = ENTRIES * PAGE };

uint32_t *para_first_directory(void) { return start_info->directory; }

/// Behind the tables lies the stack that we were started with, and then what is free. Maps the rest
/// of our memory: the tables for that are taken from there.
void para_find_memory(uint32_t *from, uint32_t *to) {
  uint32_t *directory = start_info->directory;
  uint32_t end = start_info->page_count * PAGE;
  uint32_t next = (uint32_t)directory + (start_info->table_count + 1) * PAGE;
  if (end > MEMORY_MOST) end = MEMORY_MOST;
  para_mark_tables(directory, start_info->table_count);
  for (uint32_t start = (start_info->table_count - 1) * TABLE_SPAN; start < end;
       start += TABLE_SPAN, next += PAGE) {
    uint32_t *table = (uint32_t *)next;
    for (uint32_t page = 0; page < ENTRIES && start + page * PAGE < end; page++)
      para_set_entry(&table[page], (start + page * PAGE) | WRITABLE | PRESENT);
    para_set_table(&directory[start / TABLE_SPAN], next | WRITABLE | PRESENT);
  }
  *from = next;
  *to = end;
}

/// The text screen is where it is on every PC, by machine address: the page of ours that would be
/// there gives way to it.
void para_map_devices(void) {
  for (uint32_t page = 0xb8000; page < 0xc0000; page += PAGE)
    para_map((void *)page, page | WRITABLE | PRESENT);
}
