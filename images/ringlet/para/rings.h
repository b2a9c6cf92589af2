/// What domains share to reach a device that one of them has: a page of requests, a page of text, and
/// grants that say who may use which page. The layouts are those of Xen's split drivers.
#pragma once
#include <stdint.h>

/// A console: two queues of bytes. Each end moves its own index, and indices only grow.
struct console_ring {
  char in[1024], out[2048];
  volatile uint32_t in_taken, in_put, out_taken, out_put;
};

/// A disk: requests and answers in the same places of one ring; a request's place is free when it
/// has been answered.
enum { BLOCK_READ = 0, BLOCK_WRITE = 1, BLOCK_SLOTS = 32, BLOCK_SEGMENTS = 11 };
struct block_request {
  uint8_t operation, segment_count;
  uint16_t device;
  uint64_t id, sector;
  struct {
    uint32_t grant;
    uint8_t first, last;  // sectors in the granted page
  } segments[BLOCK_SEGMENTS];
};
struct block_answer {
  uint64_t id;
  uint8_t operation;
  int16_t status;  // 0 is good
};
struct block_ring {
  volatile uint32_t requests_put, tell_at_request, answers_put, tell_at_answer;
  uint8_t unused[48];
  union {
    struct block_request request;
    struct block_answer answer;
  } slots[BLOCK_SLOTS];
};

/// An entry of a grant table.
struct grant {
  volatile uint16_t flags;
  uint16_t domain;
  uint32_t frame;
};
enum { GRANT_PERMIT_ACCESS = 1, GRANT_COUNT = 512 };

/// Without a store where ends could find each other, places are agreed upon: the console's page is
/// granted by entry 0, as the builder does it; the disk's ring by entry 8, the first that is free.
enum { CONSOLE_GRANT = 0, BLOCK_GRANT = 8, DATA_GRANT = 9, CONSOLE_PORT = 1, BLOCK_PORT = 2 };
