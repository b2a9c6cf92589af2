/// The questions of `redpill` that need no privilege, asked by a kernel that a hypervisor has started.
/// Which ones, the command line says, separated by commas; what they answer is printed in the same form.
#include "hypervisor.h"

enum { CONSOLE_IO = 18 };

static void print(const char *text, uint32_t length) {
  hypercall(CONSOLE_IO, 0, length, (uint32_t)text, 0);
}

static uint32_t sgdt(void) {
  struct { uint16_t limit; uint32_t base; } __attribute__((packed)) table;
  __asm__ volatile("sgdt %0" : "=m"(table));
  return table.base;
}
static uint32_t sidt(void) {
  struct { uint16_t limit; uint32_t base; } __attribute__((packed)) table;
  __asm__ volatile("sidt %0" : "=m"(table));
  return table.base;
}
static uint32_t sldt(void) {
  uint16_t selector;
  __asm__ volatile("sldt %0" : "=r"(selector));
  return selector;
}
static uint32_t str(void) {
  uint16_t selector;
  __asm__ volatile("str %0" : "=r"(selector));
  return selector;
}
static uint32_t smsw(void) {
  uint16_t word;
  __asm__ volatile("smsw %0" : "=r"(word));
  return word;
}
static uint32_t move_from_cs(void) {
  uint16_t selector;
  __asm__ volatile("mov %0, cs" : "=r"(selector));
  return selector;
}
/// Leaf 1, ECX bit 31: kept free for hypervisors to set.
static uint32_t cpuid(void) {
  uint32_t leaf = 1, features;
  __asm__ volatile("cpuid" : "+a"(leaf), "=c"(features) : : "ebx", "edx");
  return features >> 31;
}

static const struct {
  const char *name;
  uint32_t (*answer)(void);
} questions[] = {
  {"sgdt", sgdt}, {"sidt", sidt}, {"sldt", sldt}, {"str", str}, {"smsw", smsw},
  {"mov r,cs", move_from_cs}, {"cpuid", cpuid},
};

/// Four digits, or eight where they are needed.
static void print_number(uint32_t number) {
  char digits[9];
  uint32_t count = number > 0xffff ? 8 : 4;
  for (uint32_t place = 0; place < count; place++)
    digits[place] = "0123456789abcdef"[number >> (count - 1 - place) * 4 & 15];
  digits[count] = '\n';
  print(digits, count + 1);
}

/// How long a text is if it begins with a word, and 0 if not.
static uint32_t begins(const char *text, const char *word) {
  uint32_t length = 0;
  while (word[length] && text[length] == word[length]) length++;
  return word[length] ? 0 : length;
}

int main(uint32_t magic, const void *information) {
  if (magic) return 1;  // nobody to print by
  start_info = information;
  const char *text = start_info->command_line;
  while (*text) {
    uint32_t length = 0;
    for (uint32_t index = 0; index < sizeof questions / sizeof *questions && !length; index++) {
      length = begins(text, questions[index].name);
      if (!length) continue;
      print(text, length);
      print(" =", 2);
      print_number(questions[index].answer());
    }
    text += length ? length : 1;
  }
  return 0;
}
