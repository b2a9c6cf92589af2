/// Domain 0 serves the others: their consoles share the real one, their disks are the machine's other
/// drives, or memory.
#include "para.h"
#include "rings.h"

#include "../native/native.h"

enum { DOMAINS = 8, LINE = 78, HOST_MAP = 2, SECTORS_A_PAGE = 8 };
enum { NEXT_DOMAIN = 1 /* control-A */, START_AGAIN = 18 /* control-R */ };
enum { DISK_PAGES = 64, CHANNEL_BOUND = 2 };

extern uint8_t ram_disk[], ram_disk_end[];

/// What we know of a domain. Number 0 is us: only `line` is used.
static struct guest {
  int is_there, has_ended;
  uint32_t console_port, block_port;
  int console_handle, block_handle;  // what the hypervisor calls our mappings
  struct console_ring *console;
  struct block_ring *block;
  uint32_t served;                // requests answered
  uint8_t *disk[DISK_PAGES];      // if it has no drive
  int has_drive;
  char line[LINE];                // what it has printed while others had the screen
  unsigned length;
} guests[DOMAINS];
static unsigned focus;            // whose the keyboard and the screen are
static int line_is_open;          // the last thing on the screen was no end of a line

// The real console.

static void show(char character) {
  native_console_put(character);
  line_is_open = character != '\n';
}

static void show_text(const char *text) {
  while (*text) show(*text++);
}

/// A line of a domain that has not got the screen, with its number before it.
static void show_line(unsigned domain) {
  struct guest *guest = &guests[domain];
  if (line_is_open) show('\n');
  show('[');
  show((char)('0' + domain));
  show(']');
  show(' ');
  for (unsigned place = 0; place < guest->length; place++) show(guest->line[place]);
  show('\n');
  guest->length = 0;
}

static void print_for(unsigned domain, char character) {
  struct guest *guest = &guests[domain];
  if (domain == focus) return show(character);
  if (character == '\b' && guest->length) guest->length--;
  if (character >= ' ') guest->line[guest->length++] = character;
  if (character == '\n' || guest->length == LINE) show_line(domain);
}

void back_console_put(char character) { print_for(0, character); }

static void announce(unsigned domain, const char *text) {
  if (line_is_open) show('\n');
  show_text("[domain ");
  show((char)('0' + domain));
  show_text(text);
}

/// The screen changes hands; what its new owner has begun to print comes with it.
static void give_focus(unsigned domain) {
  focus = domain;
  announce(domain, "]\n");
  struct guest *guest = &guests[domain];
  for (unsigned place = 0; place < guest->length; place++) show(guest->line[place]);
  guest->length = 0;
}

static void notify(uint32_t port) {
  hypercall(EVENT_CHANNEL_OP, EVTCHNOP_SEND, (uint32_t)&port, 0, 0);
}

static void type_for(struct guest *guest, char character) {
  struct console_ring *ring = guest->console;
  if (ring->in_put - ring->in_taken < sizeof ring->in)
    ring->in[ring->in_put++ % sizeof ring->in] = character;
}

static void start_again(void);

/// Bytes that are typed go to who has the focus. Returns one that is ours, or -1.
int back_console_get(void) {
  int typed = 0, byte;
  while ((byte = native_console_get()) >= 0) {
    if (byte == NEXT_DOMAIN) {
      if (focus && typed) notify(guests[focus].console_port);
      typed = 0;
      unsigned next = focus;
      do next = (next + 1) % DOMAINS;
      while (next && !guests[next].is_there);
      if (next != focus) give_focus(next);
    } else if (byte == START_AGAIN) {
      start_again();
    } else if (!focus) {
      return byte;
    } else {
      type_for(&guests[focus], (char)byte);
      typed = 1;
    }
  }
  if (typed) notify(guests[focus].console_port);
  return -1;
}

// Finding the others.

/// Maps a page that a domain has granted in place of one of ours. Returns the handle, or -1.
static int map_grant(unsigned domain, uint32_t grant, void *page) {
  struct {
    uint64_t address;
    uint32_t flags, grant;
    uint16_t domain;
    int16_t status;
    uint32_t handle;
    uint64_t bus_address;
  } map = {(uint32_t)page, HOST_MAP, grant, (uint16_t)domain, 0, 0, 0};
  must(hypercall(GRANT_TABLE_OP, GNTTABOP_MAP_GRANT_REF, (uint32_t)&map, 1, 0));
  return map.status ? -1 : (int)map.handle;
}

