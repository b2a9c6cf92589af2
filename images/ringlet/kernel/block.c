/// The disk, in blocks of 512 bytes: a real one if there is one with our file system on it,
/// otherwise the one the kernel brought along, in memory.
#include "kernel.h"

extern uint8_t ram_disk[];
static int disk_is_real;
static uint32_t block_count;

void block_init(void) {
  static uint8_t first[BLOCK];
  const struct superblock *super = (const struct superblock *)first;
  disk_is_real = machine->disk_transfer(0, first, 0) == 0 && super->magic == SUPERBLOCK_MAGIC;
  if (!disk_is_real) super = (const struct superblock *)ram_disk;
  block_count = super->blocks;
  print("disk in %s, %u KiB\n", disk_is_real ? "a drive" : "memory", block_count * BLOCK / 1024);
}

int block_read(uint32_t number, void *data) {
  if (number >= block_count) return -1;
  if (disk_is_real) return machine->disk_transfer(number, data, 0);
  memcpy(data, ram_disk + number * BLOCK, BLOCK);
  return 0;
}

int block_write(uint32_t number, const void *data) {
  if (number >= block_count) return -1;
  if (disk_is_real) return machine->disk_transfer(number, (void *)data, 1);
  memcpy(ram_disk + number * BLOCK, data, BLOCK);
  return 0;
}
