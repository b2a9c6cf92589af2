// INT 10h: modes and pages. A mode is a set of register values; the tables have them in the order
// in which they are written.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
.text

// 00h. AL: the mode; bit 7: leave what is on the screen. Other modes than these are not there.
.globl set_mode
set_mode:
  mov al, [bp + R_AL]
  and al, 0x7f
  mov si, offset mode_text_80
  cmp al, 7
  je 1f
  cmp al, 3
  ja no_mode
  cmp al, 2
  jae 2f
  mov si, offset mode_text_40
  jmp 2f
1:
  mov si, offset mode_monochrome
2:
  mov [VIDEO_MODE], al
  mov al, [bp + R_AL]                 // bit 7 stays visible in bit 7 here
  and al, 0x80
  and byte ptr [VIDEO_CONTROL], 0x7f
  or [VIDEO_CONTROL], al

  mov word ptr [VIDEO_CELL_HEIGHT], 16
  mov byte ptr [VIDEO_LAST_ROW], 24
  mov word ptr [VIDEO_CRTC], 0x3d4
  cmp byte ptr [VIDEO_MODE], 7
  jne 3f
  mov byte ptr [VIDEO_CRTC], 0xb4
3:
  movzx ax, byte ptr cs:[si]
  mov [VIDEO_COLUMNS], ax
  mov ax, cs:[si + 1]
  mov [VIDEO_PAGE_SIZE], ax
  mov al, cs:[si + 3]
  mov [VIDEO_MODE_SELECT], al
  mov byte ptr [VIDEO_PALETTE], 0x30
  add si, 4
  call program_registers
  call standard_palette
  mov bl, 0
  mov al, 16
  call load_standard_font
  test byte ptr [VIDEO_CONTROL], 0x80
  jnz 4f
  call video_segment
  xor di, di
  mov ax, 0x0720
  mov cx, 0x4000
  rep stosw
4:
  push ds
  pop es
  mov di, VIDEO_CURSORS
  xor ax, ax
  mov cx, 8
  rep stosw
  mov [VIDEO_START], ax
  mov [VIDEO_PAGE], al
  mov cx, 0x0607
  call shape_cursor
  call show_page
  mov dx, 0x3c0                       // let the palette go on the screen
  mov al, 0x20
  out dx, al
  mov byte ptr [bp + R_AL], 0x30
no_mode:
  ret

// Writes the registers from CS:SI on: miscellaneous, sequencer, CRTC, attributes, graphics.
program_registers:
  mov dx, 0x3c4
  mov ax, 0x0100                      // hold the sequencer while the clock changes
  out dx, ax
  mov dx, 0x3c2
  lods al, byte ptr cs:[si]
  out dx, al
  mov dx, 0x3c4
  mov cx, 4
  mov ah, 1
  call write_indexed
  mov ax, 0x0300                      // and go
  out dx, ax
  mov dx, [VIDEO_CRTC]
  mov ax, 0x0011                      // registers 0 to 7 are protected by bit 7 of register 11h
  out dx, ax
  mov cx, 25
  mov ah, 0
  call write_indexed
  add dl, 6                           // reading the status makes 3C0h expect an index
  in al, dx
  mov dx, 0x3c0
  mov ah, 0
1:
  mov al, ah
  out dx, al
  lods al, byte ptr cs:[si]
  out dx, al
  inc ah
  cmp ah, 20
  jb 1b
  mov al, 0x14
  out dx, al
  mov al, 0
  out dx, al
  mov dx, 0x3ce
  mov cx, 9
  mov ah, 0
// CX values from CS:SI into the registers AH, AH + 1, … behind port DX.
write_indexed:
  mov al, ah
  mov bl, ah
  mov ah, cs:[si]
  out dx, ax
  mov ah, bl
  inc ah
  inc si
  loop write_indexed
  ret

// 05h. AL: the page to show.
.globl set_page
set_page:
  mov al, [bp + R_AL]
  cmp al, 8
  jae 1f
  mov [VIDEO_PAGE], al
  movzx ax, al
  mul word ptr [VIDEO_PAGE_SIZE]
  mov [VIDEO_START], ax
// Where the picture begins, and its cursor.
.globl show_page
show_page:
  mov cx, [VIDEO_START]
  shr cx, 1
  mov ah, 0x0c
  call write_crtc_word
  jmp show_cursor
1:
  ret

// CX into the CRTC's registers AH and AH + 1.
.globl write_crtc_word
write_crtc_word:
  mov dx, [VIDEO_CRTC]
  mov al, ah
  mov ah, ch
  out dx, ax
  inc al
  mov ah, cl
  out dx, ax
  ret

// 0Fh. AH: columns, AL: the mode, BH: the page.
.globl get_mode
get_mode:
  mov al, [VIDEO_CONTROL]
  and al, 0x80
  or al, [VIDEO_MODE]
  mov ah, [VIDEO_COLUMNS]
  mov [bp + R_AX], ax
  mov al, [VIDEO_PAGE]
  mov [bp + R_BH], al
  ret

// ES: where the text is: B800h, or B000h with the ports of a monochrome adapter.
.globl video_segment
video_segment:
  push 0xb800
  pop es
  cmp byte ptr [VIDEO_CRTC], 0xb4
  jne 1f
  push 0xb000
  pop es
1:
  ret

.section .rodata
// Columns, bytes of a page, the CGA's mode register as programs expect it, then the registers.
// 720 by 400 dots in cells of 9 by 16.
mode_text_80:
  .byte 80
  .word 0x1000
  .byte 0x29
  .byte 0x67
  .byte 0x00, 0x03, 0x00, 0x02
  .byte 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00
  .byte 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff
  .byte 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d
  .byte 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08
  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff
// The same in 40 columns: half the dots, each as long as two.
mode_text_40:
  .byte 40
  .word 0x0800
  .byte 0x28
  .byte 0x67
  .byte 0x08, 0x03, 0x00, 0x02
  .byte 0x2d, 0x27, 0x28, 0x90, 0x2b, 0xa0, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00
  .byte 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x14, 0x1f, 0x96, 0xb9, 0xa3, 0xff
  .byte 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3a, 0x3b, 0x3c, 0x3d
  .byte 0x3e, 0x3f, 0x0c, 0x00, 0x0f, 0x08
  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0e, 0x00, 0xff
// At B0000h with ports 3B4h and 3BAh; colours are dim, normal, bright and underlined.
mode_monochrome:
  .byte 80
  .word 0x1000
  .byte 0x29
  .byte 0x66
  .byte 0x00, 0x03, 0x00, 0x02
  .byte 0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00, 0x4f, 0x0d, 0x0e, 0x00
  .byte 0x00, 0x00, 0x00, 0x9c, 0x8e, 0x8f, 0x28, 0x0f, 0x96, 0xb9, 0xa3, 0xff
  .byte 0x00, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x08, 0x10, 0x18, 0x18, 0x18, 0x18, 0x18
  .byte 0x18, 0x18, 0x0e, 0x00, 0x0f, 0x08
  .byte 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0a, 0x00, 0xff
