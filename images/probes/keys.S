// INT 9 and INT 16h. The keyboard controller can be told what the keyboard is to have sent: so
// every key comes as it would, by interrupt 1, with nobody at the keyboard.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start

// Scan codes come from the keyboard.
.macro SEND codes:vararg
  call send_codes
  .byte \codes, 0
.endm

_start:
  TELL "KEYS"
  mov ah, 0x01
  int 0x16
  TELL "16h 01 empty Z=%Z"
  mov cx, 0x1e61
  mov ax, 0x05ff
  int 0x16
  TELL "16h 05 AL=%l"
  mov ah, 0x01
  int 0x16
  TELL "16h 01 Z=%Z AX=%a"
  mov ah, 0x11
  int 0x16
  TELL "16h 11 Z=%Z AX=%a"
  mov ah, 0x00
  int 0x16
  TELL "16h 00 AX=%a"
  call fill
  call table
  call shifts
  call extended
  call numbers
  call hooks
  FINISH

// The buffer has room for 15.
fill:
  mov bx, 0
1:
  mov cx, bx
  mov ah, 0x05
  int 0x16
  test al, al
  jnz 2f
  inc bx
  cmp bx, 40
  jb 1b
2:
  TELL "16h 05 full after %b AL=%l"
  mov bx, 0
3:
  mov ah, 0x01
  int 0x16
  jz 4f
  mov ah, 0x00
  int 0x16
  inc bx
  jmp 3b
4:
  TELL "16h 00 gave %b"
  push 0x40
  pop es
  mov ax, es:[0x80]
  mov bx, es:[0x82]
  TELL "buffer from %a to %b"
  push ds
  pop es
  ret

// Every key alone and with Shift, Control and Alt: 58h lines of four codes.
table:
  TELL "keys: code, alone, shift, control, alt"
  mov bl, 1
1:
  mov si, offset skipped
2:
  lodsb
  test al, al
  jz 3f
  cmp al, bl
  je 9f
  jmp 2b
3:
  call one
  push ax
  mov al, 0x2a
  call send
  call one
  pop cx
  push cx
  push ax
  mov al, 0xaa
  call send
  mov al, 0x1d
  call send
  call one
  push ax
  mov al, 0x9d
  call send
  mov al, 0x38
  call send
  call one
  push ax
  mov al, 0xb8
  call send
  call drain
  pop dx
  pop cx
  pop di
  pop ax
  mov [word_of_key], bl
  push bx
  mov si, [word_of_key]
  mov bx, di
  TELL "%s: %a %b %c %d"
  pop bx
9:
  inc bl
  cmp bl, 0x59
  jb 1b
  ret
word_of_key:
  .word 0
// The shift and lock keys; the keypad's digits, which make a number with Alt; what is no key.
skipped:
  .byte 0x1d, 0x2a, 0x36, 0x38, 0x3a, 0x45, 0x46, 0x54, 0x55
  .byte 0x47, 0x48, 0x49, 0x4b, 0x4c, 0x4d, 0x4f, 0x50, 0x51, 0x52, 0x53, 0

// Key BL down and up. AX: its code by 10h, 0 if there is none.
one:
  mov al, bl
  call send
  mov al, bl
  or al, 0x80
  call send
// AX: the next key, 0 if there is none.
take_key:
  mov ah, 0x11
  int 0x16
  mov ax, 0
  jz 1f
  mov ah, 0x10
  int 0x16
1:
  ret
drain:
  call take_key
  test ax, ax
  jnz drain
  ret

// AL comes from the keyboard, and is taken.
send:
  push ax
  push bx
  mov bl, al
1:
  in al, 0x64
  test al, 2
  jnz 1b
  mov al, 0xd2
  out 0x64, al
2:
  in al, 0x64
  test al, 2
  jnz 2b
  mov al, bl
  out 0x60, al
3:
  in al, 0x64                         // until INT 9 has read it
  test al, 1
  jnz 3b
  pop bx
  pop ax
  ret

// The codes behind the call, up to 0.
send_codes:
  pop si
1:
  lods al, byte ptr cs:[si]
  test al, al
  jz 2f
  call send
  jmp 1b
2:
  jmp si

.macro FLAGS text
  mov ah, 0x12
  int 0x16
  TELL "\text"