/// The end of that, and our own page is back.
static void unmap_grant(int handle, void *page) {
  struct {
    uint64_t address, bus_address;
    uint32_t handle;
    int16_t status;
  } unmap = {(uint32_t)page, 0, (uint32_t)handle, 0};
  must(hypercall(GRANT_TABLE_OP, GNTTABOP_UNMAP_GRANT_REF, (uint32_t)&unmap, 1, 0));
  para_map(page, to_machine((uint32_t)page) | 3);
}

/// Our end of a channel to a port of another domain's; 0 if there is nothing to bind to.
static uint32_t bind_to(unsigned domain, uint32_t remote) {
  struct {
    uint16_t domain;
    uint32_t remote, port;
  } channel = {(uint16_t)domain, remote, 0};
  int answer = hypercall(EVENT_CHANNEL_OP, EVTCHNOP_BIND_INTERDOMAIN, (uint32_t)&channel, 0, 0);
  if (answer < 0) return 0;
  para_serve_port(channel.port);
  return channel.port;
}

static void close_port(uint32_t port) {
  must(hypercall(EVENT_CHANNEL_OP, EVTCHNOP_CLOSE, (uint32_t)&port, 0, 0));
}

/// A copy of the disk that the kernel brings along: good enough for who has no drive. Whoever starts
/// again finds it as it was.
static void make_disk(struct guest *guest) {
  static uint8_t sector[BLOCK];
  if (guest->disk[0]) return;
  guest->has_drive = native_drive_transfer((unsigned)(guest - guests), 0, sector, 0) == 0;
  if (guest->has_drive) return;
  uint32_t size = (uint32_t)(ram_disk_end - ram_disk);
  for (uint32_t page = 0; page * PAGE < size && page < DISK_PAGES; page++) {
    guest->disk[page] = frame_allocate();
    if (!guest->disk[page]) panic("no memory for another domain's disk");
    memcpy(guest->disk[page], ram_disk + page * PAGE, PAGE);
  }
}

static int connect_console(unsigned domain) {
  struct guest *guest = &guests[domain];
  guest->console_port = bind_to(domain, CONSOLE_PORT);
  if (!guest->console_port) return 0;
  if (!guest->console) guest->console = frame_allocate();
  if (!guest->console) panic("no memory for a console");
  guest->console_handle = map_grant(domain, CONSOLE_GRANT, guest->console);
  if (guest->console_handle < 0) panic("a console that is not granted");
  return guest->is_there = 1;
}

static void connect_disk(unsigned domain) {
  struct guest *guest = &guests[domain];
  guest->block_port = bind_to(domain, BLOCK_PORT);
  if (!guest->block_port) return;
  if (!guest->block) guest->block = frame_allocate();
  if (!guest->block) panic("no memory for a ring");
  guest->block_handle = map_grant(domain, BLOCK_GRANT, guest->block);
  if (guest->block_handle < 0) panic("a ring that is not granted");
  guest->served = 0;
  make_disk(guest);
}

/// Looks for domains, and in those that are there, for what they have to share by now. Asked at every
/// tick: there is no store in which they could leave word.
void back_look(void) {
  static int looked;
  for (unsigned domain = 1; domain < DOMAINS; domain++) {
    if (!looked) connect_console(domain);
    if (guests[domain].is_there && !guests[domain].block_port) connect_disk(domain);
  }
  looked = 1;
}

