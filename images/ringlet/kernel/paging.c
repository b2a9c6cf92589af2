/// Address spaces. Memory is mapped one to one, for ring 0 only, at the bottom of every space.
/// A program lives between 1 and 2 GiB: its code and data first, then what brk gave it, its
/// stack at the top.
///
/// A page table entry, and a directory entry too:
///     31                  12 11 10 9       2  1  0
///     frame's address / 4096       COW     US RW P
#include "kernel.h"

enum { PRESENT = 1, WRITABLE = 2, USER = 4 };
enum { COPY_ON_WRITE = 0x200 };  // bits 9 to 11 are ours to use
enum { ENTRIES = 1024, TABLE_SPAN = ENTRIES * PAGE };
enum { USER_BASE = 0x40000000, STACK_MOST = 64 * PAGE };
static const uint32_t user_top = 0x80000000;
const uint32_t user_base = USER_BASE, user_stack_top = user_top;

extern uint32_t memory_end;
static uint32_t *kernel_directory;

static void *frame_of(uint32_t entry) { return (void *)(entry & ~(PAGE - 1)); }

static uint32_t *must_allocate(void) {
  uint32_t *frame = frame_allocate();
  if (!frame) panic("out of memory");
  return frame;
}

/// A kernel that begins with paging on has all memory mapped already.
void paging_init(void) {
  kernel_directory = machine->first_directory();
  if (kernel_directory) return;
  kernel_directory = must_allocate();
  for (uint32_t start = 0; start < memory_end; start += TABLE_SPAN) {
    uint32_t *slot = &kernel_directory[start / TABLE_SPAN], *table = must_allocate();
    machine->set_table(slot, (uint32_t)table | WRITABLE | PRESENT);
    for (uint32_t page = 0; page < ENTRIES && start + page * PAGE < memory_end; page++)
      machine->set_entry(&table[page], (start + page * PAGE) | WRITABLE | PRESENT);
  }
  machine->load_directory(kernel_directory);
}

/// A space with nothing in it but the kernel, which all spaces share.
uint32_t *space_create(void) {
  uint32_t *directory = frame_allocate();
  if (!directory) return NULL;
  for (uint32_t index = 0; index < USER_BASE / TABLE_SPAN; index++)
    if (kernel_directory[index])
      machine->set_table(&directory[index], machine->get_entry(&kernel_directory[index]));
  return directory;
}

/// The entry that maps an address of a program. Without its table: NULL, or a new table.
static uint32_t *entry_for(uint32_t *directory, uint32_t address, int create) {
  uint32_t *slot = &directory[address / TABLE_SPAN];
  if (!(*slot & PRESENT)) {
    void *table = create ? frame_allocate() : NULL;
    if (!table) return NULL;
    machine->set_table(slot, (uint32_t)table | USER | WRITABLE | PRESENT);
  }
  return &((uint32_t *)frame_of(machine->get_entry(slot)))[address / PAGE % ENTRIES];
}

/// The frame behind an address of a program, made if it is missing. NULL: no memory left.
void *space_page(uint32_t *directory, uint32_t address, int writable) {
  uint32_t *entry = entry_for(directory, address, 1);
  if (!entry) return NULL;
  if (!(*entry & PRESENT)) {
    void *frame = frame_allocate();
    if (!frame) return NULL;
    machine->set_entry(entry, (uint32_t)frame | USER | (writable ? WRITABLE : 0) | PRESENT);
  }
  return frame_of(machine->get_entry(entry));
}

/// The next entry in use from an address on, which moves there; NULL at the end.
static uint32_t *next_entry(uint32_t *directory, uint32_t *address) {
  while (*address < user_top) {
    uint32_t *entry = entry_for(directory, *address, 0);
    if (entry && *entry & PRESENT) return entry;
    *address = entry ? *address + PAGE : (*address / TABLE_SPAN + 1) * TABLE_SPAN;
  }
  return NULL;
}