.endm
shifts:
  SEND 0x2a
  FLAGS "left shift %a"
  SEND 0xaa, 0x36
  FLAGS "right shift %a"
  SEND 0xb6, 0x1d
  FLAGS "left control %a"
  SEND 0x9d, 0xe0, 0x1d
  FLAGS "right control %a"
  SEND 0xe0, 0x9d, 0x38
  FLAGS "left alt %a"
  SEND 0xb8, 0xe0, 0x38
  FLAGS "right alt %a"
  SEND 0xe0, 0xb8, 0x3a
  FLAGS "caps held %a"
  SEND 0xba
  FLAGS "caps %a"
  mov ah, 0x02
  int 0x16
  TELL "16h 02 AL=%l"
  SEND 0x1e, 0x9e
  call take_key
  TELL "a with caps %a"
  SEND 0x2a, 0x1e, 0x9e, 0xaa
  call take_key
  TELL "a with caps and shift %a"
  SEND 0x02, 0x82
  call take_key
  TELL "1 with caps %a"
  SEND 0x3a, 0xba, 0x45, 0xc5
  FLAGS "num %a"
  SEND 0x47, 0xc7
  call take_key
  TELL "7 with num %a"
  SEND 0x2a, 0x47, 0xc7, 0xaa
  call take_key
  TELL "7 with num and shift %a"
  SEND 0x45, 0xc5
  SEND 0x47, 0xc7
  call take_key
  TELL "7 %a"
  SEND 0x46, 0xc6
  FLAGS "scroll %a"
  SEND 0x46, 0xc6
  SEND 0x52, 0xd2
  FLAGS "~ insert %a"
  call take_key
  SEND 0x52, 0xd2
  call take_key
  FLAGS "nothing %a"
  ret

.macro GREY text, code
  SEND 0xe0, \code, 0xe0, \code + 0x80
  mov ah, 0x11
  int 0x16
  push ax
  mov ah, 0x10
  int 0x16
  mov bx, ax
  SEND 0xe0, \code, 0xe0, \code + 0x80
  mov ah, 0x00
  int 0x16
  mov cx, ax
  SEND 0x1d, 0xe0, \code, 0xe0, \code + 0x80, 0x9d
  call take_key
  mov dx, ax
  SEND 0x38, 0xe0, \code, 0xe0, \code + 0x80, 0xb8
  call take_key
  mov si, ax
  pop ax
  TELL "\text"
.endm
extended:
  TELL "grey keys: 11h, 10h, 00h, control, alt"
  GREY "enter  %a %b %c %d %s", 0x1c
  GREY "slash  %a %b %c %d %s", 0x35
  GREY "home   %a %b %c %d %s", 0x47
  GREY "up     %a %b %c %d %s", 0x48
  GREY "page u %a %b %c %d %s", 0x49
  GREY "left   %a %b %c %d %s", 0x4b
  GREY "right  %a %b %c %d %s", 0x4d
  GREY "end    %a %b %c %d %s", 0x4f
  GREY "down   %a %b %c %d %s", 0x50
  GREY "page d %a %b %c %d %s", 0x51
  GREY "delete %a %b %c %d %s", 0x53
  SEND 0x57, 0xd7, 0x1e, 0x9e         // 00h does not know F11
  mov ah, 0x00
  int 0x16
  TELL "~ F11 by 00h: next is %a"
  call drain
  ret

numbers:
  SEND 0x38, 0x48, 0xc8, 0x4c, 0xcc, 0xb8
  call take_key
  TELL "~ alt 8 5 %a"
  call drain
  SEND 0xe0, 0x46, 0xe0, 0xc6
  push 0x40
  pop es
  mov al, es:[0x71]
  push ds
  pop es
  TELL "break flag %l"
  call take_key
  TELL "break %a"
  call drain
  ret

// A program in the keyboard's way: INT 15h, 4Fh exchanges a for b and swallows c; INT 9 counts.
hooks:
  mov ax, 0x3515
  int 0x21
  mov [old_15], bx
  mov [old_15 + 2], es
  mov dx, offset hook_15
  mov ax, 0x2515
  int 0x21
  mov ax, 0x3509
  int 0x21
  mov [old_9], bx
  mov [old_9 + 2], es
  mov dx, offset hook_9
  mov ax, 0x2509
  int 0x21
  push ds
  pop es
  SEND 0x1e, 0x9e
  call take_key
  TELL "4Fh: a becomes %a"
  SEND 0x2e, 0xae
  call take_key
  TELL "4Fh: c becomes %a"
  mov ax, [count]
  TELL "9h: %a codes"
  lds dx, [old_9]
  mov ax, 0x2509
  int 0x21
  push cs
  pop ds
  lds dx, [old_15]
  mov ax, 0x2515
  int 0x21
  push cs
  pop ds
  mov ax, 0x4f1e
  stc
  int 0x15
  TELL "15h 4F C=%C AL=%l"
  ret

hook_15:
  cmp ah, 0x4f
  jne 3f
  cmp al, 0x1e
  jne 1f
  mov al, 0x30
1:
  cmp al, 0x2e
  je 2f
  jmp 3f
2:
  push bp
  mov bp, sp
  and byte ptr [bp + 6], 0xfe
  pop bp
  iret
3:
  ljmp cs:[old_15]
hook_9:
  inc word ptr cs:[count]
  ljmp cs:[old_9]
old_15:
  .word 0, 0
old_9:
  .word 0, 0
count:
  .word 0
