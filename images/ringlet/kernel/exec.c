/// exec: a process becomes another program. The program is an ELF file.
#include "kernel.h"

struct elf_header {
  uint32_t magic;
  uint8_t class, order, rest[10];
  uint16_t type, machine;
  uint32_t version, entry, segments, sections, flags;
  uint16_t header_size, segment_size, segment_count;
};

struct elf_segment {
  uint32_t type, offset, address, physical, file_size, memory_size, flags, alignment;
};

enum { ELF_MAGIC = 0x464c457f, I386 = 3, LOAD = 1, WRITABLE = 2 };
enum { PROGRAM_MOST = 1 << 20, TEXT_MOST = 1024 };

static uint32_t least(uint32_t left, uint32_t right) { return left < right ? left : right; }

/// Fills one segment's pages from the file; what the file does not have stays zero.
static int load_segment(uint32_t *space, struct inode *file, const struct elf_segment *segment) {
  uint32_t start = segment->address, end = start + segment->memory_size;
  if (start < user_base || segment->memory_size > PROGRAM_MOST ||
      start - user_base > PROGRAM_MOST || segment->file_size > segment->memory_size)
    return -1;
  for (uint32_t address = start; address < end; address = (address & ~(PAGE - 1)) + PAGE) {
    uint8_t *frame = space_page(space, address, segment->flags & WRITABLE);
    if (!frame) return -1;
    uint32_t done = address - start;
    if (done >= segment->file_size) continue;
    uint32_t count = least(PAGE - address % PAGE, segment->file_size - done);
    if (inode_read(file, frame + address % PAGE, segment->offset + done, count) != (int)count)
      return -1;
  }
  return 0;
}

/// Loads all segments. Returns the entry point, or 0; `end` is where the heap may begin.
static uint32_t load(uint32_t *space, struct inode *file, uint32_t *end) {
  struct elf_header header;
  if (inode_read(file, &header, 0, sizeof header) != sizeof header) return 0;
  if (header.magic != ELF_MAGIC || header.machine != I386) return 0;
  for (uint32_t index = 0; index < header.segment_count; index++) {
    struct elf_segment segment;
    uint32_t offset = header.segments + index * sizeof segment;
    if (inode_read(file, &segment, offset, sizeof segment) != sizeof segment) return 0;
    if (segment.type != LOAD) continue;
    if (load_segment(space, file, &segment)) return 0;
    uint32_t above = segment.address + segment.memory_size;
    if (above > *end) *end = above;
  }
  return header.entry;
}

/// Builds the first stack page: the arguments' texts at the top, then the array that points to
/// them, then what main expects: its count and the array. Returns the stack pointer, or 0.
static uint32_t push_arguments(uint32_t *space, char *const *arguments) {
  uint8_t *page = space_page(space, user_stack_top - PAGE, 1);
  if (!page) return 0;
  uint32_t texts[ARGUMENTS + 1], count = 0, place = PAGE;
  for (; arguments[count]; count++) {
    uint32_t length = 1;
    while (arguments[count][length - 1]) length++;
    if (length > place - (PAGE - TEXT_MOST)) return 0;
    place -= length;
    memcpy(page + place, arguments[count], length);
    texts[count] = user_stack_top - PAGE + place;
  }
  texts[count] = 0;
  place = (place & ~3u) - (count + 1) * sizeof *texts;
  memcpy(page + place, texts, (count + 1) * sizeof *texts);
  uint32_t for_main[] = {count, user_stack_top - PAGE + place};
  place -= sizeof for_main;
  memcpy(page + place, for_main, sizeof for_main);
  return user_stack_top - PAGE + place;
}

/// Returns only if it fails, and then nothing has changed; or to the new program's start.
int exec(const char *name, char *const *arguments) {
  struct inode *file = directory_find(name);
  if (!file) return -1;
  uint32_t *space = space_create();
  uint32_t entry = 0, esp = 0, end = 0;
  if (space && file->disk.type == TYPE_FILE) {
    entry = load(space, file, &end);
    esp = push_arguments(space, arguments);
  }
  inode_put(file);
  if (!entry || !esp) {
    if (space) space_free(space);
    return -1;
  }
  memset(current->name, 0, NAME_LENGTH);
  for (int index = 0; index < NAME_LENGTH && name[index]; index++)
    current->name[index] = name[index];
  uint32_t *old = current->directory;
  current->directory = space;
  machine->load_directory(space);
  if (old) space_free(old);
  current->heap = current->heap_end = (end + PAGE - 1) & ~(PAGE - 1);
  current->fault_handler = 0;
  current->frame->eip = entry;
  current->frame->esp = esp;
  return 0;
}
