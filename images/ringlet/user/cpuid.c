/// What the processor says of itself, and its time stamp counter. A 386 has neither; CPUID is
/// there if the flag ID can be changed.
#include "user.h"

enum { ID = 1 << 21, HAS_TSC = 1 << 4 };

static int has_cpuid(void) {
  uint32_t before, after;
  __asm__ volatile(
    "pushfd; pop %0; mov %1, %0; xor %1, %2; push %1; popfd; pushfd; pop %1; push %0; popfd"
    : "=&r"(before), "=&r"(after) : "i"(ID) : "cc");
  return ((before ^ after) & ID) != 0;
}

static uint32_t time_stamp(void) {
  uint32_t low;
  __asm__ volatile("rdtsc" : "=a"(low) : : "edx");
  return low;
}

int main(void) {
  if (!has_cpuid()) {
    print("~ no CPUID on this processor\n");
    return 0;
  }
  struct {
    uint32_t ebx, edx, ecx, zero;
  } vendor = {.zero = 0};
  uint32_t most, signature, features, others;
  __asm__ volatile("cpuid" : "=a"(most), "=b"(vendor.ebx), "=c"(vendor.ecx), "=d"(vendor.edx)
                   : "a"(0));
  print("~ %s, %u leaves\n", (const char *)&vendor, most + 1);
  __asm__ volatile("cpuid" : "=a"(signature), "=b"(others), "=c"(others), "=d"(features) : "a"(1));
  print("~ family %u model %u step %u\n", signature >> 8 & 15, signature >> 4 & 15, signature & 15);
  print("~ features %x\n", features);
  if (features & HAS_TSC) {
    uint32_t start = time_stamp();
    print("~ time stamp %x\n", start);
    print("~ %u since then\n", time_stamp() - start);
  } else {
    print("~ no time stamp counter\n");
  }
  return 0;
}
