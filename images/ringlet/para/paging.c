/// Page tables. The processor walks ours, so they hold machine addresses; and the hypervisor lets
/// nobody write to a table that is in use. Who wants to change one asks, and is checked.
#include "para.h"

enum { PRESENT = 1, WRITABLE = 2, ENTRIES = 1024, HOLE = 1008 };

/// Which of our pages are tables in use: those are mapped read-only, also for us.
static uint8_t is_table[MEMORY_MOST / PAGE / 8];

static int in_use(const void *table) {
  uint32_t page = (uint32_t)table / PAGE;
  return is_table[page / 8] >> page % 8 & 1;
}

static void mark(const void *table, int used) {
  uint32_t page = (uint32_t)table / PAGE;
  if (used) is_table[page / 8] |= (uint8_t)(1 << page % 8);
  else is_table[page / 8] &= (uint8_t)~(1 << page % 8);
}

void para_mark_tables(uint32_t *first, uint32_t count) {
  for (uint32_t table = 0; table < count; table++) mark(first + table * ENTRIES, 1);
}

/// The entry for one of our pages in the address space that runs.
void para_map(void *page, uint32_t machine_entry) {
  must(hypercall(UPDATE_VA_MAPPING, (uint32_t)page, machine_entry, 0, UVMF_INVLPG));
}

/// Requests that have not been made yet. What only takes rights away means nothing until the TLB is
/// flushed, so it can wait until then, and a list costs one call.
enum { BATCH = 32 };
static struct {
  uint64_t place, value;
} updates[BATCH];
static uint32_t update_count, batch = BATCH;

/// For whoever wants to count: 1 means a call for each.
void para_set_batch(uint32_t count) {
  if (count >= 1 && count <= BATCH) batch = count;
}

static void make_updates(void) {
  uint32_t count = update_count;
  if (!count) return;
  update_count = 0;
  must(hypercall(MMU_UPDATE, (uint32_t)updates, count, 0, DOMID_SELF));
}

static void protect(uint32_t *table) {
  make_updates();
  para_map(table, to_machine((uint32_t)table) | PRESENT);
  mark(table, 1);
}

static void unprotect(uint32_t *table) {
  para_map(table, to_machine((uint32_t)table) | WRITABLE | PRESENT);
  mark(table, 0);
}

/// A store, or in a table that is in use, a request for one.
static void store(uint32_t *entry, uint32_t value) {
  if (!in_use(entry)) {
    *(volatile uint32_t *)entry = value;
    return;
  }
  int can_wait = *entry & PRESENT && value & PRESENT;
  updates[update_count].place = to_machine((uint32_t)entry);
  updates[update_count].value = value;
  if (++update_count == batch || !can_wait) make_updates();
}

static uint32_t machine_entry(uint32_t value) { return value & PRESENT ? to_machine(value) : 0; }

void para_set_entry(uint32_t *entry, uint32_t value) { store(entry, machine_entry(value)); }

/// As it will be when all requests have been made.
uint32_t para_get_entry(const uint32_t *entry) {
  uint32_t value = *entry;
  for (uint32_t index = 0; index < update_count; index++)
    if (updates[index].place == to_machine((uint32_t)entry)) value = (uint32_t)updates[index].value;
  return value & PRESENT ? from_machine(value) : 0;
}

static uint32_t *table_of(uint32_t entry) { return (uint32_t *)(entry & ~(PAGE - 1)); }

/// What a directory in use points to is a table in use.
void para_set_table(uint32_t *slot, uint32_t value) {
  if (in_use(slot) && !in_use(table_of(value))) protect(table_of(value));
  store(slot, machine_entry(value));
}

static void extended(uint32_t command, uint32_t argument) {
  uint32_t operation[3] = {command, argument, 0};
  must(hypercall(MMUEXT_OP, (uint32_t)operation, 1, 0, DOMID_SELF));
}

/// Pinned when it is first used, so that it is checked once and not with every switch.
void para_load_directory(uint32_t *directory) {
  uint32_t frame = to_machine((uint32_t)directory) / PAGE;
  make_updates();
  if (!in_use(directory)) {
    for (uint32_t index = 0; index < HOLE; index++) {
      uint32_t *table = table_of(para_get_entry(&directory[index]));
      if (table && !in_use(table)) protect(table);
    }
    protect(directory);
    extended(MMUEXT_PIN_L2_TABLE, frame);
  }
  extended(MMUEXT_NEW_BASEPTR, frame);
}

/// The tables of programs go with it; those of the kernel are everybody's.
void para_forget_directory(uint32_t *directory) {
  if (!in_use(directory)) return;
  make_updates();
  extended(MMUEXT_UNPIN_TABLE, to_machine((uint32_t)directory) / PAGE);
  for (uint32_t index = user_base / PAGE / ENTRIES; index < HOLE; index++) {
    uint32_t *table = table_of(para_get_entry(&directory[index]));
    if (table) unprotect(table);
  }
  unprotect(directory);
}

void para_flush_page(uint32_t address) {
  make_updates();
  extended(MMUEXT_INVLPG_LOCAL, address);
}
