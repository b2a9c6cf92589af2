// INT 10h: the cursor, and characters on the text screen. A cell is a word: the character, and its
// colours in the high byte.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
.text

// 01h. CH, CL: the cursor's first and last line; bit 5 of CH switches it off.
.globl set_cursor_shape
set_cursor_shape:
  mov cx, [bp + R_CX]
.globl shape_cursor
shape_cursor:
  mov [VIDEO_CURSOR_SHAPE], cx
  // Programs count eight lines, as the CGA had. In higher cells the last two belong underneath.
  test byte ptr [VIDEO_CONTROL], 1
  jnz 3f
  cmp byte ptr [VIDEO_CELL_HEIGHT], 8
  jbe 3f
  test ch, 0x20
  jnz 3f
  cmp ch, 8
  jae 3f
  cmp cl, 8
  jae 3f
  cmp cx, 0x0607
  je 1f
  add ch, ch
  shl cl, 1
  inc cl
  jmp 3f
1:
  mov cl, [VIDEO_CELL_HEIGHT]
  sub cl, 2
  mov ch, cl
  dec ch
3:
  mov ah, 0x0a
  jmp write_crtc_word

// 02h. BH: the page, DH, DL: row and column.
.globl set_cursor
set_cursor:
  mov bl, [bp + R_BH]
  mov dx, [bp + R_DX]
// The cursor of page BL to row DH, column DL.
move_cursor:
  and bx, 7
  mov al, bl
  add bx, bx
  mov [bx + VIDEO_CURSORS], dx
  cmp al, [VIDEO_PAGE]
  jne 1f
.globl show_cursor
show_cursor:
  movzx bx, byte ptr [VIDEO_PAGE]
  add bx, bx
  mov dx, [bx + VIDEO_CURSORS]
  mov al, [VIDEO_COLUMNS]
  mul dh
  mov cx, [VIDEO_START]
  shr cx, 1
  add cx, ax
  mov dh, 0
  add cx, dx
  mov ah, 0x0e
  jmp write_crtc_word
1:
  ret

// 03h. BH: the page. DX: row and column, CX: the cursor's shape.
.globl get_cursor
get_cursor:
  movzx bx, byte ptr [bp + R_BH]
  and bx, 7
  add bx, bx
  mov ax, [bx + VIDEO_CURSORS]
  mov [bp + R_DX], ax
  mov ax, [VIDEO_CURSOR_SHAPE]
  mov [bp + R_CX], ax
  ret

// ES:DI: the cell of row DH, column DL on page BL. Clobbers AX.
cell_address:
  push dx
  movzx ax, bl
  and al, 7
  push dx
  mul word ptr [VIDEO_PAGE_SIZE]
  pop dx
  mov di, ax
  mov al, [VIDEO_COLUMNS]
  mul dh
  mov dh, 0
  add ax, dx
  add ax, ax
  add di, ax
  pop dx
  jmp video_segment

// ES:DI: the cell under the cursor of the caller's page BH.
cell_at_cursor:
  movzx bx, byte ptr [bp + R_BH]
  and bx, 7
  push bx
  add bx, bx
  mov dx, [bx + VIDEO_CURSORS]
  pop bx
  jmp cell_address

// 08h. BH: the page. AL: the character under the cursor, AH: its colours.
.globl read_character
read_character:
  call cell_at_cursor
  mov ax, es:[di]
  mov [bp + R_AX], ax
  ret

// 09h. AL: a character, BL: its colours, CX: how often, from the cursor of page BH on.
.globl write_cells
write_cells:
  call cell_at_cursor
  mov al, [bp + R_AL]
  mov ah, [bp + R_BL]
  mov cx, [bp + R_CX]
  rep stosw
  ret

// 0Ah. The same, with the colours that are there.
.globl write_characters
write_characters:
  call cell_at_cursor
  mov al, [bp + R_AL]
  mov cx, [bp + R_CX]
  jcxz 2f
1:
  stosb
  inc di
  loop 1b
2:
  ret

// 0Eh. AL: a character for the page that is shown, as a teletype prints it.
.globl teletype
teletype:
  mov al, [bp + R_AL]
  mov bl, [VIDEO_PAGE]
  mov bh, 0                           // the colours stay
// Prints AL on page BL; BH = 1: with the colours AH. Clobbers all but BX, BP, SI.
print_character:
  push bx
  push ax
  movzx di, bl
  and di, 7
  add di, di
  mov dx, [di + VIDEO_CURSORS]
  cmp al, 7
  je bell
  cmp al, 8
  je backspace
  cmp al, 10
  je line_feed
  cmp al, 13
  je carriage_return
  push ax
  call cell_address
  pop ax
  stosb
  test bh, bh
  jz 1f
  mov es:[di], ah
1:
  inc dl
  cmp dl, [VIDEO_COLUMNS]
  jb printed
  mov dl, 0
