// The VGA's own ROM, at C000:0000: its header, its start, and the door to INT 10h. The BIOS finds
// it by the mark 55 AA while it looks for ROMs, and calls offset 3.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
.section .header, "ax"
  .byte 0x55, 0xaa
  .byte ROM_SIZE / 512
  jmp initialize
  .org 0x1e                           // where programs look for the word IBM, or it is no VGA
  .asciz "IBM compatible: Ringside VGA BIOS"

.text
// Called far by the BIOS, with interrupts off.
initialize:
  pushad
  push ds
  push es
  push 0
  pop es
  mov word ptr es:[0x10 * 4], offset interrupt_10
  mov es:[0x10 * 4 + 2], cs
  mov word ptr es:[0x1f * 4], offset font_8x8 + 128 * 8
  mov es:[0x1f * 4 + 2], cs
  push BDA
  pop ds
  and byte ptr [EQUIPMENT], 0xcf      // 80 columns in colour
  or byte ptr [EQUIPMENT], 0x20
  mov byte ptr [VIDEO_CONTROL], 0x60  // 256 KiB; the cursor's shape is translated
  mov byte ptr [VIDEO_SWITCHES], 0xf9
  mov byte ptr [VIDEO_FLAGS], 0x11    // 400 lines, VGA
  mov byte ptr [VIDEO_DISPLAY], 0x0b  // entry 11 of display combinations: VGA, colour
  mov word ptr [VIDEO_SAVE_AREA], offset save_pointers
  mov [VIDEO_SAVE_AREA + 2], cs
  mov dx, 0x3c3                       // wake the adapter
  mov al, 1
  out dx, al
  mov ax, 0x0003
  int 0x10
  pop es
  pop ds
  popad
  FAR_RETURN

interrupt_10:
  sti
  ENTER
  DISPATCH services, 0x1c
  LEAVE

services:
  .word set_mode, set_cursor_shape, set_cursor, get_cursor
  .word read_light_pen, set_page, scroll, scroll
  .word read_character, write_cells, write_characters, set_colours
  .word nothing, nothing, teletype, get_mode
  .word palette_services, font_services, alternate_services, write_string
  .word nothing, nothing, nothing, nothing
  .word nothing, nothing, display_combination, describe_state

.globl nothing
nothing:
  ret

// 04h: there is no light pen.
read_light_pen:
  mov byte ptr [bp + R_AH], 0
  ret

// 12h. BL = 10h: what there is. BL = 34h: whether the cursor's shape is translated.
alternate_services:
  mov bx, [bp + R_BX]
  cmp bl, 0x10
  je describe_memory
  cmp bl, 0x34
  je translate_cursor
  ret
describe_memory:
  mov bx, 0x0003                      // colour, 256 KiB
  cmp byte ptr [VIDEO_CRTC], 0xb4
  jne 1f
  mov bh, 1
1:
  mov [bp + R_BX], bx
  movzx cx, byte ptr [VIDEO_SWITCHES]
  and cl, 0x0f
  mov [bp + R_CX], cx
  ret
translate_cursor:
  and byte ptr [VIDEO_CONTROL], 0xfe
  and al, 1
  or [VIDEO_CONTROL], al
  mov byte ptr [bp + R_AL], 0x12
  ret

// 1Ah: what displays are there. Only asking: they cannot be exchanged.
display_combination:
  cmp al, 0
  jne 1f
  mov byte ptr [bp + R_AL], 0x1a
  mov word ptr [bp + R_BX], 0x0008    // a VGA with a colour monitor, and no second one
1:
  ret

// 1Bh, BX = 0: the state, 64 bytes to ES:DI.
describe_state:
  cmp word ptr [bp + R_BX], 0
  jne 1f
  les di, [bp + R_DI]
  mov es, [bp + R_ES]
  mov ax, offset functionality
  stosw
  mov ax, cs
  stosw
  mov si, VIDEO_MODE                  // as the data area has it
  mov cx, VIDEO_PALETTE + 1 - VIDEO_MODE
  rep movsb
  mov al, [VIDEO_LAST_ROW]
  inc al
  stosb
  mov ax, [VIDEO_CELL_HEIGHT]
  stosw
  mov al, 0x08
  stosb
  mov al, 0
  stosb
  mov ax, 16                          // colours
  stosw
  mov al, 8                           // pages
  stosb
  mov al, 2                           // 400 lines
  stosb
  xor ax, ax                          // font blocks
  stosw
  mov al, 0x01                        // all modes on all monitors; no palette of greys
  stosb
  xor ax, ax
  stosw
  stosb
  mov al, 3                           // 256 KiB
  stosb
  mov al, 0
  mov cx, 13
  rep stosb
  mov byte ptr [bp + R_AL], 0x1b
1:
  ret

.section .rodata
functionality:
  .long 0x8f                          // modes 0 to 3 and 7
  .byte 0, 0, 0
  .byte 0x04                          // 400 lines
  .byte 1, 1                          // font blocks, fonts at a time
  .word 0x0405                        // palette, fonts, cursor translation
  .word 0, 0
  .byte 0, 0
save_pointers:
  .long 0, 0, 0, 0, 0, 0, 0
