/// The command line says which program is to run, and how often: `sieve 100`; `ring3 sieve 100`
/// has a program that computes do so in ring 3. One line comes back on COM1, with the checksum, and
/// port F4h ends the run.
#include "bench.h"
#include "../common/io.h"

static const struct benchmark programs[] = {
  {"nothing", nothing}, {"sieve", sieve}, {"crc", crc}, {"sha", sha}, {"matrix", matrix},
  {"sort", sort}, {"memory", memory}, {"recursion", recursion}, {"bytecode", bytecode},
  {"wide", wide}, {"mandelbrot", mandelbrot},
  {"syscall", system_call}, {"port", port}, {"cr3", cr3}, {"cr0", cr0}, {"calls", calls},
  {"fault", page_fault}, {"divide", divide}, {"invlpg", invlpg}, {"context", context},
  {"serial", serial}, {"flags", flags}, {"segments", segments}, {"modify", modify},
  {"tlb", tlb}, {"idle", idle}, {0, 0},
};

enum { MULTIBOOT_HAS_COMMAND_LINE = 4, EXIT_PORT = 0xf4, TRANSMITTER_EMPTY = 0x20 };

struct multiboot {
  uint32_t flags, memory[2], boot_device;
  const char *command_line;
};

static void put(char character) {
  while (!(inb(COM1 + 5) & TRANSMITTER_EMPTY)) {}
  outb(COM1, (uint8_t)character);
}

static void print(const char *text) {
  while (*text) put(*text++);
}

static void print_hexadecimal(uint32_t number) {
  for (int32_t shift = 28; shift >= 0; shift -= 4) put("0123456789abcdef"[number >> shift & 15]);
}

/// The rest of `text` behind the word `name`, or nothing.
static const char *after_word(const char *text, const char *name) {
  while (*name) {
    if (*text++ != *name++) return 0;
  }
  return *text == ' ' ? text + 1 : 0;
}

_Noreturn static void stop(uint8_t status) {
  while (!(inb(COM1 + 5) & TRANSMITTER_EMPTY)) {}
  outb(EXIT_PORT, status);
  for (;;) halt_forever();
}

uint32_t nothing(uint32_t count) { return count; }

/// Runs the program that a word of the command line names; with the word `ring3`, if there is a way.
static void run(const char *line, const struct benchmark *programs, int has_ring3) {
  int in_ring3 = 0;
  // Some loaders put the kernel's name in front, so every word is tried.
  for (; *line; line++) {
    if (after_word(line, "ring3")) in_ring3 = 1;
    for (const struct benchmark *each = programs; each->name; each++) {
      const char *digits = after_word(line, each->name);
      if (!digits || *digits < '0' || *digits > '9') continue;
      uint32_t count = 0;
      for (; *digits >= '0' && *digits <= '9'; digits++)
        count = count * 10 + (uint32_t)(*digits - '0');
      if (in_ring3 && !has_ring3) return;
      uint32_t sum = in_ring3 ? run_in_ring3(each->run, count) : each->run(count);
      print(each->name);
      put(' ');
      print_hexadecimal(sum);
      put('\n');
      stop(0);
    }
    while (line[0] && line[0] != ' ' && line[1]) line++;
  }
}

_Noreturn void start(uint32_t magic, const void *information) {
  if (magic == PARA_MAGIC) {
    const char *line = para_start_platform(information);
    run(line, para_programs, 0);
    run(line, programs, 0);
  } else {
    const struct multiboot *loader = information;
    start_platform();
    if (loader->flags & MULTIBOOT_HAS_COMMAND_LINE) run(loader->command_line, programs, 1);
  }
  print("Say on the command line what to run\nand how often: sieve 100\n");
  stop(1);
}
