// INT 13h on the floppy disk that this was started from; its last track is free.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start

// A call for drive 0 with the buffer in ES:BX, and what came of it.
.macro DISK function, cylinder_sector, head
  mov ax, \function
  mov cx, \cylinder_sector
  mov dx, \head
  mov bx, offset buffer
  stc
  int 0x13
.endm

_start:
  TELL "FLOPPY"
  mov ax, ds
  mov es, ax
  DISK 0x0000, 0, 0
  TELL "13h 00 C=%C AH=%h"
  DISK 0x0201, 0x0001, 0x0000
  TELL "13h 02 C=%C AX=%a"
  mov ax, [buffer + 510]
  TELL "13h 02 mark=%a"
  DISK 0x0100, 0, 0
  TELL "13h 01 C=%C AH=%h"
  DISK 0x0202, 0x0012, 0x0000        // over the side's end, to the other head
  mov bx, [buffer + 512]
  TELL "13h 02 sides C=%C AX=%a"
  DISK 0x0212, 0x4f01, 0x0100
  TELL "13h 02 track C=%C AX=%a"

  mov di, offset buffer
  mov cx, 256
  mov ax, 0x1357
1:
  stosw
  add ax, 0x1111
  loop 1b
  DISK 0x0301, 0x4f12, 0x0100
  TELL "13h 03 C=%C AX=%a"
  mov di, offset buffer
  xor ax, ax
  mov cx, 256
  rep stosw
  DISK 0x0201, 0x4f12, 0x0100
  mov bx, [buffer]
  mov si, [buffer + 510]
  TELL "13h 02 again C=%C AX=%a %b %s"
  DISK 0x0401, 0x4f12, 0x0100
  TELL "13h 04 C=%C AH=%h"

  // What cannot be.
  DISK 0x0201, 0x0013, 0x0000
  TELL "13h 02 sector 19 C=%C"
  TELL "~ %h"
  DISK 0x0100, 0, 0
  TELL "13h 01 C=%C"
  TELL "~ %h"
  mov ah, 0
  xor dx, dx
  int 0x13
  DISK 0x0201, 0x0001, 0x0200
  TELL "13h 02 head 2 C=%C AH=%h"
  DISK 0x0200, 0x0001, 0x0000
  TELL "13h 02 none C=%C AH=%h"
  DISK 0x0201, 0x0001, 0x0003
  TELL "13h 02 drive 3 C=%C AH=%h"
  DISK 0x6600, 0x0001, 0x0000
  TELL "13h 66 C=%C AH=%h"
  mov ax, 0x2fff                      // the buffer crosses 64 KiB
  mov es, ax
  mov bx, 0x0000
  mov ax, 0x0201
  mov cx, 0x0001
  mov dx, 0x0000
  stc
  int 0x13
  TELL "13h 02 crossing C=%C AH=%h"
  push ds
  pop es
  DISK 0x0201, 0x0001, 0x0000
  TELL "13h 02 after C=%C AX=%a"

  mov ah, 0x08
  mov dl, 0
  xor di, di
  mov es, di
  stc
  int 0x13
  mov ah, es:[di + 4]
  TELL "13h 08 C=%C BL=%j CX=%c DX=%d"
  mov al, ah
  TELL "13h 08 sectors=%l"
  push ds
  pop es
  mov ah, 0x15
  mov dl, 0
  stc
  int 0x13
  TELL "13h 15 C=%C"
  TELL "~ kind %h"
  mov ah, 0x16
  mov dl, 0
  stc
  int 0x13
  TELL "~ 13h 16 C=%C AH=%h"
  push 0
  pop es
  les bx, es:[0x1e * 4]
  mov ax, es:[bx + 3]
  mov cx, es:[bx + 8]
  TELL "1Eh size=%l sectors=%h fill=%w"
  push ds
  pop es

  // As DOS does: a table of its own in RAM.
  push ds
  push 0
  pop es
  mov eax, es:[0x1e * 4]
  push eax
  lds si, es:[0x1e * 4]
  push cs
  pop es
  mov di, offset table
  mov cx, 11
  rep movsb
  mov ax, cs
  mov ds, ax
  push 0
  pop es
  mov word ptr es:[0x1e * 4], offset table
  mov es:[0x1e * 4 + 2], cs
  mov byte ptr [table + 9], 1
  mov ah, 0
  mov dl, 0
  int 0x13
  push ds
  pop es
  DISK 0x0209, 0x0101, 0x0000
  TELL "own table C=%C AX=%a"
  push 0
  pop es
  pop eax
  mov es:[0x1e * 4], eax
  pop ds
  int 0x11
  and ax, 1
  TELL "11h floppy=%l"
  mov ax, 0x0040
  mov es, ax
  mov al, es:[0x3e]
  and al, 1
  TELL "data area: recalibrated=%l"
  FINISH

.balign 16
table:
  .fill 16
.bss
.globl buffer
buffer:
