/// Physical memory, in frames of 4 KiB: who wants one takes it from a list, and a count says how
/// many address spaces share it. The kernel sees all of it one to one, so a frame's address is
/// also a pointer to it.
#include "kernel.h"

static uint8_t references[MEMORY_MOST / PAGE];
uint32_t memory_end;

/// A free frame holds nothing but the way to the next one.
struct free_frame {
  struct free_frame *next;
};
static struct free_frame *first_free;

static uint8_t *references_of(void *frame) { return &references[(uint32_t)frame / PAGE]; }

/// Told where free memory begins and ends.
void memory_init(uint32_t from, uint32_t to) {
  memory_end = to;
  // From the top down, so that the lowest frame is taken first.
  for (uint32_t frame = to - PAGE; frame >= from; frame -= PAGE) {
    struct free_frame *free = (struct free_frame *)frame;
    free->next = first_free;
    first_free = free;
  }
  print("~ memory %u MiB\n", (memory_end + (1 << 20) - 1) >> 20);
}

/// A frame full of zeros, or NULL if none is left.
void *frame_allocate(void) {
  struct free_frame *frame = first_free;
  if (!frame) return NULL;
  first_free = frame->next;
  *references_of(frame) = 1;
  return memset(frame, 0, PAGE);
}

void frame_share(void *frame) { ++*references_of(frame); }

int frame_is_shared(void *frame) { return *references_of(frame) > 1; }

void frame_free(void *frame) {
  if (--*references_of(frame)) return;
  struct free_frame *free = frame;
  free->next = first_free;
  first_free = free;
}
