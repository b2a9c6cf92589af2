/// The processor's tables in memory, as C sees them (Intel SDM volume 3A, chapters 3, 6 and 7).
#pragma once
#include <stdint.h>

/// A 32-bit task state segment. A kernel that switches tasks in software only needs the stack for ring 0.
struct task_segment {
  uint32_t link, esp0, ss0, rest[22];
  uint16_t trap, io_map;
};

/// A gate: an entry of the IDT.
struct gate {
  uint16_t offset_low, selector;
  uint8_t zero, access;
  uint16_t offset_high;
};

/// A descriptor, as the manual draws it. Of the flags the highest is G, then D/B.
///     31      24 23  20 19   16 15     8 7       0
///     base 31:24  flags  limit   access   base 23:16     second word
///     base 15:0                  limit 15:0              first word
static inline uint64_t descriptor(uint32_t base, uint32_t limit, uint32_t access, uint32_t flags) {
  uint32_t low = base << 16 | (limit & 0xffff);
  uint32_t high = (base & 0xff000000) | flags << 20 | (limit & 0xf0000) | access << 8
                | (base >> 16 & 0xff);
  return (uint64_t)high << 32 | low;
}
