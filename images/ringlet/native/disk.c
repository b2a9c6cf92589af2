/// The ATA drives, two on each of two channels, by programmed input and output: the processor carries every word.
#include "native.h"

enum { FIRST = 0x1f0, SECOND = 0x170, DRIVES = 4 };
enum {  // ports, counted from the channel's first
  DATA, COUNT = 2, LBA0, LBA1, LBA2, DRIVE, STATUS, COMMAND = STATUS, CONTROL = 0x206,
};
enum { BUSY = 0x80, FAULT = 0x20, REQUEST = 0x08, ERROR = 0x01, ABSENT = 0xff };
enum { READ_SECTORS = 0x20, WRITE_SECTORS = 0x30, FLUSH = 0xe7 };
enum { MASTER_LBA = 0xe0, SLAVE = 0x10, NO_INTERRUPT = 0x02, WORDS = 256, PATIENCE = 1000000 };

/// Waits until the drive is no longer busy, and returns its status. Where there is no drive, the
/// bus reads FFh, or a lonely controller 0.
static uint8_t wait_for_drive(uint16_t channel) {
  for (unsigned tries = 0; tries < PATIENCE; tries++) {
    uint8_t status = inb(channel + STATUS);
    if (!(status & BUSY) || status == ABSENT) return status;
  }
  return ABSENT;
}

int native_disk_transfer(uint32_t block, void *data, int write) {
  return native_drive_transfer(0, block, data, write);
}

int native_drive_transfer(unsigned drive, uint32_t block, void *data, int write) {
  if (drive >= DRIVES) return -1;
  uint16_t channel = drive < 2 ? FIRST : SECOND;
  outb(channel + DRIVE, (uint8_t)(MASTER_LBA | (drive & 1 ? SLAVE : 0) | (block >> 24 & 15)));
  uint8_t status = wait_for_drive(channel);
  if (status == ABSENT || status == 0) return -1;
  outb(channel + CONTROL, NO_INTERRUPT);
  outb(channel + COUNT, 1);
  outb(channel + LBA0, block & 0xff);
  outb(channel + LBA1, block >> 8 & 0xff);
  outb(channel + LBA2, block >> 16 & 0xff);
  outb(channel + COMMAND, write ? WRITE_SECTORS : READ_SECTORS);
  status = wait_for_drive(channel);
  if (status & (ERROR | FAULT) || !(status & REQUEST)) return -1;
  uint32_t count = WORDS;
  if (write) {
    __asm__ volatile("rep outsw" : "+S"(data), "+c"(count) : "d"(channel) : "memory");
    if (wait_for_drive(channel) & (ERROR | FAULT)) return -1;
    outb(channel + COMMAND, FLUSH);
    wait_for_drive(channel);  // a drive without a cache refuses that, and has written already
  } else {
    __asm__ volatile("rep insw" : "+D"(data), "+c"(count) : "d"(channel) : "memory");
  }
  return 0;
}