line_feed:
  inc dh
  cmp dh, [VIDEO_LAST_ROW]
  jbe printed
  mov dh, [VIDEO_LAST_ROW]
  call scroll_screen
  jmp printed
carriage_return:
  mov dl, 0
  jmp printed
backspace:
  sub dl, 1
  jnc printed
  mov dl, 0
printed:
  call move_cursor
  pop ax
  pop bx
  ret
bell:
  call beep
  pop ax
  pop bx
  ret

// Moves page BL up by a row. The new one has the colours of the cell the cursor is at.
scroll_screen:
  push bx
  push dx
  call cell_address
  mov bh, es:[di + 1]
  xor cx, cx
  mov dh, [VIDEO_LAST_ROW]
  mov dl, [VIDEO_COLUMNS]
  dec dl
  mov ax, 0x0601
  call scroll_window
  pop dx
  pop bx
  ret

// 900 Hz for a tenth of a second.
beep:
  push cx
  mov al, 0xb6
  out 0x43, al
  mov ax, 1193182 / 900
  out 0x42, al
  mov al, ah
  out 0x42, al
  in al, 0x61
  mov ah, al
  or al, 3
  out 0x61, al
  mov cx, 6630                        // the refresh bit changes every 15.085 µs
  mov bl, 0
1:
  in al, 0x61
  and al, 0x10
  cmp al, bl
  je 1b
  mov bl, al
  loop 1b
  mov al, ah
  out 0x61, al
  pop cx
  ret

// 06h up, 07h down. AL: rows, 0 for all; BH: colours of the new ones; CX, DX: the window's upper
// left and lower right cell.
.globl scroll
scroll:
  mov ax, [bp + R_AX]
  mov bx, [bp + R_BX]
  mov bl, [VIDEO_PAGE]
  mov cx, [bp + R_CX]
  mov dx, [bp + R_DX]
// The same, of page BL.
scroll_window:
  cmp dh, [VIDEO_LAST_ROW]
  jbe 1f
  mov dh, [VIDEO_LAST_ROW]
1:
  cmp dl, [VIDEO_COLUMNS]
  jb 2f
  mov dl, [VIDEO_COLUMNS]
  dec dl
2:
  cmp ch, dh
  ja scrolled
  cmp cl, dl
  ja scrolled
  test al, al
  jnz 3f
  mov al, 255
3:
  sub dl, cl
  inc dl                              // DL: columns of the window
  cmp ah, 7
  je 5f
4:
  mov ah, ch                          // up: from the first row to the last
  call fill_row_up
  inc ch
  cmp ch, dh
  jbe 4b
scrolled:
  ret
5:
  mov ah, dh                          // down: from the last to the first
  call fill_row_down
  cmp dh, ch
  je scrolled
  dec dh
  jmp 5b

// Row AH of the window gets what is AL rows below it, or blanks if that is under row DH.
fill_row_up:
  push ax
  add al, ah
  jc fill_blank
  cmp al, dh
  ja fill_blank
  jmp fill_copy
// The same from AL rows above; blanks if that is over row CH.
fill_row_down:
  push ax
  xchg al, ah
  sub al, ah
  jc 1f
  cmp al, ch
  jb 1f
  mov ah, dh
  jmp fill_copy
1:
  mov ah, dh
fill_blank:
  push cx
  push dx
  call row_address
  movzx cx, dl
  mov al, ' '
  mov ah, bh
  rep stosw
  pop dx
  pop cx
  pop ax
  ret
// Row AL to row AH.
fill_copy:
  push cx
  push dx
  push ax
  mov ah, al
  call row_address
  mov si, di
  pop ax
  call row_address
  movzx cx, dl
  push ds
  push es
  pop ds
  rep movsw
  pop ds
  pop dx
  pop cx
  pop ax
  ret

// ES:DI: the cell in row AH, column CL of page BL. Clobbers AX.
row_address:
  push dx
  mov dh, ah
  mov dl, cl
  call cell_address
  pop dx
  ret

// 13h. ES:BP: text of CX characters for row DH, column DL of page BH. AL bit 0: move the cursor;
// bit 1: each character has its colours behind it, otherwise they are BL.
.globl write_string
write_string:
  mov si, [bp + R_BP]
  mov cx, [bp + R_CX]
  jcxz 3f
  movzx bx, byte ptr [bp + R_BH]
  and bx, 7
  mov di, bx
  add di, di
  push word ptr [di + VIDEO_CURSORS]
  push bx
  push cx
  mov dx, [bp + R_DX]
  call move_cursor
  pop cx
  pop bx
  mov bh, 1
1:
  push cx
  mov es, [bp + R_ES]
  mov ah, [bp + R_BL]
  lods al, byte ptr es:[si]
  test byte ptr [bp + R_AL], 2
  jz 2f
  mov ah, es:[si]
  inc si
2:
  call print_character
  pop cx
  loop 1b
  pop dx
  test byte ptr [bp + R_AL], 1
  jz move_cursor
3:
  ret
