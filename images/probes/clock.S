// INT 1Ah, INT 8 with its hook INT 1Ch, and the waits of INT 15h.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start
_start:
  TELL "CLOCK"
  mov ax, 0x0040
  mov fs, ax

  // The timer goes, and a program may hook it.
  mov ax, 0x351c
  int 0x21
  mov [old], bx
  mov [old + 2], es
  mov dx, offset hook
  mov ax, 0x251c
  int 0x21
  mov cx, [hooked]
1:
  mov ax, [hooked]
  sub ax, cx
  cmp ax, 3
  jb 1b
  TELL "1Ch came"
  lds dx, [old]
  mov ax, 0x251c
  int 0x21
  push cs
  pop ds

  // A midnight.
  mov ah, 0x01
  mov cx, 0x0018
  mov dx, 0x00ae
  int 0x1a
  TELL "1Ah 01 C=%C AH=%h"
2:
  cmp byte ptr fs:[0x70], 0
  je 2b
  mov ah, 0x00
  int 0x1a
  mov bl, al
  mov al, dh
  TELL "1Ah 00 C=%C days=%j CX=%c high %l"
  mov ah, 0x00
  int 0x1a
  TELL "1Ah 00 days=%l"

  // The clock, set and read.
  mov ah, 0x05
  mov cx, 0x1998
  mov dx, 0x1231
  int 0x1a
  TELL "1Ah 05 C=%C"
  mov ah, 0x03
  mov cx, 0x2359
  mov dx, 0x5800
  int 0x1a
  TELL "1Ah 03 C=%C"
  mov ah, 0x04
  int 0x1a
  TELL "1Ah 04 C=%C CX=%c DX=%d"
  mov ah, 0x02
  int 0x1a
  TELL "1Ah 02 C=%C CX=%c"
  // An alarm in the next year.
  mov ax, 0x354a
  int 0x21
  mov dx, offset alarm
  mov ax, 0x254a
  int 0x21
  mov ah, 0x06
  mov cx, 0x0000
  mov dx, 0x0000
  int 0x1a
  TELL "1Ah 06 C=%C"
  mov ah, 0x06
  mov cx, 0x0000
  mov dx, 0x0000
  int 0x1a
  TELL "1Ah 06 again C=%C"
3:
  cmp byte ptr [rung], 0
  jne 4f
  hlt
  jmp 3b
4:
  TELL "4Ah came"
  mov ah, 0x07
  int 0x1a
  TELL "1Ah 07 C=%C"
  mov ah, 0x04
  int 0x1a
  TELL "1Ah 04 CX=%c DX=%d"
  mov ah, 0x02
  int 0x1a
  TELL "1Ah 02 CX=%c"

  // Waits. 86h for 0.3 s: five or six ticks.
  mov bx, fs:[0x6c]
  mov cx, 4
  mov dx, 0x93e0
  mov ah, 0x86
  stc
  int 0x15
  pushf
  mov ax, fs:[0x6c]
  sub ax, bx
  cmp ax, 5
  setae al
  popf
  TELL "15h 86 C=%C long=%l"
  mov byte ptr [flag], 0
  mov cx, 1
  mov dx, 0
  mov bx, offset flag
  push ds
  pop es
  mov ax, 0x8300
  stc
  int 0x15
  TELL "15h 83 C=%C"
  mov cx, 0
  mov dx, 1000
  mov ah, 0x86
  stc
  int 0x15
  TELL "15h 86 busy C=%C"
5:
  test byte ptr [flag], 0x80
  jnz 6f
  hlt
  jmp 5b
6:
  mov al, [flag]
  TELL "15h 83 flag=%l"
  mov ah, 0x90
  stc
  int 0x15
  TELL "~ 15h 90 C=%C AH=%h"
  mov ah, 0x91
  stc
  int 0x15
  TELL "~ 15h 91 C=%C AH=%h"
  FINISH

hook:
  inc word ptr cs:[hooked]
  iret
alarm:
  mov byte ptr cs:[rung], 1
  iret
old:
  .word 0, 0
hooked:
  .word 0
rung:
  .byte 0
flag:
  .byte 0