/// For fork. No page is copied: both spaces get every frame, and neither may write to it any
/// more. Who tries nevertheless meets page_in, and gets a copy of his own.
uint32_t *space_copy(uint32_t *from) {
  uint32_t *to = space_create(), *entry, *copy = to;
  for (uint32_t page = USER_BASE; copy && (entry = next_entry(from, &page)); page += PAGE) {
    copy = entry_for(to, page, 1);
    if (!copy) break;
    uint32_t value = machine->get_entry(entry);
    if (value & WRITABLE) {
      value = (value & ~WRITABLE) | COPY_ON_WRITE;
      machine->set_entry(entry, value);
    }
    machine->set_entry(copy, value);
    frame_share(frame_of(value));
  }
  machine->load_directory(from);  // the TLB still holds what was writable
  if (to && !copy) space_free(to);
  return copy ? to : NULL;
}

/// Gives back the pages in a range.
void space_shrink(uint32_t *directory, uint32_t from, uint32_t to) {
  uint32_t *entry;
  for (uint32_t page = from; (entry = next_entry(directory, &page)) && page < to; page += PAGE) {
    void *frame = frame_of(machine->get_entry(entry));
    machine->set_entry(entry, 0);
    frame_free(frame);
    machine->flush_page(page);
  }
}

/// The space must not be the one in CR3.
void space_free(uint32_t *directory) {
  machine->forget_directory(directory);
  uint32_t *entry;
  for (uint32_t page = USER_BASE; (entry = next_entry(directory, &page)); page += PAGE)
    frame_free(frame_of(machine->get_entry(entry)));
  for (uint32_t index = USER_BASE / TABLE_SPAN; index < user_top / TABLE_SPAN; index++)
    if (directory[index] & PRESENT) frame_free(frame_of(machine->get_entry(&directory[index])));
  frame_free(directory);
}

uint32_t space_pages(uint32_t *directory) {
  uint32_t count = 0;
  for (uint32_t page = USER_BASE; next_entry(directory, &page); page += PAGE) count++;
  return count;
}

static int out_of_memory(void) {
  print("%s: out of memory\n", current->name);
  return -1;
}

/// The program was promised this page, but it is written to for the first time since a fork.
static int copy_page(uint32_t *entry, uint32_t address) {
  void *frame = frame_of(machine->get_entry(entry));
  uint32_t copy = (uint32_t)frame;
  if (frame_is_shared(frame)) {
    void *fresh = frame_allocate();
    if (!fresh) return out_of_memory();
    memcpy(fresh, frame, PAGE);
    frame_free(frame);
    copy = (uint32_t)fresh;
  }
  machine->set_entry(entry, copy | USER | WRITABLE | PRESENT);
  machine->flush_page(address);
  return 0;
}

/// Makes an address of the current program usable, if it has a right to it: its heap and its
/// stack get their pages when they are first touched. 0, or -1: the program must not do that, or
/// there is no frame left for it.
int page_in(uint32_t address, int write) {
  if (address < USER_BASE || address >= user_top) return -1;
  uint32_t *entry = entry_for(current->directory, address, 0);
  if (entry && *entry & PRESENT) {
    if (!write || *entry & WRITABLE) return 0;
    return *entry & COPY_ON_WRITE ? copy_page(entry, address) : -1;
  }
  int in_heap = address >= current->heap && address < current->heap_end;
  int in_stack = address >= user_top - STACK_MOST;
  if (!in_heap && !in_stack) return -1;
  return space_page(current->directory, address, 1) ? 0 : out_of_memory();
}

/// Whether the program may read or write a range of memory. The kernel could touch anything, so
/// it must ask on the program's behalf, or a program could have it read the kernel. What comes
/// back as usable is really there: the kernel itself never meets a page fault.
int user_range(uint32_t start, uint32_t length, int write) {
  if (start < USER_BASE || start >= user_top || length > user_top - start) return 0;
  for (uint32_t page = start & ~(PAGE - 1); page < start + length; page += PAGE)
    if (page_in(page, write)) return 0;
  return 1;
}

/// The same for a text that ends with a zero; not longer than a page.
int user_text(uint32_t start) {
  for (uint32_t length = 0; length < PAGE; length++) {
    if (!user_range(start + length, 1, 0)) return 0;
    if (!*(const char *)(start + length)) return 1;
  }
  return 0;
}
