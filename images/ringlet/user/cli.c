/// Privileged instructions in ring 3. POPF is the odd one out: it wants to clear IF as CLI does,
/// is let through, and has no effect.
#include "user.h"

static uint32_t flags(void) {
  uint32_t eflags;
  __asm__ volatile("pushfd; pop %0" : "=r"(eflags));
  return eflags;
}

static void cli(void) { __asm__ volatile("cli"); }
static void sti(void) { __asm__ volatile("sti"); }
static void hlt(void) { __asm__ volatile("hlt"); }
static void read_cr3(void) { __asm__ volatile("mov eax, cr3" : : : "eax"); }
static void popf(void) { __asm__ volatile("push %0; popfd" : : "r"(flags() & ~0x200u) : "cc"); }

int main(void) {
  static const struct {
    const char *what;
    void (*action)(void);
  } attempts[] = {
    {"cli", cli}, {"sti", sti}, {"hlt", hlt}, {"mov eax, cr3", read_cr3}, {"popf", popf},
  };
  for (uint32_t index = 0; index < sizeof attempts / sizeof *attempts; index++) {
    struct fault fault;
    attempt(&fault, attempts[index].action);
    print_fault(attempts[index].what, &fault);
  }
  print("and IF is %u\n", flags() >> 9 & 1);
  return 0;
}
