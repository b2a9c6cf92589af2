// INT 10h in text modes. What it did is read back from the screen's memory.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start

// The video service that AX names; ES is the screen's memory.
.macro VIDEO
  int 0x10
.endm

_start:
  TELL "SCREEN"
  push 0xb800
  pop es
  call modes
  call cursor
  call cells
  call scrolling
  call teletype
  call strings
  call pages
  call colours
  call fonts
  call about
  mov ax, 0x0003
  int 0x10
  FINISH

.macro MODE number
  mov ax, 0x0000 + \number
  int 0x10
  mov ah, 0x0f
  int 0x10
  mov bl, 0
  push ds
  push 0x40
  pop ds
  mov cx, [0x4c]
  mov dx, [0x63]
  mov bl, [0x84]
  pop ds
  push es
  push bx
  push cx
  push dx
  push ax
  mov ax, 0x0003                      // the line itself always in the same mode
  int 0x10
  pop ax
  pop dx
  pop cx
  pop bx
  pop es
  TELL "10h 0F AX=%a page %k size %c crtc %d rows %j"
.endm
modes:
  MODE 0
  MODE 1
  MODE 2
  MODE 3
  MODE 7
  ret

cursor:
  mov ah, 0x02
  mov bh, 0
  mov dx, 0x0510
  int 0x10
  mov ah, 0x03
  mov bh, 0
  int 0x10
  TELL "10h 03 DX=%d CX=%c"
  mov ah, 0x01
  mov cx, 0x0007
  int 0x10
  mov ah, 0x03
  mov bh, 0
  int 0x10
  TELL "10h 01 CX=%c"
  mov ah, 0x01
  mov cx, 0x2000
  int 0x10
  mov ah, 0x03
  mov bh, 0
  int 0x10
  TELL "10h 01 off CX=%c"
  mov ah, 0x01
  mov cx, 0x0607
  int 0x10
  // The CRTC's cursor is where it should be.
  mov ah, 0x02
  mov bh, 0
  mov dx, 0x0203
  int 0x10
  mov dx, 0x3d4
  mov al, 0x0e
  out dx, al
  inc dx
  in al, dx
  mov ah, al
  dec dx
  mov al, 0x0f
  out dx, al
  inc dx
  in al, dx
  TELL "crtc cursor %a"
  ret

cells:
  call clear
  mov ax, 0x0941
  mov bx, 0x001e
  mov cx, 3
  int 0x10
  mov ax, es:[0]
  mov bx, es:[4]
  mov cx, es:[6]
  TELL "10h 09 %a %b %c"
  call home
  mov ax, 0x0a42
  mov bx, 0x0000
  mov cx, 2
  int 0x10
  mov ax, es:[0]
  mov bx, es:[2]
  mov cx, es:[4]
  TELL "10h 0A %a %b %c"
  call clear
  mov word ptr es:[0], 0x4f43
  mov ah, 0x08
  mov bh, 0
  int 0x10
  TELL "10h 08 AX=%a"
  ret

clear:
  mov ax, 0x0600
  mov bh, 0x07
  xor cx, cx
  mov dx, 0x184f
  int 0x10
home:
  mov ah, 0x02
  mov bh, 0
  xor dx, dx
  int 0x10
  ret

// Rows 0 to 24 begin with the letters from A on.
letters:
  call clear
  xor di, di
  mov ax, 0x0741
  mov cx, 25
1:
  mov es:[di], ax
  mov es:[di + 20], ax
  add di, 160
  inc ax
  loop 1b
  ret
.macro ROWS text
  mov ax, es:[2 * 160]
  mov bx, es:[3 * 160]
  mov cx, es:[9 * 160]
  mov dx, es:[10 * 160]
  mov si, es:[3 * 160 + 20]
  call clear
  TELL "\text"
.endm
scrolling:
  call letters
  mov ax, 0x0601
  mov bh, 0x1f
  mov cx, 0x0300
  mov dx, 0x0905
  int 0x10
  ROWS "10h 06 one   %a %b %c %d %s"
  call letters
  mov ax, 0x0702
  mov bh, 0x2f
  mov cx, 0x0300
  mov dx, 0x0905
  int 0x10
  ROWS "10h 07 two   %a %b %c %d %s"
  call letters
  mov ax, 0x0700
  mov bh, 0x3f
  mov cx, 0x0300
  mov dx, 0x0905
  int 0x10
  ROWS "10h 07 all   %a %b %c %d %s"
  call letters
  mov ax, 0x0614
  mov bh, 0x4f
  mov cx, 0x0300
  mov dx, 0x0905
  int 0x10
  ROWS "10h 06 more  %a %b %c %d %s"
  ret

teletype:
  call clear
  mov si, offset mixed
1:
  lodsb
  test al, al
  jz 2f
  mov ah, 0x0e
  mov bx, 0x0007
  int 0x10
  jmp 1b
2:
  mov ah, 0x03
  mov bh, 0
  int 0x10
  mov ax, es:[0]
  mov bx, es:[2]
  mov cx, es:[160]
  TELL "10h 0E %a %b %c at %d"
  call letters
  mov ah, 0x02
  mov bh, 0
  mov dx, 0x184f
  int 0x10
  mov ax, 0x0e7a
  mov bx, 0x0007
  int 0x10
  mov ah, 0x03
  mov bh, 0
  int 0x10
  mov ax, es:[0]
  mov bx, es:[23 * 160 + 158]
  mov cx, es:[24 * 160]
  call clear
  TELL "10h 0E last cell %a %b %c at %d"
  ret
