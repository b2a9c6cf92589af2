/// Segments, gates, the interrupt controllers, and paging: all RAM at its own address, and a
/// window that differs between two address spaces.
#include "bench.h"
#include "../common/io.h"
#include "../common/tables.h"

enum { PRESENT = 0x80, RING3 = 0x60, CODE_SEGMENT = 0x1a, DATA_SEGMENT = 0x12, TSS32 = 9 };
enum { INTERRUPT_GATE = 0xe, FLAT = 0xc, RAM_TABLES = 16, EVERYTHING = 0xfffff };

static uint64_t segment_table[TSS / 8 + 1];
static struct task_segment task_state = {.ss0 = KERNEL_DATA, .io_map = sizeof task_state};
static struct gate gates[VECTOR_DONE + 1];
struct table_pointer {
  uint16_t limit;
  uint32_t base;
} __attribute__((packed));

uint32_t directories[2][PAGE / 4] __attribute__((aligned(PAGE)));
uint32_t window[2][WINDOW_PAGES] __attribute__((aligned(PAGE)));
uint32_t pool[256][PAGE / 4] __attribute__((aligned(PAGE)));
static uint32_t ram[RAM_TABLES * PAGE / 4] __attribute__((aligned(PAGE)));
static uint8_t ring0_stack[PAGE] __attribute__((aligned(16)));

void on_divide(void), on_page_fault(void), on_timer(void), on_serial(void), on_call(void),
  on_done(void);

static void set_gate(uint32_t vector, void (*handler)(void), uint8_t ring) {
  gates[vector].offset_low = (uint16_t)(uint32_t)handler;
  gates[vector].offset_high = (uint32_t)handler >> 16;
  gates[vector].selector = KERNEL_CODE;
  gates[vector].access = PRESENT | INTERRUPT_GATE | ring;
}

static void start_segments(void) {
  segment_table[1] = descriptor(0, EVERYTHING, PRESENT | CODE_SEGMENT, FLAT);
  segment_table[2] = descriptor(0, EVERYTHING, PRESENT | DATA_SEGMENT, FLAT);
  segment_table[3] = descriptor(0, EVERYTHING, PRESENT | RING3 | CODE_SEGMENT, FLAT);
  segment_table[4] = descriptor(0, EVERYTHING, PRESENT | RING3 | DATA_SEGMENT, FLAT);
  segment_table[5] = descriptor((uint32_t)&task_state, sizeof task_state - 1, PRESENT | TSS32, 0);
  task_state.esp0 = (uint32_t)ring0_stack + sizeof ring0_stack;
  set_gate(0, on_divide, 0);
  set_gate(14, on_page_fault, 0);
  set_gate(VECTOR_TIMER, on_timer, 0);
  set_gate(VECTOR_SERIAL, on_serial, 0);
  set_gate(VECTOR_CALL, on_call, RING3);
  set_gate(VECTOR_DONE, on_done, RING3);
  struct table_pointer gdt = {sizeof segment_table - 1, (uint32_t)segment_table};
  struct table_pointer idt = {sizeof gates - 1, (uint32_t)gates};
  __asm__ volatile(
    "lgdt %0\n"
    "lidt %1\n"
    "mov ds, %2; mov es, %2; mov fs, %2; mov gs, %2; mov ss, %2\n"
    "push 0x08; lea eax, [1f]; push eax; retf\n"
    "1: ltr %w3"
    : : "m"(gdt), "m"(idt), "r"(KERNEL_DATA), "r"(TSS) : "eax", "memory");
}

uint32_t pool_entry(uint32_t page) {
  return (uint32_t)pool[page % 256] | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
}

static void start_paging(void) {
  enum { ALL = PTE_PRESENT | PTE_WRITABLE | PTE_USER, TABLE_REACH = 4 << 20 };
  for (uint32_t page = 0; page < RAM_TABLES * PAGE / 4; page++) ram[page] = page * PAGE | ALL;
  for (uint32_t space = 0; space < 2; space++) {
    for (uint32_t table = 0; table < RAM_TABLES; table++)
      directories[space][table] = (uint32_t)&ram[table * PAGE / 4] | ALL;
    for (uint32_t page = 0; page < WINDOW_PAGES; page++)
      window[space][page] = pool_entry(page + space * 128);
    uint32_t *directory = &directories[space][WINDOW / TABLE_REACH];
    for (uint32_t table = 0; table < WINDOW_PAGES / 1024; table++)
      directory[table] = (uint32_t)&window[space][table * 1024] | ALL;
  }
  uint32_t bits;
  __asm__ volatile(
    "mov cr3, %1\n"
    "mov %0, cr0\n"
    "or %0, 0x80000002\n"              // PG, and MP
    "and %0, 0xfffffff3\n"             // the x87 is there: neither EM nor TS
    "mov cr0, %0\n"
    "fninit"
    : "=&r"(bits) : "r"(directories[0]) : "memory");
}

/// The interrupt controllers, moved to vectors 20h to 2Fh, all lines masked.
static void start_controllers(void) {
  enum { SLAVE_COMMAND = 0xa0, SLAVE_DATA = 0xa1 };
  outb(MASTER_COMMAND, 0x11);
  outb(SLAVE_COMMAND, 0x11);
  outb(MASTER_DATA, VECTOR_TIMER);
  outb(SLAVE_DATA, VECTOR_TIMER + 8);
  outb(MASTER_DATA, 4);
  outb(SLAVE_DATA, 2);
  outb(MASTER_DATA, 1);
  outb(SLAVE_DATA, 1);
  outb(MASTER_DATA, 0xff);
  outb(SLAVE_DATA, 0xff);
}

void listen_to(uint32_t line) { outb(MASTER_DATA, (uint8_t)~(1u << line)); }

void start_platform(void) {
  start_segments();
  start_paging();
  start_controllers();
}
