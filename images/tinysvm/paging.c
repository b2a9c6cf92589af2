/// Two sets of page tables in the same format, PAE's: ours, which change nothing, and the nested
/// ones, which say where in the machine the guest's memory is. Nested paging wants us to use
/// paging too.
#include "tinysvm.h"

enum { PRESENT = 1, WRITABLE = 2, USER = 4, LARGE = 0x80 };
enum { ALL = PRESENT | WRITABLE | USER };  // to nested tables every access is a user's
enum { PAGE = 4096, LARGE_PAGE = 2 << 20, ENTRIES = 512 };
enum { CR4_PAE = 0x20, CR0_PG = 1u << 31 };
enum { SCREEN_START = 0xa0000, SCREEN_END = 0xc0000, ROM_END = 0x100000 };

PAGE_ALIGNED static uint64_t pointers[4], directories[4][ENTRIES];
PAGE_ALIGNED static uint64_t nested_pointers[4], nested_directory[ENTRIES], nested_table[ENTRIES];

/// Every address is what it was.
void start_paging(void) {
  for (unsigned quarter = 0; quarter < 4; quarter++) {
    pointers[quarter] = (uint32_t)directories[quarter] | PRESENT;
    for (unsigned entry = 0; entry < ENTRIES; entry++)
      directories[quarter][entry] =
        (quarter * ENTRIES + entry) * (uint64_t)LARGE_PAGE | PRESENT | WRITABLE | LARGE;
  }
  uint32_t scratch;
  __asm__ volatile(
    "mov %0, cr4; or %0, %2; mov cr4, %0\n"
    "mov cr3, %1\n"
    "mov %0, cr0; or %0, %3; mov cr0, %0"
    : "=&r"(scratch) : "r"(pointers), "i"(CR4_PAE), "i"(CR0_PG) : "memory");
}

/// The guest's address 0 is our GUEST_START. The screen is the real one, between it and 1 MiB is
/// nothing, and nothing beyond the end.
uint64_t nested_tables(void) {
  nested_pointers[0] = (uint32_t)nested_directory | PRESENT;
  nested_directory[0] = (uint32_t)nested_table | ALL;
  for (uint32_t entry = 1; entry < GUEST_SIZE / LARGE_PAGE; entry++)
    nested_directory[entry] = (GUEST_START + entry * LARGE_PAGE) | ALL | LARGE;
  for (uint32_t entry = 0; entry < ENTRIES; entry++) {
    uint32_t address = entry * PAGE;
    if (address >= SCREEN_START && address < SCREEN_END)
      nested_table[entry] = address | ALL;
    else if (address < SCREEN_START || address >= ROM_END)
      nested_table[entry] = (GUEST_START + address) | ALL;
  }
  return (uint32_t)nested_pointers;
}
