// INT 10h: colours. An attribute's four bits choose one of 16 palette registers; its six bits
// choose one of the DAC's colours, which have six bits each of red, green and blue.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
.text

// The DAC's first 64 colours: bits 0 to 2 are blue, green and red at two thirds, bits 3 to 5 at one
// third.
.globl standard_palette
standard_palette:
  mov dx, 0x3c6
  mov al, 0xff
  out dx, al
  mov dx, 0x3c8
  mov al, 0
  out dx, al
  inc dx
  mov bx, 0
1:
  mov cl, 2                           // red, green, blue
2:
  mov al, 0
  bt bx, cx
  jnc 3f
  mov al, 0x2a
3:
  add cl, 3
  bt bx, cx
  jnc 4f
  add al, 0x15
4:
  out dx, al
  sub cl, 4
  jns 2b
  inc bx
  cmp bx, 64
  jb 1b
  ret

// 0Bh, BH = 0. BL: the border's colour. Palettes of CGA graphics, BH = 1, are not there.
.globl set_colours
set_colours:
  cmp byte ptr [bp + R_BH], 0
  jne 1f
  mov ah, [bp + R_BL]
  mov al, 0x11
  jmp write_attribute
1:
  ret

// 10h.
.globl palette_services
palette_services:
  movzx bx, al
  cmp al, 0x1a
  ja 1f
  add bx, bx
  jmp word ptr cs:[bx + services]
1:
  ret

.section .rodata
services:
  .word set_register, set_border, set_registers, set_blinking
  .word nothing, nothing, nothing, get_register
  .word get_border, get_registers, nothing, nothing
  .word nothing, nothing, nothing, nothing
  .word set_colour, nothing, set_block, set_colour_page
  .word nothing, get_colour, nothing, get_block
  .word set_mask, get_mask, get_colour_page
.text

// AH into the attribute register AL. Clobbers DX.
write_attribute:
  push ax
  call attribute_index
  pop ax
  push ax
  out dx, al
  mov al, ah
  out dx, al
show:
  mov al, 0x20                        // the palette belongs to the screen again
  out dx, al
  pop ax
  ret

// The attribute register AL into AH. Clobbers DX.
read_attribute:
  push ax
  call attribute_index
  pop ax
  out dx, al
  inc dx
  push ax
  in al, dx
  mov ah, al
  call attribute_index
  mov al, 0x20
  out dx, al
  mov dh, ah
  pop ax
  mov ah, dh
  ret

// Makes 3C0h expect an index. DX: 3C0h. Clobbers AL.
attribute_index:
  mov dx, [VIDEO_CRTC]
  add dl, 6
  in al, dx
  mov dx, 0x3c0
  ret

set_register:                         // 00h. BL: register, BH: its value
  mov al, [bp + R_BL]
  mov ah, [bp + R_BH]
  cmp al, 0x14
  jbe write_attribute
  ret
set_border:                           // 01h. BH
  mov al, 0x11
  mov ah, [bp + R_BH]
  jmp write_attribute
set_registers:                        // 02h. ES:DX: sixteen registers and the border
  mov si, [bp + R_DX]
  mov bl, 0
1:
  mov ah, es:[si]
  mov al, bl
  call write_attribute
  inc si
  inc bl
  cmp bl, 16
  jb 1b
  mov al, 0x11
  mov ah, es:[si]
  jmp write_attribute
set_blinking:                         // 03h. BL = 1: bit 7 blinks; 0: it is a bright background
  mov al, 0x10
  call read_attribute
  and ah, 0xf7
  and byte ptr [VIDEO_MODE_SELECT], 0xdf
  test byte ptr [bp + R_BL], 1
  jz write_attribute
  or ah, 0x08
  or byte ptr [VIDEO_MODE_SELECT], 0x20
  jmp write_attribute
get_register:                         // 07h. BL: register; BH
  mov al, [bp + R_BL]
  cmp al, 0x14
  ja 2f
  call read_attribute
  mov [bp + R_BH], ah
2:
  ret
get_border:                           // 08h. BH
  mov al, 0x11
  call read_attribute
  mov [bp + R_BH], ah
  ret
get_registers:                        // 09h. ES:DX: 17 bytes
  mov di, [bp + R_DX]
  mov bl, 0
3:
  mov al, bl
  call read_attribute
  mov al, ah
  stosb
  inc bl
  cmp bl, 16
  jb 3b
  mov al, 0x11
  call read_attribute
  mov al, ah
  stosb
  ret

set_colour:                           // 10h. BX: number; DH, CH, CL: red, green, blue
  mov dx, 0x3c8
  mov al, [bp + R_BL]
  out dx, al
  inc dx
  mov al, [bp + R_DH]
  out dx, al
  mov al, [bp + R_CH]
  out dx, al
  mov al, [bp + R_CL]
  out dx, al
  ret
get_colour:                           // 15h. BL: number; DH, CH, CL
  mov dx, 0x3c7
  mov al, [bp + R_BL]
  out dx, al
  add dx, 2
  in al, dx
  mov [bp + R_DH], al
  in al, dx
  mov [bp + R_CH], al
  in al, dx
  mov [bp + R_CL], al
  ret
set_block:                            // 12h. BX: first, CX: count, ES:DX: colours
  mov dx, 0x3c8
  mov al, [bp + R_BL]
  out dx, al
  inc dx
  mov si, [bp + R_DX]
  call three_times_count
  push ds
  push es
  pop ds
  rep outsb
  pop ds
  ret
get_block:                            // 17h. The same, read
  mov dx, 0x3c7
  mov al, [bp + R_BL]
  out dx, al
  add dx, 2
  mov di, [bp + R_DX]
  call three_times_count
  rep insb
  ret
three_times_count:
  mov cx, [bp + R_CX]
  add cx, [bp + R_CX]
  add cx, [bp + R_CX]
  ret
set_mask:                             // 18h. BL
  mov dx, 0x3c6
  mov al, [bp + R_BL]
  out dx, al
  ret
get_mask:                             // 19h. BL
  mov dx, 0x3c6
  in al, dx
  mov [bp + R_BL], al
  ret

// 13h. BL = 0: pages of 64 colours (BH = 0) or 16 (BH = 1); BL = 1: page BH.
set_colour_page:
  mov al, 0x10
  call read_attribute
  mov bx, [bp + R_BX]
  test bl, bl
  jnz 4f
  and ah, 0x7f
  shl bh, 7
  or ah, bh
  jmp write_attribute
4:
  test ah, 0x80
  mov ah, bh
  jnz 5f
  shl ah, 2
5:
  mov al, 0x14
  jmp write_attribute
// 1Ah. BL: 0 pages of 64, 1 pages of 16; BH: the page.
get_colour_page:
  mov al, 0x10
  call read_attribute
  mov bl, ah
  mov al, 0x14
  call read_attribute
  shr bl, 7
  jnz 6f
  shr ah, 2
6:
  mov bh, ah
  mov [bp + R_BX], bx
  ret