/// A domain has ended: its ports are bound to nobody. What it said last is shown, and what we have
/// mapped of it given up: until then its memory cannot all be used again.
void back_mourn(void) {
  for (unsigned domain = 1; domain < DOMAINS; domain++) {
    struct guest *guest = &guests[domain];
    if (!guest->is_there) continue;
    struct {
      uint16_t domain;
      uint32_t port, status, processor, detail[2];
    } channel = {DOMID_SELF, guest->console_port, 0, 0, {0, 0}};
    must(hypercall(EVENT_CHANNEL_OP, EVTCHNOP_STATUS, (uint32_t)&channel, 0, 0));
    if (channel.status == CHANNEL_BOUND) continue;
    back_serve(guest->console_port);
    unmap_grant(guest->console_handle, guest->console);
    close_port(guest->console_port);
    if (guest->block_port) {
      unmap_grant(guest->block_handle, guest->block);
      close_port(guest->block_port);
    }
    guest->console_port = guest->block_port = 0;
    guest->is_there = 0;
    guest->has_ended = 1;
    if (guest->length) show_line(domain);
    announce(domain, " has ended]\n");
    if (focus == domain) give_focus(0);
  }
}

/// Has domains that have ended built anew.
static void start_again(void) {
  for (unsigned domain = 1; domain < DOMAINS; domain++) {
    struct {
      uint16_t domain;
      uint32_t reason;
    } request = {(uint16_t)domain, SHUTDOWN_REBOOT};
    if (!guests[domain].has_ended) continue;
    if (hypercall(SCHED_OP, SCHEDOP_REMOTE_SHUTDOWN, (uint32_t)&request, 0, 0) < 0) continue;
    guests[domain].has_ended = 0;
    announce(domain, " starts again]\n");
    connect_console(domain);
  }
}

// Serving them.

static void serve_console(unsigned domain) {
  struct console_ring *ring = guests[domain].console;
  uint32_t waiting = ring->out_put - ring->out_taken;
  if (waiting > sizeof ring->out) waiting = sizeof ring->out;  // believe no one
  while (waiting--) {
    char character = ring->out[ring->out_taken % sizeof ring->out];
    ring->out_taken++;
    print_for(domain, character);
  }
}

static int transfer(struct guest *guest, uint32_t sector, uint8_t *data, int write) {
  if (guest->has_drive)
    return native_drive_transfer((unsigned)(guest - guests), sector, data, write);
  uint32_t page = sector / SECTORS_A_PAGE;
  if (page >= DISK_PAGES || !guest->disk[page]) return -1;
  uint8_t *place = guest->disk[page] + sector % SECTORS_A_PAGE * BLOCK;
  memcpy(write ? place : data, write ? data : place, BLOCK);
  return 0;
}

/// One request, as we have copied it: its author may still be writing to it.
static int serve_request(unsigned domain, const struct block_request *request) {
  static uint8_t *window;
  if (!window && !(window = frame_allocate())) return -1;
  if (request->operation > BLOCK_WRITE || request->segment_count > BLOCK_SEGMENTS) return -1;
  uint32_t sector = (uint32_t)request->sector;
  int status = request->sector >> 32 ? -1 : 0;
  for (unsigned index = 0; index < request->segment_count && !status; index++) {
    unsigned first = request->segments[index].first, last = request->segments[index].last;
    if (last >= SECTORS_A_PAGE) return -1;
    int handle = map_grant(domain, request->segments[index].grant, window);
    if (handle < 0) return -1;
    for (unsigned place = first; place <= last && !status; place++, sector++)
      status = transfer(&guests[domain], sector, window + place * BLOCK,
                        request->operation == BLOCK_WRITE);
    unmap_grant(handle, window);
  }
  return status;
}

static void serve_disk(unsigned domain) {
  static struct block_request request;
  struct guest *guest = &guests[domain];
  struct block_ring *ring = guest->block;
  for (unsigned count = 0; count < BLOCK_SLOTS && guest->served != ring->requests_put; count++) {
    uint32_t slot = guest->served % BLOCK_SLOTS;
    request = ring->slots[slot].request;
    struct block_answer answer = {request.id, request.operation, 0};
    answer.status = (int16_t)serve_request(domain, &request);
    ring->slots[slot].answer = answer;
    ring->answers_put = ++guest->served;
  }
  notify(guest->block_port);
}

/// An event on a port of ours that leads to another domain.
void back_serve(uint32_t port) {
  for (unsigned domain = 1; domain < DOMAINS; domain++) {
    if (guests[domain].is_there && guests[domain].console_port == port) serve_console(domain);
    if (guests[domain].is_there && guests[domain].block_port == port) serve_disk(domain);
  }
}
