/// Copies blocks of the disk itself to a file, and compares. On a real drive every word passes
/// through the processor, by IN and OUT.
#include "user.h"

enum { BLOCK = 512 };
static char source[BLOCK], copy[BLOCK];

static uint32_t copy_blocks(int disk, int file, uint32_t blocks) {
  uint32_t done = 0;
  while (done < blocks && read(disk, source, BLOCK) == BLOCK &&
         write(file, source, BLOCK) == BLOCK)
    done++;
  return done;
}

/// The file is part of the disk, so its own bookkeeping has changed: only its first block, the
/// superblock, must be what it was.
static int is_same(int disk, int file) {
  lseek(disk, 0);
  lseek(file, 0);
  read(disk, source, BLOCK);
  read(file, copy, BLOCK);
  for (int index = 0; index < BLOCK; index++)
    if (source[index] != copy[index]) return 0;
  return 1;
}

int main(int count, char **arguments) {
  uint32_t blocks = argument_number(count, arguments, 32);
  int disk = open("disk", OPEN_READ), file = open("copy", OPEN_READ | OPEN_WRITE | OPEN_CREATE);
  if (disk < 0 || file < 0) return 1;
  int start = time();
  uint32_t done = copy_blocks(disk, file, blocks);
  print("%u blocks copied\n", done);
  print("~ %d ticks\n", time() - start);
  print("superblock %s\n", is_same(disk, file) ? "is the same" : "differs");
  unlink("copy");
  return 0;
}
