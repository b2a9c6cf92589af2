/// Address spaces. The first 4 MiB are the kernel's, mapped one to one and for ring 0 only,
/// in every space. A program lives at 1 GiB: the same addresses in every program, each
/// time in frames of its own.
///
/// A page table entry, and a directory entry too:
///     31                  12 11      3 2  1  0
///     frame's address / 4096           US RW P
#include "../../common/memory.h"
#include "kernel.h"

enum { PRESENT = 1, WRITABLE = 2, USER = 4, ENTRIES = 1024 };

enum { USER_BASE = 0x40000000, USER_STACK = USER_BASE + 0x10000 };
const uint32_t user_stack_top = USER_STACK;

/// The first words of a program's file, as user.ld lays them out.
struct image_header {
  uint32_t entry;       // where it starts
  uint32_t data;        // from here on it may write
  uint32_t file_end;    // the file's bytes end here
  uint32_t memory_end;  // zeros up to here
};

extern uint8_t kernel_end[];
static uint32_t next_free;
static uint32_t *kernel_table;

/// A zeroed page, from behind the kernel upwards. Pages are never given back.
void *page_allocate(void) {
  void *page = (void *)next_free;
  next_free += PAGE;
  return memset(page, 0, PAGE);
}

void paging_init(void) {
  next_free = (uint32_t)kernel_end;
  kernel_table = page_allocate();
  for (uint32_t index = 0; index < ENTRIES; index++)
    kernel_table[index] = index * PAGE | WRITABLE | PRESENT;
  uint32_t *directory = page_allocate();
  directory[0] = (uint32_t)kernel_table | WRITABLE | PRESENT;
  __asm__ volatile(
    "mov cr3, %0\n"
    "mov eax, cr0; or eax, 0x80000000; mov cr0, eax\n"  // CR0.PG
    "jmp 1f\n"                                          // the 386 wants its queue emptied
    "1:" : : "r"(directory) : "eax", "memory");
}

/// The page table that maps a program, from its page directory.
static uint32_t *user_table(uint32_t directory) {
  return (uint32_t *)(((const uint32_t *)directory)[USER_BASE >> 22] & ~(PAGE - 1));
}

/// Gives a program its memory: its code to read, its data and a stack page to write.
/// Returns the page directory's physical address.
uint32_t user_space_create(const uint8_t *image) {
  const struct image_header *header = (const struct image_header *)image;
  uint32_t *directory = page_allocate();
  uint32_t *table = page_allocate();
  directory[0] = (uint32_t)kernel_table | WRITABLE | PRESENT;
  directory[USER_BASE >> 22] = (uint32_t)table | USER | WRITABLE | PRESENT;

  for (uint32_t address = USER_BASE; address < header->memory_end; address += PAGE) {
    uint32_t access = address >= header->data ? USER | WRITABLE : USER;
    table[(address - USER_BASE) / PAGE] = (uint32_t)page_allocate() | access | PRESENT;
  }
  table[(USER_STACK - USER_BASE) / PAGE - 1] =
    (uint32_t)page_allocate() | USER | WRITABLE | PRESENT;
  return (uint32_t)directory;
}

/// Fills a program's memory from its file, zeros after the file's end.
void user_space_load(uint32_t directory, const uint8_t *image) {
  const struct image_header *header = (const struct image_header *)image;
  for (uint32_t address = USER_BASE; address < header->memory_end; address += PAGE) {
    uint32_t entry = user_table(directory)[(address - USER_BASE) / PAGE];
    uint8_t *page = memset((void *)(entry & ~(PAGE - 1)), 0, PAGE);
    uint32_t left = header->file_end > address ? header->file_end - address : 0;
    memcpy(page, image + (address - USER_BASE), left < PAGE ? left : PAGE);
  }
}

uint32_t user_entry(const uint8_t *image) { return ((const struct image_header *)image)->entry; }

/// Whether the current program's own pages cover the range. The kernel may touch anything,
/// so it must ask on the program's behalf, or a program could have it read or overwrite
/// the kernel. The offsets are compared so that a huge length cannot wrap around.
int user_range_is_valid(uint32_t start, uint32_t length) {
  uint32_t offset = start - USER_BASE;
  if (offset >= USER_STACK - USER_BASE || length > USER_STACK - USER_BASE - offset) return 0;
  const uint32_t *table = user_table(current->page_directory);
  for (uint32_t page = offset / PAGE; page * PAGE < offset + length; page++)
    if (!(table[page] & PRESENT)) return 0;
  return 1;
}
