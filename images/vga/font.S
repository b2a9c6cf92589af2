// INT 10h, AH = 11h: fonts. The VGA draws characters from plane 2 of its memory, 32 bytes for each
// of 256 characters, in eight blocks. Another height of the cell is another number of rows.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
.text

// AL: 00h the caller's font, 01h 8x14, 02h 8x8, 03h which blocks, 04h 8x16; with 10h added, the
// number of rows follows. 20h to 24h: fonts of graphics modes. 30h: where a font is.
.globl font_services
font_services:
  cmp al, 0x30
  je describe_font
  cmp al, 3
  je choose_blocks
  mov ah, al
  and al, 0xef
  cmp al, 4
  ja 3f
  cmp al, 3
  je 3f
  push ax
  mov bl, [bp + R_BL]
  cmp al, 0
  jne 1f
  mov si, [bp + R_BP]
  mov cx, [bp + R_CX]
  mov dx, [bp + R_DX]
  mov bh, [bp + R_BH]
  mov ax, [bp + R_ES]
  call load_font
  mov al, [bp + R_BH]
  jmp 2f
1:
  mov ah, 14
  cmp al, 1
  je 4f
  mov ah, 8
  cmp al, 2
  je 4f
  mov ah, 16
4:
  mov al, ah
  push ax
  call load_standard_font
  pop ax
2:
  pop bx
  test bh, 0x10
  jnz set_height
3:
  ret

// 03h. BL: the font blocks for bit 3 of the colours being 0 and 1, as the VGA's register has them.
choose_blocks:
  mov dx, 0x3c4
  mov al, 3
  mov ah, [bp + R_BL]
  out dx, ax
  ret

// Loads our font of height AL into block BL, and points INT 43h at it.
.globl load_standard_font
load_standard_font:
  mov si, offset font_8x16
  cmp al, 16
  je 1f
  mov si, offset font_8x14
  cmp al, 14
  je 1f
  mov si, offset font_8x8
1:
  push es
  push 0
  pop es
  mov es:[0x43 * 4], si
  mov es:[0x43 * 4 + 2], cs
  pop es
  mov bh, al
  mov cx, 256
  xor dx, dx
  mov ax, cs
// Loads CX characters of height BH from AX:SI into block BL, the first as number DX.
load_font:
  push es
  push ax
  push dx
  mov di, offset plane_access
  call write_pairs
  pop dx
  // Block BL is at (BL & 3) * 16 KiB + (BL >> 2) * 8 KiB.
  movzx ax, bl
  and al, 3
  shl ax, 14
  test bl, 4
  jz 1f
  add ax, 0x2000
1:
  shl dx, 5
  add dx, ax
  mov di, dx
  pop ax
  push 0xa000
  pop es
  push ds
  mov ds, ax
  jcxz 3f
2:
  push cx
  movzx cx, bh
  push di
  rep movsb
  pop di
  add di, 32
  pop cx
  loop 2b
3:
  pop ds
  mov di, offset text_access
  call write_pairs
  // The graphics controller's window is where the text is: B8000h, or B0000h.
  mov ax, 0x0e06
  cmp byte ptr [VIDEO_CRTC], 0xb4
  jne 4f
  mov ah, 0x0a
4:
  mov dx, 0x3ce
  out dx, ax
  pop es
  ret

// Writes words to ports from CS:DI on, pairs of port and value; port 0 ends them.
write_pairs:
  mov dx, cs:[di]
  test dx, dx
  jz 1f
  mov ax, cs:[di + 2]
  out dx, ax
  add di, 4
  jmp write_pairs
1:
  ret

// As many rows of AL lines as 400 lines have.
set_height:
  movzx bx, al
  mov [VIDEO_CELL_HEIGHT], bx
  mov ax, 400
  xor dx, dx
  div bx                              // AX: rows
  push ax
  dec ax
  mov [VIDEO_LAST_ROW], al
  mov dx, [VIDEO_CRTC]
  mov al, 9
  out dx, al
  inc dx
  in al, dx
  and al, 0xe0
  dec bx
  or al, bl                           // the last line of a cell
  out dx, al
  dec dx
  pop ax
  inc bx
  push ax
  mul bx
  dec ax                              // the last line shown; its ninth bit is 1 from 256 to 511
  mov dx, [VIDEO_CRTC]
  mov ah, al
  mov al, 0x12
  out dx, ax
  pop ax
  mul byte ptr [VIDEO_COLUMNS]
  add ax, ax
  add ax, 0x07ff                      // whole 2 KiB
  and ax, 0xf800
  mov [VIDEO_PAGE_SIZE], ax
  mov cx, [VIDEO_CURSOR_SHAPE]
  jmp shape_cursor

// 30h. BH: which. ES:BP: the font, CX: height of a cell, DL: the last row.
describe_font:
  mov cx, [VIDEO_CELL_HEIGHT]
  mov [bp + R_CX], cx
  mov al, [VIDEO_LAST_ROW]
  mov [bp + R_DL], al
  movzx bx, byte ptr [bp + R_BH]
  cmp bl, 7
  ja 2f
  push 0
  pop es
  cmp bl, 1
  ja 1f
  mov eax, es:[0x43 * 4]
  je 3f
  mov eax, es:[0x1f * 4]
3:
  mov [bp + R_BP], ax
  shr eax, 16
  mov [bp + R_ES], ax
  ret
1:
  add bx, bx
  mov ax, cs:[bx + fonts - 4]
  mov [bp + R_BP], ax
  mov [bp + R_ES], cs
2:
  ret

.section .rodata
fonts:
  .word font_8x14, font_8x8, font_8x8 + 128 * 8, font_8x14, font_8x16, font_8x16
// Only plane 2, at A0000h, one byte after the other.
plane_access:
  .word 0x3c4, 0x0402, 0x3c4, 0x0704, 0x3ce, 0x0204, 0x3ce, 0x0005, 0x3ce, 0x0406, 0
// Characters and colours take turns in planes 0 and 1.
text_access:
  .word 0x3c4, 0x0302, 0x3c4, 0x0204, 0x3ce, 0x0004, 0x3ce, 0x1005, 0
