/// What a guest of the hypervisor has of its interface besides xen.h: the pages that it shares with it, and
/// machine frames beside its own.
#pragma once
#include <stddef.h>

#include "xen.h"

enum { FRAME = 4096 };

extern struct shared_info shared_info;
extern const struct start_info *start_info;

/// Domain 0 has the devices. Others ask it.
static inline int have_devices(void) { return start_info->flags & 1; }

/// Machine frames and ours. The first table is ours; the second one is the hypervisor's, at a fixed
/// place and to be read only.
static inline uint32_t to_machine(uint32_t address) {
  return start_info->frames[address / FRAME] * FRAME | address % FRAME;
}
static inline uint32_t from_machine(uint32_t address) {
  static const uint32_t *const pages = (const uint32_t *)0xfc000000;
  return pages[address / FRAME] * FRAME | address % FRAME;
}
