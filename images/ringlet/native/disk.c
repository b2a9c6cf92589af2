/// The first ATA drive, by programmed input and output: the processor carries every word.
#include "native.h"

enum {
  DATA = 0x1f0, COUNT = 0x1f2, LBA0 = 0x1f3, LBA1 = 0x1f4, LBA2 = 0x1f5, DRIVE = 0x1f6,
  STATUS = 0x1f7, COMMAND = 0x1f7, CONTROL = 0x3f6,
};
enum { BUSY = 0x80, FAULT = 0x20, REQUEST = 0x08, ERROR = 0x01, ABSENT = 0xff };
enum { READ_SECTORS = 0x20, WRITE_SECTORS = 0x30, FLUSH = 0xe7 };
enum { MASTER_LBA = 0xe0, NO_INTERRUPT = 0x02, WORDS = 256, PATIENCE = 1000000 };

/// Waits until the drive is no longer busy, and returns its status. Where there is no drive, the
/// bus reads FFh, or a lonely controller 0.
static uint8_t wait_for_drive(void) {
  for (unsigned tries = 0; tries < PATIENCE; tries++) {
    uint8_t status = inb(STATUS);
    if (!(status & BUSY) || status == ABSENT) return status;
  }
  return ABSENT;
}

int native_disk_transfer(uint32_t block, void *data, int write) {
  outb(DRIVE, (uint8_t)(MASTER_LBA | (block >> 24 & 15)));
  uint8_t status = wait_for_drive();
  if (status == ABSENT || status == 0) return -1;
  outb(CONTROL, NO_INTERRUPT);
  outb(COUNT, 1);
  outb(LBA0, block & 0xff);
  outb(LBA1, block >> 8 & 0xff);
  outb(LBA2, block >> 16 & 0xff);
  outb(COMMAND, write ? WRITE_SECTORS : READ_SECTORS);
  status = wait_for_drive();
  if (status & (ERROR | FAULT) || !(status & REQUEST)) return -1;
  uint32_t count = WORDS;
  if (write) {
    __asm__ volatile("rep outsw" : "+S"(data), "+c"(count) : "d"(DATA) : "memory");
    if (wait_for_drive() & (ERROR | FAULT)) return -1;
    outb(COMMAND, FLUSH);
    wait_for_drive();  // a drive without a cache refuses that, and has written already
  } else {
    __asm__ volatile("rep insw" : "+D"(data), "+c"(count) : "d"(DATA) : "memory");
  }
  return 0;
}
