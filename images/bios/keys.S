// INT 16h: what was typed; and the keyboard controller's start.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

.globl interrupt_16
interrupt_16:
  sti
  ENTER
  DISPATCH services, 0x13
  LEAVE

.section .rodata
services:
  .word read_key, peek_key, shift_flags, set_typing_rate
  .word nothing, push_key, nothing, nothing
  .word nothing, describe_services, identify_keyboard, nothing
  .word nothing, nothing, nothing, nothing
  .word read_enhanced_key, peek_enhanced_key, enhanced_shift_flags
.text

.globl nothing
nothing:
  ret

// 10h: waits for a key. AX: its code.
read_enhanced_key:
  cli
  call next_key
  jnz 1f
  sti                                 // no interrupt comes between this and the HLT
  hlt
  jmp read_enhanced_key
1:
  call remove_key
  sti
  mov [bp + R_AX], ax
  ret

// 00h: the same; the keys of later keyboards look like the older ones or are left out.
read_key:
  call read_enhanced_key
  call old_code
  jc read_key
  mov [bp + R_AX], ax
  ret

// 11h: ZF = 1 if there is no key; else AX is its code, and it stays.
peek_enhanced_key:
  cli
  call next_key
  sti
  jz no_key
  jmp have_key
// 01h: the same, with codes as by 00h.
peek_key:
  cli
  call next_key
  jz 1f
  call old_code
  jnc 2f
  call remove_key
  jmp peek_key
1:
  sti
no_key:
  or byte ptr [bp + R_FLAGS], FLAG_ZERO
  ret
2:
  sti
have_key:
  mov [bp + R_AX], ax
  and byte ptr [bp + R_FLAGS], ~FLAG_ZERO
  ret

// The next key in AX; ZF = 1 if there is none.
next_key:
  mov bx, [KEY_HEAD]
  mov ax, [bx]
  cmp bx, [KEY_TAIL]
  ret

// Takes the next key out of the buffer.
remove_key:
  mov bx, [KEY_HEAD]
  add bx, 2
  cmp bx, [KEY_END]
  jb 1f
  mov bx, [KEY_START]
1:
  mov [KEY_HEAD], bx
  ret

// AX as a keyboard of 84 keys would have it; CF = 1 if it had no such key.
old_code:
  cmp ah, 0xe0                        // the keypad's Enter and /
  je 2f
  cmp ah, 0x84
  ja 3f
  cmp al, 0xe0
  jne 1f
  test ah, ah                         // 00E0h is a character typed with Alt
  jz 1f
  mov al, 0
1:
  clc
  ret
2:
  mov ah, 0x1c
  cmp al, '/'
  jne 1b
  mov ah, 0x35
  clc
  ret
3:
  stc
  ret

// 02h. AL: the shift keys and locks.
shift_flags:
  mov al, [SHIFT_FLAGS]
  mov [bp + R_AL], al
  ret

// 12h. AL: the same; AH: which of them are down.
enhanced_shift_flags:
  mov al, [SHIFT_FLAGS]
  mov ah, [SHIFT_KEYS]
  and ah, 0x73
  test byte ptr [SHIFT_KEYS], 0x04    // SysRq
  jz 1f
  or ah, 0x80
1:
  mov bl, [KEY_MODE]                  // right Control and Alt
  and bl, 0x0c
  or ah, bl
  mov [bp + R_AX], ax
  ret

// 03h, AL = 05h. BH: delay, BL: rate.
set_typing_rate:
  cmp al, 5
  jne 1f
  mov al, 0xf3
  call ask_keyboard
  jc 1f
  mov al, [bp + R_BH]
  shl al, 5
  or al, [bp + R_BL]
  and al, 0x7f
  call ask_keyboard
1:
  ret

// 05h. CX: a code for the buffer. AL: 1 if it is full.
push_key:
  cli
  mov ax, [bp + R_CX]
  call store_key
  sti
  setc al
  mov [bp + R_AL], al
  ret

// 09h. AL: that 0305h, 0Ah and 10h to 12h are there.
describe_services:
  mov byte ptr [bp + R_AL], 0x34
  ret

// 0Ah. BX: the keyboard's number.
identify_keyboard:
  pushf
  cli
  mov al, 0xf2
  call ask_keyboard
  mov word ptr [bp + R_BX], 0
  jc 1f
  call keyboard_byte
  jc 1f
  mov [bp + R_BL], al
  call keyboard_byte
  jc 1f
  mov [bp + R_BH], al
1:
  popf
  ret

// Sends AL to the keyboard and waits for its answer. CF = 1: there was none, or not FAh.
.globl ask_keyboard
ask_keyboard:
  pushf
  cli                                 // the answer is not for INT 9
  call controller_ready
  out 0x60, al
  call keyboard_byte
  jc 1f
  cmp al, 0xfa
  jne 1f
  popf
  clc
  ret
1:
  popf
  stc
  ret

// AL: the next byte from the keyboard or its controller; CF = 1: none in half a second.
.globl keyboard_byte
keyboard_byte:
  mov cx, 33000
1:
  in al, 0x64
  test al, 1
  jnz 2f
  push cx
  mov cx, 1
  call delay
  pop cx
  loop 1b
  stc
  ret
2:
  in al, 0x60
  clc
  ret

// Waits until the controller takes a byte.
controller_ready:
  push ax
  push cx
  mov cx, 0
1:
  in al, 0x64
  test al, 2
  loopnz 1b
  pop cx
  pop ax
  ret

// Tests the controller and resets the keyboard.
.globl start_keyboard
start_keyboard:
  call controller_ready
  mov al, 0xad                        // no keys now
  out 0x64, al
1:
  in al, 0x64                         // nothing from before
  test al, 1
  jz 2f
  in al, 0x60
  jmp 1b
2:
  call controller_ready
  mov al, 0xaa                        // self-test
  out 0x64, al
  call keyboard_byte
  jc 3f
  cmp al, 0x55
  jne 3f
  call controller_ready
  mov al, 0x60                        // configuration: translate, interrupt later
  out 0x64, al
  call controller_ready
  mov al, 0x64
  out 0x60, al
  mov al, 0xff                        // reset: the keyboard tests itself
  call ask_keyboard
  jc 3f
  call keyboard_byte
  jc 3f
  cmp al, 0xaa
  jne 3f
  mov al, 0xf4
  call ask_keyboard
  call controller_ready
  mov al, 0x60
  out 0x64, al
  call controller_ready
  mov al, 0x65                        // with interrupt
  out 0x60, al
  mov byte ptr [KEY_MODE], 0x10       // a keyboard with 101 keys
  ret
3:
  PRINT missing
  ret

.section .rodata
missing:
  .asciz "The keyboard does not answer\r\n"
