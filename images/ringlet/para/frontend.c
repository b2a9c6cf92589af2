/// A domain without devices: its console is a page that Domain 0 reads, its disk a ring that Domain 0
/// serves.
#include "para.h"
#include "rings.h"

enum { PRESENT = 1, WRITABLE = 2, PATIENCE = 300, TEN_MILLISECONDS = 10000000 };

static struct grant grants[GRANT_COUNT] __attribute__((aligned(PAGE)));
static struct block_ring ring __attribute__((aligned(PAGE)));
static uint8_t data_page[PAGE] __attribute__((aligned(PAGE)));
static uint32_t block_port;

static void notify(uint32_t port) {
  hypercall(EVENT_CHANNEL_OP, EVTCHNOP_SEND, (uint32_t)&port, 0, 0);
}

// The console.

static struct console_ring *console(void) {
  return (struct console_ring *)from_machine(start_info->console_frame * PAGE);
}

/// Tells Domain 0 of what lies in the ring; not for each byte, as that costs a hypercall.
void front_console_flush(void) {
  if (console()->out_put != console()->out_taken) notify(start_info->console_port);
}

void front_console_put(char character) {
  struct console_ring *ring = console();
  while (ring->out_put - ring->out_taken >= sizeof ring->out) {
    notify(start_info->console_port);
    hypercall(SCHED_OP, SCHEDOP_YIELD, 0, 0, 0);
  }
  ring->out[ring->out_put % sizeof ring->out] = character;
  ring->out_put++;
  if (character == '\n') front_console_flush();
}

int front_console_get(void) {
  struct console_ring *ring = console();
  if (ring->in_taken == ring->in_put) return -1;
  return (uint8_t)ring->in[ring->in_taken++ % sizeof ring->in];
}

// The disk.

static void offer(uint32_t entry, const void *page) {
  grants[entry].domain = 0;
  grants[entry].frame = to_machine((uint32_t)page) / PAGE;
  grants[entry].flags = GRANT_PERMIT_ACCESS;
}

/// Grants the ring, and opens a port that Domain 0 may bind to. It looks for that now and then. To be
/// done before any other port is opened: its number is agreed upon.
void front_start(void) {
  uint32_t frame;
  struct {
    uint16_t domain;
    uint32_t count;
    int16_t status;
    uint32_t *frames;
  } table = {DOMID_SELF, 1, 0, &frame};
  must(hypercall(GRANT_TABLE_OP, GNTTABOP_SETUP_TABLE, (uint32_t)&table, 1, 0));
  para_map(grants, frame * PAGE | WRITABLE | PRESENT);
  offer(BLOCK_GRANT, &ring);
  offer(DATA_GRANT, data_page);
  struct {
    uint16_t domain, remote;
    uint32_t port;
  } channel = {DOMID_SELF, 0, 0};
  must(hypercall(EVENT_CHANNEL_OP, EVTCHNOP_ALLOC_UNBOUND, (uint32_t)&channel, 0, 0));
  block_port = channel.port;
  if (block_port != BLOCK_PORT) panic("the disk's port is another one");
  shared_info.mask[0] |= 1u << block_port;  // we wait for it ourselves, with poll
}

/// Until our port's bit is set, or a little time is over.
static void wait_for_answer(void) {
  const uint32_t *now = &shared_info.processors[0].time[4];
  struct {
    uint32_t *ports, count;
    uint64_t until;
  } poll = {&block_port, 1, (uint64_t)now[1] << 32 | now[0]};
  poll.until += TEN_MILLISECONDS;
  must(hypercall(SCHED_OP, SCHEDOP_POLL, (uint32_t)&poll, 0, 0));
  __asm__ volatile("btr %0, %1" : "+m"(shared_info.pending[0]) : "r"(block_port) : "memory");
}

/// One request at a time, for one sector: that is what the kernel asks for.
int front_disk_transfer(uint32_t block, void *data, int write) {
  static int is_absent;
  if (is_absent) return -1;
  if (write) memcpy(data_page, data, BLOCK);
  uint32_t number = ring.requests_put;
  struct block_request *request = &ring.slots[number % BLOCK_SLOTS].request;
  memset(request, 0, sizeof *request);
  request->operation = write ? BLOCK_WRITE : BLOCK_READ;
  request->segment_count = 1;
  request->id = number;
  request->sector = block;
  request->segments[0].grant = DATA_GRANT;
  ring.requests_put = number + 1;
  notify(block_port);
  for (unsigned tries = 0; ring.answers_put == number; tries++) {
    if (tries == PATIENCE) is_absent = 1;
    if (is_absent) return -1;
    wait_for_answer();
  }
  const struct block_answer *answer = &ring.slots[number % BLOCK_SLOTS].answer;
  if (answer->id != number || answer->status) return -1;
  if (!write) memcpy(data, data_page, BLOCK);
  return 0;
}