mixed:
  .asciz "ab\bc\r\nd"

.macro STRING mode, length, what, text
  call clear
  push es
  push ds
  pop es
  mov ax, 0x1300 + \mode
  mov bx, 0x002a
  mov cx, \length
  mov dx, 0x0104
  mov bp, offset \what
  int 0x10
  pop es
  mov ah, 0x03
  mov bh, 0
  int 0x10
  mov ax, es:[160 + 8]
  mov bx, es:[160 + 10]
  mov cx, es:[160 + 12]
  TELL "\text"
.endm
strings:
  STRING 0, 3, plain, "10h 1300 %a %b %c at %d"
  STRING 1, 3, plain, "10h 1301 %a %b %c at %d"
  STRING 2, 2, coloured, "10h 1302 %a %b %c at %d"
  STRING 3, 2, coloured, "10h 1303 %a %b %c at %d"
  ret
plain:
  .ascii "xyz"
coloured:
  .ascii "x\x11y\x22"

pages:
  call clear
  mov ax, 0x0501
  int 0x10
  mov ah, 0x0f
  int 0x10
  mov ah, 0x02
  mov dx, 0x0305
  mov bh, 1
  int 0x10
  mov ax, 0x0e50
  mov bx, 0x0107
  int 0x10
  mov ah, 0x03
  mov bh, 1
  int 0x10
  mov ax, es:[4096 + 3 * 160 + 10]
  push ds
  push 0x40
  pop ds
  mov bl, [0x62]
  mov cx, [0x4e]
  pop ds
  push ax
  mov ax, 0x0500
  int 0x10
  pop ax
  TELL "10h 05 %l at %d page %j start %c"
  ret

colours:
  mov ax, 0x1003                      // bright backgrounds, and blinking again
  mov bl, 0
  int 0x10
  mov ax, 0x1007
  mov bx, 0x0010
  int 0x10
  TELL "10h 1003 off mode %k"
  mov ax, 0x1003
  mov bl, 1
  int 0x10
  mov ax, 0x1007
  mov bx, 0x0010
  int 0x10
  TELL "10h 1003 on  mode %k"
  mov ax, 0x1000
  mov bx, 0x3a02
  int 0x10
  mov ax, 0x1007
  mov bx, 0x0002
  int 0x10
  TELL "10h 1007 %k"
  mov ax, 0x1001
  mov bx, 0x0500
  int 0x10
  mov ax, 0x1008
  mov bx, 0
  int 0x10
  TELL "10h 1008 %k"
  mov ax, 0x1010
  mov bx, 0x0021
  mov dx, 0x1000
  mov cx, 0x2030
  int 0x10
  mov ax, 0x1015
  mov bx, 0x0021
  xor cx, cx
  xor dx, dx
  int 0x10
  TELL "10h 1015 %y %v %w"
  push es
  push ds
  pop es
  mov dx, offset registers
  mov ax, 0x1009
  int 0x10
  mov dx, offset block
  mov bx, 1
  mov cx, 2
  mov ax, 0x1017
  int 0x10
  pop es
  mov al, [registers + 16]
  TELL "10h 1009 border %l"
  mov ax, [registers]
  mov bx, [registers + 6]
  TELL "~ registers %a %b"
  mov ax, [block]
  mov bx, [block + 2]
  mov cx, [block + 4]
  TELL "10h 1017 %a %b %c"
  mov ax, 0x0003
  int 0x10
  ret

.macro FONT code, text
  mov ax, \code
  mov bl, 0
  int 0x10
  push es
  mov ax, 0x1130
  mov bh, 0
  xor cx, cx
  xor dx, dx
  int 0x10
  pop es
  push ds
  push 0x40
  pop ds
  mov bx, [0x4c]
  mov al, [0x84]
  pop ds
  push dx
  push cx
  push ax
  mov dx, 0x3d4
  mov al, 0x09
  out dx, al
  inc dx
  in al, dx
  and al, 0x1f
  mov cl, al
  dec dx
  mov al, 0x12
  out dx, al
  inc dx
  in al, dx
  mov ch, al
  mov si, cx
  pop ax
  pop cx
  pop dx
  TELL "\text"
  TELL "~ crtc %s"
.endm
fonts:
  FONT 0x1112, "10h 1112 height %w rows %u %l page %b"
  FONT 0x1111, "10h 1111 height %w rows %u %l page %b"
  FONT 0x1114, "10h 1114 height %w rows %u %l page %b"
  mov ax, 0x0003
  int 0x10
  ret

about:
  mov ax, 0x1a00
  xor bx, bx
  int 0x10
  TELL "10h 1A00 AL=%l BX=%b"
  mov ah, 0x12
  mov bx, 0xff10
  int 0x10
  TELL "10h 12 BX=%b"
  push es
  push ds
  pop es
  mov di, offset state
  mov ax, 0x1b00
  xor bx, bx
  int 0x10
  pop es
  mov bl, [state + 4]
  mov cx, [state + 5]
  mov dl, [state + 0x22]
  TELL "10h 1B AL=%l mode %j columns %c"
  TELL "~ rows %u"
  ret

registers:
  .fill 18
block:
  .fill 6
state:
  .fill 64
