// The probes' floppy disk, 1440 KiB with a FAT of 12-bit numbers, so that other systems can read it.
// Each file has 8 clusters of one sector, whatever it needs, one behind the other.
.intel_syntax noprefix
#include "real.inc"
#define FILE_BYTES 4096
#define FILE_CLUSTERS 8
.code16
.text
.globl boot
boot:
  jmp 1f
  .org 3
  .ascii "RINGSIDE"
sector_size:
  .word 512
  .byte 1                             // sectors in a cluster
  .word 1                             // before the first FAT
  .byte 2                             // FATs
  .word 224                           // entries in the root directory
  .word 2880
  .byte 0xf0
  .word 9                             // sectors in a FAT
  .word 18                            // sectors in a track
  .word 2                             // heads
  .long 0, 0
  .byte 0, 0, 0x29
  .long 0x19930401
  .ascii "PROBES     FAT12   "
1:
  // The system is the first file, at sector 33: track 0 of head 1, sector 16. Three sectors are on
  // that track, five on the next.
  ljmp 0, offset flush
flush:
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00
  cld
  push dx
  mov ax, 0x0060
  mov es, ax
  xor bx, bx
  mov ax, 0x0203
  mov cx, 0x0010
  mov dh, 1
  call read
  mov bx, 3 * 512
  mov ax, 0x0205
  mov cx, 0x0101
  mov dh, 0
  call read
  pop dx
  ljmp 0x0060, 0

// Reads as INT 13h does, three times if need be.
read:
  mov di, 3
2:
  push ax
  int 0x13
  pop ax
  jnc 3f
  push ax
  mov ah, 0
  int 0x13
  pop ax
  dec di
  jnz 2b
  mov si, offset message
4:
  lodsb
  test al, al
  jz 5f
  mov ah, 0x0e
  mov bx, 7
  int 0x10
  jmp 4b
5:
  cli
  hlt
  jmp 5b
3:
  ret
message:
  .asciz "The floppy disk cannot be read"
  .org 510
  .word 0xaa55

// A FAT: the disk's kind, then the clusters in pairs of three bytes.
.macro FAT
  .byte 0xf0, 0xff, 0xff
  .set cluster, 2
  .rept FILES
  .rept FILE_CLUSTERS / 2 - 1
  .byte (cluster + 1) & 0xff, (cluster + 1) >> 8 | ((cluster + 2) & 0x0f) << 4, (cluster + 2) >> 4
  .set cluster, cluster + 2
  .endr
  .byte (cluster + 1) & 0xff, (cluster + 1) >> 8 | 0xf0, 0xff
  .set cluster, cluster + 2
  .endr
.endm
  FAT
  .org 10 * 512
  FAT
  .org 19 * 512

// The directory: 32 bytes for a file.
.macro ENTRY name, attribute, number
  .ascii "\name"
  .byte \attribute
  .fill 10
  .word 0x0000, 0x5c21                // midnight of January 1, 2026
  .word 2 + \number * FILE_CLUSTERS
  .long FILE_BYTES
.endm
  .ascii "PROBES     "
  .byte 0x08
  .fill 20
#include "directory.inc"
  .org 33 * 512

// The files themselves.
#include "files.inc"
  .org 1440 * 1024, 0xf6
