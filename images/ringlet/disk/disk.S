// The file system's first content, laid out by the assembler: superblock, bitmap, inodes, and
// what the files hold, as kernel/inode.c reads them. disk.ld puts the sections in their place.
.set BLOCK, 512
.set BLOCKS, 256                      // in all
.set INODES, 64
.set FIRST_DATA, 10                   // 2 + INODES * 64 / BLOCK
.set DIRECT, 27                       // then one indirect
.set ROOT_BLOCKS, 2                   // room for INODES names

.set TYPE_FILE, 1
.set TYPE_DIRECTORY, 2
.set TYPE_DEVICE, 3

.set inode, 2                         // the next free inode
.set block, FIRST_DATA + ROOT_BLOCKS  // the next free block

.macro name text
  .section .directory, "a"
1: .short inode
  .ascii "\text"
  .org 1b + 16
  .section .inodes, "a"
.endm

.macro device text, number
  name \text
  .short TYPE_DEVICE, 1
  .long 0
  .short \number
  .fill DIRECT, 2, 0
  .set inode, inode + 1
.endm

// A row of block numbers, rising by one.
.macro numbers from, count
  .set number, \from
  .rept \count
  .short number
  .set number, number + 1
  .endr
.endm

.macro file text, path
  .section .blocks, "a"
2: .incbin "\path"
3: .balign BLOCK
  .set size, 3b - 2b
  .set count, (size + BLOCK - 1) / BLOCK
  name \text
  .short TYPE_FILE, 1
  .long size
  .if count > DIRECT
    numbers block, DIRECT
    .short block + count              // the indirect block comes after the file's last
    .section .blocks
    numbers "block + DIRECT", "count - DIRECT"
    .balign BLOCK
    .set count, count + 1
  .else
    numbers block, count
    .fill DIRECT + 1 - count, 2, 0
  .endif
  .set block, block + count
  .set inode, inode + 1
.endm

.section .inodes, "a"
  .fill 64, 1, 0                      // there is no inode 0; the directory is inode 1
  .short TYPE_DIRECTORY, 1
  .long directory_size
  .short FIRST_DATA, FIRST_DATA + 1
  .fill DIRECT - 1, 2, 0

  device console, 1
  device null, 2
  device disk, 3
#include "files.inc"

.section .super, "a"
  .ascii "RLfs"
  .short BLOCKS, INODES, FIRST_DATA

.section .bitmap, "a"
  .fill block / 8, 1, 0xff
  .byte (1 << (block % 8)) - 1

.section .directory
.set directory_size, (inode - 2) * 16
