// INT 13h on the first hard disk, by cylinders and by sector numbers. The sectors from 100 on are
// free.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start

.macro DISK function, cylinder_sector, head
  mov ax, \function
  mov cx, \cylinder_sector
  mov dx, \head
  mov bx, offset buffer
  stc
  int 0x13
.endm
.macro LINEAR function
  mov ax, \function
  mov dl, 0x80
  mov si, offset packet
  stc
  int 0x13
.endm

_start:
  TELL "HARD DISK"
  mov ax, ds
  mov es, ax
  mov ax, 0x0040
  mov fs, ax
  mov al, fs:[0x75]
  TELL "disks=%l"
  DISK 0x0000, 0, 0x0080
  TELL "13h 00 C=%C AH=%h"
  mov ah, 0x08
  mov dl, 0x80
  stc
  int 0x13
  TELL "13h 08 C=%C AH=%h DH=%y DL=%u"
  and cl, 0x3f
  TELL "13h 08 sectors=%w"
  TELL "~ last cylinder %v"
  push ds
  pop es
  mov ah, 0x15
  mov dl, 0x80
  stc
  int 0x13
  TELL "13h 15 C=%C AH=%h"
  TELL "~ sectors %c%d"
  mov ah, 0x10
  mov dl, 0x80
  stc
  int 0x13
  TELL "13h 10 C=%C AH=%h"

  // Sector 100 is cylinder 0, head 1, sector 38; of a track with 63.
  mov di, offset buffer
  mov cx, 512
  mov ax, 0x2468
1:
  stosw
  add ax, 0x0101
  loop 1b
  DISK 0x0302, 0x0026, 0x0180
  TELL "13h 03 C=%C AX=%a"
  call clear
  DISK 0x0202, 0x0026, 0x0180
  mov bx, [buffer]
  mov si, [buffer + 1022]
  TELL "13h 02 C=%C AX=%a %b %s"
  DISK 0x0402, 0x0026, 0x0180
  TELL "13h 04 C=%C AH=%h"
  DISK 0x0c00, 0x0101, 0x0080
  TELL "13h 0C C=%C AH=%h"

  DISK 0x0201, 0x0000, 0x0080
  TELL "13h 02 sector 0 C=%C AH=%h"
  DISK 0x0201, 0xffc1, 0x0080
  TELL "13h 02 cylinder 1023 C=%C AH=%h"
  DISK 0x0100, 0, 0x0080
  TELL "13h 01 AH=%h"
  DISK 0x0201, 0x0001, 0x0088
  TELL "13h 02 drive 88h C=%C AH=%h"
  mov ah, 0x15
  mov dl, 0x88
  stc
  int 0x13
  TELL "~ 13h 15 drive 88h AH=%h"

  mov bx, 0x55aa
  mov ah, 0x41
  mov dl, 0x80
  stc
  int 0x13
  pushf
  and cx, 1                           // what more there is differs
  popf
  TELL "13h 41 C=%C AH=%h BX=%b CX=%c"
  mov bx, 0x1234
  mov ah, 0x41
  mov dl, 0x80
  int 0x13
  TELL "~ 13h 41 without 55AA C=%C AH=%h"
  call clear
  mov word ptr [packet + 6], ds
  LINEAR 0x4200
  mov bx, [buffer]
  mov cx, [packet + 2]
  TELL "13h 42 C=%C AH=%h %b count=%c"
  mov dword ptr [packet + 8], 103
  mov word ptr [packet + 2], 1
  LINEAR 0x4300
  TELL "13h 43 C=%C AH=%h"
  LINEAR 0x4400
  TELL "13h 44 C=%C AH=%h"
  LINEAR 0x4700
  TELL "13h 47 C=%C AH=%h"
  call clear
  mov word ptr [packet + 2], 4        // back over what was written in both ways
  mov dword ptr [packet + 8], 100
  LINEAR 0x4200
  mov bx, [buffer]
  mov cx, [buffer + 3 * 512]
  mov di, [buffer + 2 * 512]
  TELL "13h 42 four C=%C AH=%h %b %i %c"
  mov dword ptr [packet + 8], 0x00ffffff
  LINEAR 0x4200
  TELL "13h 42 far C=%C AH=%h"
  mov dword ptr [packet + 8], 0
  mov dword ptr [packet + 12], 1
  LINEAR 0x4200
  TELL "13h 42 farther C=%C AH=%h"
  mov word ptr [parameters], 26
  mov ah, 0x48
  mov dl, 0x80
  mov si, offset parameters
  stc
  int 0x13
  mov bx, [parameters]
  mov cx, [parameters + 24]
  TELL "13h 48 C=%C AH=%h size=%b sector=%c"
  mov ax, [parameters + 16]
  mov dx, [parameters + 18]
  TELL "13h 48 sectors=%d%a"
  FINISH

clear:
  mov di, offset buffer
  xor ax, ax
  mov cx, 1024
  rep stosw
  ret

packet:
  .byte 16, 0
  .word 2
  .word buffer, 0
  .long 100, 0
parameters:
  .fill 32
.bss
buffer:
