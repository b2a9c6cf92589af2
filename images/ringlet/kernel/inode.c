/// The file system: a file is an inode, which tells its size and its blocks.
///     block 0      1        2 ...    first_data ...
///     superblock   bitmap   inodes   what the files hold
#include "kernel.h"

enum { BITMAP = 1, FIRST_INODE_BLOCK = 2, PER_BLOCK = BLOCK / sizeof(struct disk_inode) };
enum { DIRECT = 27, INDIRECT = BLOCK / 2, COUNT = 32 };

static struct superblock super;
static struct inode inodes[COUNT];

// A kernel stack has one page, and blocks on it would soon fill it. Nothing in this file gives the
// processor away, so one buffer for each purpose is enough.
static uint8_t content[BLOCK], bitmap[BLOCK];
static uint16_t indirect[INDIRECT];
static struct disk_inode table[PER_BLOCK];

void inodes_init(void) {
  block_read(0, content);
  super = *(struct superblock *)content;
}

/// Reads or writes an inode's place on the disk.
static void transfer(struct inode *inode, int write) {
  uint32_t number = FIRST_INODE_BLOCK + inode->number / PER_BLOCK;
  struct disk_inode *place = &table[inode->number % PER_BLOCK];
  block_read(number, table);
  if (write) {
    *place = inode->disk;
    block_write(number, table);
  } else {
    inode->disk = *place;
  }
}

/// An inode in memory. Who asks for the same number gets the same inode. NULL: too many.
struct inode *inode_get(unsigned number) {
  struct inode *free = NULL;
  for (struct inode *inode = inodes; inode < inodes + COUNT; inode++) {
    if (inode->references == 0) {
      free = inode;
    } else if (inode->number == number) {
      inode->references++;
      return inode;
    }
  }
  if (!free) return NULL;
  free->number = number;
  free->references = 1;
  transfer(free, 0);
  return free;
}

struct inode *inode_create(enum file_type type) {
  for (unsigned number = ROOT_INODE; number < super.inodes; number++) {
    struct inode *inode = inode_get(number);
    if (!inode) return NULL;
    if (inode->disk.type == TYPE_FREE) {
      inode->disk = (struct disk_inode){.type = (uint16_t)type, .links = 1};
      transfer(inode, 1);
      return inode;
    }
    inode_put(inode);
  }
  return NULL;
}

/// The caller is done with it. A file without a name goes when the last one lets go of it.
void inode_put(struct inode *inode) {
  if (inode->references == 1 && inode->disk.links == 0 && inode->disk.type != TYPE_FREE) {
    inode_truncate(inode);
    inode->disk.type = TYPE_FREE;
    transfer(inode, 1);
  }
  inode->references--;
}

void inode_unlink(struct inode *inode) {
  inode->disk.links--;
  transfer(inode, 1);
}

/// A free block, now full of zeros and taken; 0 if the disk is full.
static uint16_t block_allocate(void) {
  block_read(BITMAP, bitmap);
  for (uint32_t number = super.first_data; number < super.blocks; number++) {
    if (bitmap[number / 8] & 1 << number % 8) continue;
    bitmap[number / 8] |= 1 << number % 8;
    block_write(BITMAP, bitmap);
    block_write(number, memset(bitmap, 0, BLOCK));
    return (uint16_t)number;
  }
  return 0;
}

static void block_free(uint32_t number) {
  block_read(BITMAP, bitmap);
  bitmap[number / 8] &= ~(1 << number % 8);
  block_write(BITMAP, bitmap);
}

/// The block that holds a part of a file, 0 if there is none. `create`: makes one.
static uint16_t block_of(struct inode *inode, uint32_t index, int create) {
  uint16_t *blocks = inode->disk.blocks;
  if (index < DIRECT) {
    if (!blocks[index] && create) blocks[index] = block_allocate();
    return blocks[index];
  }
  index -= DIRECT;
  if (index >= INDIRECT) return 0;
  if (!blocks[DIRECT] && create) blocks[DIRECT] = block_allocate();
  if (!blocks[DIRECT]) return 0;
  block_read(blocks[DIRECT], indirect);
  if (!indirect[index] && create) {
    indirect[index] = block_allocate();
    block_write(blocks[DIRECT], indirect);
  }
  return indirect[index];
}

static uint32_t least(uint32_t left, uint32_t right) { return left < right ? left : right; }

int inode_read(struct inode *inode, void *to, uint32_t offset, uint32_t count) {
  if (offset >= inode->disk.size) return 0;
  count = least(count, inode->disk.size - offset);
  for (uint32_t done = 0; done < count;) {
    uint32_t place = (offset + done) % BLOCK, part = least(count - done, BLOCK - place);
    if (block_read(block_of(inode, (offset + done) / BLOCK, 0), content)) return -1;
    memcpy((uint8_t *)to + done, content + place, part);
    done += part;
  }
  return (int)count;
}

/// May write less than asked for: the disk can be full.
int inode_write(struct inode *inode, const void *from, uint32_t offset, uint32_t count) {
  uint32_t done = 0;
  if (offset > inode->disk.size) return -1;
  while (done < count) {
    uint32_t place = (offset + done) % BLOCK, part = least(count - done, BLOCK - place);
    uint16_t number = block_of(inode, (offset + done) / BLOCK, 1);
    if (!number || block_read(number, content)) break;
    memcpy(content + place, (const uint8_t *)from + done, part);
    if (block_write(number, content)) break;
    done += part;
  }
  if (offset + done > inode->disk.size) inode->disk.size = offset + done;
  transfer(inode, 1);
  return (int)done;
}

void inode_truncate(struct inode *inode) {
  if (inode->disk.type == TYPE_DEVICE) return;
  for (uint32_t index = 0; index * BLOCK < inode->disk.size; index++) {
    uint16_t number = block_of(inode, index, 0);
    if (number) block_free(number);
  }
  if (inode->disk.blocks[DIRECT]) block_free(inode->disk.blocks[DIRECT]);
  memset(inode->disk.blocks, 0, sizeof inode->disk.blocks);
  inode->disk.size = 0;
  transfer(inode, 1);
}
