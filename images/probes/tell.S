// Lines of text for the probes: see probe.inc.
.intel_syntax noprefix
#include "probe.inc"
.code16
.text

// The text follows the call.
.globl tell
tell:
  pushf
  pusha
  mov bp, sp                          // DI SI BP SP BX DX CX AX, flags, the return address
  cld
  mov si, [bp + 18]
1:
  lods al, byte ptr cs:[si]
  test al, al
  jz 3f
  cmp al, '%'
  je 2f
  call put
  jmp 1b
2:
  lods al, byte ptr cs:[si]
  mov bx, offset fields
  // Each field: its letter, where it is in the frame, how many hexadecimal digits.
5:
  cmp al, cs:[bx]
  je 6f
  add bx, 3
  jmp 5b
6:
  movzx di, byte ptr cs:[bx + 1]
  mov cl, cs:[bx + 2]
  mov dx, [bp + di]
  cmp cl, 1
  jb 7f
  je 8f
  cmp cl, 2
  jne 9f
  mov dh, dl
9:
  rol dx, 4
  mov al, dl
  and al, 0x0f
  cmp al, 10
  jb 10f
  add al, 'A' - '0' - 10
10:
  add al, '0'
  call put
  dec cl
  jnz 9b
  jmp 1b
7:
  mov dx, es                          // ES is not in the frame
  mov cl, 4
  jmp 9b
8:
  mov al, '0'                         // a flag: the field's place is its bit
  mov cx, di
  mov dx, [bp + 16]
  shr dx, cl
  and dl, 1
  add al, dl
  call put
  jmp 1b
3:
  mov [bp + 18], si
  mov al, 13
  call put
  mov al, 10
  call put
  popa
  popf
  ret

put:
  push dx
  mov dl, al
  mov ah, 0x02
  int 0x21
  pop dx
  ret

fields:
  .byte 'a', 14, 4, 'b', 8, 4, 'c', 12, 4, 'd', 10, 4, 's', 2, 4, 'i', 0, 4, 'p', 4, 4
  .byte 'l', 14, 2, 'h', 15, 2, 'w', 12, 2, 'v', 13, 2, 'u', 10, 2, 'y', 11, 2, 'j', 8, 2
  .byte 'k', 9, 2, 'e', 0, 0, 'C', 0, 1, 'Z', 6, 1
