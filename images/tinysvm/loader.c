/// A Multiboot loader for the guest: its ELF segments go where they want to be, in its memory.
#include "tinysvm.h"

struct elf_header {
  uint8_t identification[16];
  uint16_t type, machine;
  uint32_t version, entry, segments_offset, sections_offset, flags;
  uint16_t header_size, segment_size, segments;
};

struct elf_segment {
  uint32_t type, offset, address, physical, file_size, memory_size, flags, alignment;
};

enum { ELF_MAGIC = 0x464c457f, LOADED = 1 };

/// The first words of what a loader tells a kernel.
struct information {
  uint32_t flags, memory_low, memory_high;  // KiB
};

static int load_segment(const uint8_t *file, const uint8_t *end, const struct elf_segment *segment) {
  uint32_t size = (uint32_t)(end - file);
  if (segment->offset > size || segment->file_size > size - segment->offset) return 0;
  if (segment->memory_size < segment->file_size || segment->physical >= GUEST_SIZE) return 0;
  if (segment->memory_size > GUEST_SIZE - segment->physical) return 0;
  uint8_t *place = (uint8_t *)(GUEST_START + segment->physical);
  memcpy(place, file + segment->offset, segment->file_size);
  memset(place + segment->file_size, 0, segment->memory_size - segment->file_size);
  return 1;
}

uint32_t load(const uint8_t *file, const uint8_t *end) {
  const struct elf_header *header = (const struct elf_header *)file;
  if (file + sizeof *header > end || *(const uint32_t *)file != ELF_MAGIC) return 0;
  const struct elf_segment *segment = (const struct elf_segment *)(file + header->segments_offset);
  for (unsigned index = 0; index < header->segments; index++, segment++) {
    if ((const uint8_t *)(segment + 1) > end) return 0;
    if (segment->type == LOADED && !load_segment(file, end, segment)) return 0;
  }
  struct information *information = (struct information *)(GUEST_START + INFORMATION);
  information->flags = 1;  // only the memory's sizes
  information->memory_low = 640;
  information->memory_high = (GUEST_SIZE >> 10) - 1024;
  return header->entry;
}
