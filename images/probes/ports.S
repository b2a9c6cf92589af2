// INT 11h, 14h and 17h, and what is in the data area about them; INT 21h and a program of a program.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start
_start:
  TELL "PORTS"
  int 0x11
  and ax, 0x0031
  TELL "11h %a"
  mov ax, 0x0040
  mov fs, ax
  mov ax, fs:[0x00]
  mov bx, fs:[0x08]
  mov cx, fs:[0x0e]
  mov dx, fs:[0x13]
  TELL "~ lpt %b"
  TELL "data area: com %a ebda %c kib %d"
  mov ax, 0x0300
  mov dx, 0
  int 0x14
  and ax, 0x6000
  TELL "14h 03 empty=%a"
  mov ax, 0x00e3
  mov dx, 0
  int 0x14
  and ax, 0x6000
  TELL "14h 00 empty=%a"
  mov ax, 0x012b                      // a + on the line
  mov dx, 0
  int 0x14
  and ah, 0x80
  TELL "14h 01 AX=%a"
  mov dx, 3                           // there is no fourth
  mov ax, 0x0300
  int 0x14
  TELL "~ 14h 03 absent AX=%a"
  mov ax, 0x0200
  mov dx, 0
  int 0x17
  TELL "~ 17h 02 AX=%a"

  TELL "PROGRAMS"
  mov ah, 0x30
  int 0x21
  TELL "21h 30 AX=%a"
  mov ah, 0x2a
  int 0x21
  TELL "21h 2A CX=%c DX=%d"
  mov ah, 0x62
  int 0x21
  mov ax, cs
  cmp ax, bx
  TELL "21h 62 own=%Z"
  mov dx, offset missing
  mov ax, 0x3d00
  int 0x21
  TELL "21h 3D C=%C AX=%a"
  mov dx, offset child
  mov ax, 0x3d00
  int 0x21
  TELL "21h 3D C=%C"
  mov bx, ax
  xor si, si
  xor di, di
1:
  mov ah, 0x3f
  mov cx, 512
  mov dx, offset buffer
  int 0x21
  test ax, ax
  jz 3f
  mov cx, ax
  mov bp, offset buffer
2:
  add di, [bp]
  add bp, 2
  sub cx, 2
  jnz 2b
  add si, ax
  jmp 1b
3:
  TELL "21h 3F bytes=%s"
  mov dx, offset child
  mov ax, 0x4b00
  int 0x21
  TELL "21h 4B C=%C"
  mov ah, 0x4d
  int 0x21
  TELL "21h 4D AX=%a"
  mov dx, offset missing
  mov ax, 0x4b00
  int 0x21
  TELL "21h 4B missing C=%C AX=%a"
  mov ax, 0x9900
  int 0x21
  TELL "21h 99 C=%C AX=%a"
  mov ax, 0xffff
  int 0x20                            // the oldest way to end

child:
  .asciz "CHILD.COM"
missing:
  .asciz "NOBODY.COM"
buffer:
  .fill 512
