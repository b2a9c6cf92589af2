/// The same changes of page table entries in several ways, chosen by the command line: count=N of them,
///     way=single     a hypercall for each (update_va_mapping)
///     way=lists      lists of batch=N (mmu_update)
///     way=multicall  the single calls, all handed over at once (multicall)
///     way=bad        one list, in which entry bad=N asks for what the hypervisor must refuse: the page
///                    directory to write to (wants=table), or a page of its own (wants=hypervisor)
/// Without a hypervisor it is a store and INVLPG for each.
#include "hypervisor.h"
#include "io.h"

enum { MULTICALL = 13, CONSOLE_IO = 18, COM1 = 0x3f8, EXIT_PORT = 0xf4 };
enum { PRESENT = 1, WRITABLE = 2, MOST = 64, HYPERVISOR_PAGE = 0x100000 };
enum { MULTIBOOT_LOADED = 0x2badb002 };

static volatile uint32_t window[MOST][FRAME / 4] __attribute__((aligned(4096)));
static uint32_t pool[MOST][FRAME / 4] __attribute__((aligned(4096)));
static const char *command_line;
static int is_guest;  // of a hypervisor

// MARK: Words

static void print(const char *text) {
  uint32_t length = 0;
  while (text[length]) length++;
  if (is_guest) hypercall(CONSOLE_IO, 0, length, (uint32_t)text, 0);
  else while (*text) outb(COM1, (uint8_t)*text++);
}

static void print_number(int number) {
  char digits[12], *start = digits + sizeof digits;
  uint32_t rest = (uint32_t)(number < 0 ? -number : number);
  *--start = 0;
  do *--start = (char)('0' + rest % 10);
  while (rest /= 10);
  if (number < 0) *--start = '-';
  print(start);
}

/// What stands behind a word of the command line; an empty text if it is not there.
static const char *argument(const char *word) {
  for (const char *text = command_line; *text; text++) {
    uint32_t length = 0;
    while (word[length] && text[length] == word[length]) length++;
    if (!word[length]) return text + length;
  }
  return "";
}

static uint32_t number(const char *word) {
  uint32_t number = 0;
  for (const char *text = argument(word); *text >= '0' && *text <= '9'; text++)
    number = number * 10 + (uint32_t)(*text - '0');
  return number;
}

// MARK: Without a hypervisor

static uint32_t directory[1024] __attribute__((aligned(4096)));
static uint32_t table[1024] __attribute__((aligned(4096)));

static void turn_paging_on(void) {
  for (uint32_t page = 0; page < 1024; page++) table[page] = page * FRAME | WRITABLE | PRESENT;
  directory[0] = (uint32_t)table | WRITABLE | PRESENT;
  __asm__ volatile(
    "mov cr3, %0; mov eax, cr0; or eax, 0x80000000; mov cr0, eax"
    : : "r"(directory) : "eax", "memory");
}

static void store_all(uint32_t count) {
  for (uint32_t page = 0; page < count; page++) {
    table[(uint32_t)window[page] / FRAME] = (uint32_t)pool[page] | WRITABLE | PRESENT;
    __asm__ volatile("invlpg [%0]" : : "r"(window[page]) : "memory");
  }
}

// MARK: With one

static struct {
  uint64_t place, value;
} updates[MOST];
static struct {
  uint32_t number, answer, arguments[6];
} calls[MOST];

/// The entry for a page of the window, in the first table that the hypervisor has made for us.
static const uint32_t *entry(uint32_t page) {
  const uint32_t *table = (const uint32_t *)from_machine(start_info->directory[0] & ~(FRAME - 1u));
  return &table[(uint32_t)window[page] / FRAME];
}

static uint32_t wanted(uint32_t page) {
  return to_machine((uint32_t)pool[page]) | WRITABLE | PRESENT;
}

static void ask_one_by_one(uint32_t count) {
  for (uint32_t page = 0; page < count; page++)
    hypercall(UPDATE_VA_MAPPING, (uint32_t)window[page], wanted(page), 0, UVMF_INVLPG);
}

static void ask_by_multicall(uint32_t count) {
  for (uint32_t page = 0; page < count; page++) {
    calls[page].number = UPDATE_VA_MAPPING;
    calls[page].arguments[0] = (uint32_t)window[page];
    calls[page].arguments[1] = wanted(page);
    calls[page].arguments[3] = UVMF_INVLPG;
  }
  hypercall(MULTICALL, (uint32_t)calls, count, 0, 0);
}

/// `bad` is which entry, from 1, asks for too much; 0 for none.
static void ask_by_lists(uint32_t count, uint32_t batch, uint32_t bad) {
  for (uint32_t page = 0; page < count; page++) {
    updates[page].place = to_machine((uint32_t)entry(page));
    updates[page].value = wanted(page);
  }
  if (bad >= 1 && bad <= count)
    updates[bad - 1].value = WRITABLE | PRESENT
      | (*argument("wants=") == 't' ? to_machine((uint32_t)start_info->directory) : HYPERVISOR_PAGE);
  for (uint32_t first = 0, done = 0; first < count; first += batch) {
    uint32_t length = count - first < batch ? count - first : batch;
    int answer = hypercall(MMU_UPDATE, (uint32_t)&updates[first], length, (uint32_t)&done, DOMID_SELF);
    if (!answer) continue;
    print("answer ");
    print_number(answer);
    print(", done ");
    print_number((int)done);
    print("\n");
  }
}

// MARK: The work

/// Each page of the window begins as itself, and is one of the pool when it has been changed.
static void tell(uint32_t count) {
  uint32_t changed = 0;
  for (uint32_t page = 0; page < count; page++) changed += window[page][0] == page + 1;
  print_number((int)changed);
  print(" of ");
  print_number((int)count);
  print(" changed\n");
}

int main(uint32_t magic, const void *information) {
  is_guest = magic != MULTIBOOT_LOADED;
  if (is_guest) {
    start_info = information;
    command_line = start_info->command_line;
  } else {
    command_line = (const char *)((const uint32_t *)information)[4];
    turn_paging_on();
  }
  uint32_t count = number("count="), batch = number("batch=");
  if (count > MOST) count = MOST;
  if (batch < 1) batch = MOST;
  for (uint32_t page = 0; page < count; page++) pool[page][0] = page + 1;
  if (!is_guest) store_all(count);
  else if (*argument("way=") == 's') ask_one_by_one(count);
  else if (*argument("way=") == 'm') ask_by_multicall(count);
  else ask_by_lists(count, batch, number("bad="));
  tell(count);
  if (!is_guest) outb(EXIT_PORT, 0);
  return 0;
}
