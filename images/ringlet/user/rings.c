/// What a program in ring 3 can find out about the processor. None of these instructions is
/// privileged: each answers, and answers with what the processor really holds.
#include "user.h"

struct table_pointer {
  uint16_t limit;
  uint32_t base;
} __attribute__((packed));

int main(void) {
  struct table_pointer gdt, idt;
  uint32_t cs, ss, eflags, msw = 0, tr = 0, ldt = 0;
  __asm__ volatile("mov %0, cs" : "=r"(cs));
  __asm__ volatile("mov %0, ss" : "=r"(ss));
  __asm__ volatile("pushfd; pop %0" : "=r"(eflags));
  __asm__ volatile("sgdt %0" : "=m"(gdt));
  __asm__ volatile("sidt %0" : "=m"(idt));
  __asm__ volatile("smsw %w0" : "+r"(msw));
  __asm__ volatile("str %w0" : "+r"(tr));
  __asm__ volatile("sldt %w0" : "+r"(ldt));
  print("CPL    %u\n", cs & 3);
  print("~ CS     %w\n", cs);
  print("~ SS     %w\n", ss);
  print("~ EFLAGS %x  IOPL %u IF %u\n", eflags, eflags >> 12 & 3, eflags >> 9 & 1);
  print("~ SGDT   %x  limit %w\n", gdt.base, gdt.limit);
  print("~ SIDT   %x  limit %w\n", idt.base, idt.limit);
  print("~ SMSW   %w  PE %u\n", msw, msw & 1);
  print("~ STR    %w\n", tr);
  print("~ SLDT   %w\n", ldt);
  return 0;
}
