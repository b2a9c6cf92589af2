/// The first ATA drive, by programmed input and output: the processor carries every word.
#include "native.h"

enum {
  DATA = 0x1f0, COUNT = 0x1f2, LBA0 = 0x1f3, LBA1 = 0x1f4, LBA2 = 0x1f5, DRIVE = 0x1f6,
  STATUS = 0x1f7, COMMAND = 0x1f7, CONTROL = 0x3f6,
};
enum { BUSY = 0x80, REQUEST = 0x08, ERROR = 0x01, ABSENT = 0xff };
enum { READ_SECTORS = 0x20, WRITE_SECTORS = 0x30, FLUSH = 0xe7 };
enum { MASTER_LBA = 0xe0, NO_INTERRUPT = 0x02, WORDS = 256, PATIENCE = 1000000 };

/// Waits until the drive wants data moved. -1: it does not, or there is no drive.
static int wait_for_request(void) {
  for (unsigned tries = 0; tries < PATIENCE; tries++) {
    uint8_t status = inb(STATUS);
    if (status == ABSENT || status == 0) return -1;
    if (status & BUSY) continue;
    if (status & ERROR) return -1;
    if (status & REQUEST) return 0;
  }
  return -1;
}

int native_disk_transfer(uint32_t block, void *data, int write) {
  outb(DRIVE, (uint8_t)(MASTER_LBA | (block >> 24 & 15)));
  if (inb(STATUS) == ABSENT) return -1;
  outb(CONTROL, NO_INTERRUPT);
  outb(COUNT, 1);
  outb(LBA0, block & 0xff);
  outb(LBA1, block >> 8 & 0xff);
  outb(LBA2, block >> 16 & 0xff);
  outb(COMMAND, write ? WRITE_SECTORS : READ_SECTORS);
  if (wait_for_request()) return -1;
  uint32_t count = WORDS;
  if (write) {
    __asm__ volatile("rep outsw" : "+S"(data), "+c"(count) : "d"(DATA) : "memory");
    outb(COMMAND, FLUSH);
    while (inb(STATUS) & BUSY) {}
  } else {
    __asm__ volatile("rep insw" : "+D"(data), "+c"(count) : "d"(DATA) : "memory");
  }
  return 0;
}
