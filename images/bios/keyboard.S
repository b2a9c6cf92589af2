// INT 9: a key went down or up. The controller has translated it to scan code set 1; here it
// becomes a character and its scan code, and goes into the buffer of the data area.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// SHIFT_FLAGS
#define SHIFT_RIGHT 0x01
#define SHIFT_LEFT 0x02
#define SHIFT_CONTROL 0x04
#define SHIFT_ALT 0x08
#define SHIFT_SCROLL 0x10
#define SHIFT_NUMBERS 0x20
#define SHIFT_CAPITALS 0x40
#define SHIFT_INSERT 0x80
// SHIFT_KEYS
#define PAUSED 0x08
// KEY_MODE
#define AFTER_E1 0x01
#define AFTER_E0 0x02
#define RIGHT_CONTROL 0x04
#define RIGHT_ALT 0x08
#define ENHANCED 0x10

.globl interrupt_09
interrupt_09:
  ENTER
  in al, 0x60
  mov ah, 0x4f                        // a program may take the code or exchange it: INT 15h
  stc
  int 0x15
  jnc 1f
  call take_code
1:
  mov al, 0x20
  out 0x20, al
  LEAVE

// A scan code in AL.
take_code:
  mov bl, [KEY_MODE]
  cmp al, 0xe0
  je prefix_e0
  cmp al, 0xe1
  je prefix_e1
  cmp al, 0xfa                        // the keyboard's answer to a command, or its plea for it
  je 1f
  cmp al, 0xfe
  je 1f
  test bl, AFTER_E1
  jnz after_e1
  and byte ptr [KEY_MODE], ~AFTER_E0
  mov ah, al
  and al, 0x7f                        // AL: the key, AH bit 7: it went up
  call shift_key
  jz 1f                               // a key of that kind has no character
  test ah, 0x80
  jnz 1f
  test byte ptr [SHIFT_KEYS], PAUSED
  jz press
  and byte ptr [SHIFT_KEYS], ~PAUSED  // any key ends the pause, and is used up
1:
  ret
prefix_e0:
  or byte ptr [KEY_MODE], AFTER_E0
  ret
prefix_e1:
  or byte ptr [KEY_MODE], AFTER_E1
  ret
// Pause sends E1 1D 45 E1 9D C5.
after_e1:
  test al, 0x40                       // 45h or C5h: the last byte of a half
  jz 1b
  and byte ptr [KEY_MODE], ~AFTER_E1
  cmp al, 0x45
  jne 1b
// Stops everything but interrupts until a key comes.
pause:
  or byte ptr [SHIFT_KEYS], PAUSED
  mov al, 0x20
  out 0x20, al
2:
  sti
  hlt
  test byte ptr [SHIFT_KEYS], PAUSED
  jnz 2b
  cli
  ret

// Shift, Control, Alt and the locks. ZF = 1 if AL is one of them. BL: KEY_MODE with the prefix.
shift_key:
  mov si, offset shift_keys
  xor cx, cx
1:
  cmp al, cs:[si]
  je 2f
  add si, 3
  cmp si, offset shift_keys_end
  jb 1b
  cmp al, 0x52                        // Insert is a key that also switches
  jne 4f
  call insert_key
  or si, si                           // ZF = 0
4:
  ret
2:
  mov dl, cs:[si + 1]                 // its bit of SHIFT_FLAGS, and of SHIFT_KEYS
  mov dh, cs:[si + 2]
  cmp dl, SHIFT_SCROLL
  jae lock_key
  test bl, AFTER_E0
  jz 5f
  cmp dl, SHIFT_CONTROL               // E0 2A: not a shift, but part of the codes of arrow keys
  jb done
  test ah, 0x80                       // the right one of two
  mov cl, dl
  jnz 3f
  or [KEY_MODE], cl
  or [SHIFT_FLAGS], dl
  jmp done
3:
  not cl
  and [KEY_MODE], cl
  jmp 7f
5:
  test ah, 0x80
  jnz 6f
  or [SHIFT_FLAGS], dl
  or [SHIFT_KEYS], dh
  jmp done
6:
  not dh
  and [SHIFT_KEYS], dh
  cmp dl, SHIFT_CONTROL
  jb 8f
7:
  // Control or Alt is up when both of its keys are.
  mov al, [SHIFT_KEYS]
  and al, 3                           // left Control, left Alt
  shl al, 2
  or al, [KEY_MODE]
  test al, dl
  jnz done
8:
  not dl
  and [SHIFT_FLAGS], dl
  cmp dl, ~SHIFT_ALT & 0xff
  jne done
  mov al, 0                           // the number typed with Alt held becomes a character
  xchg al, [ALT_NUMBER]
  mov ah, 0
  test al, al
  jz done
  call store_key
done:
  xor al, al                          // ZF = 1
  ret

lock_key:
  test ah, 0x80
  jnz 2f
  cmp al, 0x46
  jne 1f
  test bl, AFTER_E0                   // Control with Pause: E0 46
  jnz break_key
1:
  cmp al, 0x45
  jne 3f
  test byte ptr [SHIFT_FLAGS], SHIFT_CONTROL
  jnz 5f
3:
  test [SHIFT_KEYS], dh               // held: it repeats, but switches once
  jnz done
  or [SHIFT_KEYS], dh
  xor [SHIFT_FLAGS], dl
  call show_lights
  jmp done
2:
  not dh
  and [SHIFT_KEYS], dh
  jmp done
5:
  call pause                          // Control with Num Lock is Pause on old keyboards
  jmp done
break_key:
  mov byte ptr [BREAK_FLAG], 0x80
  mov ax, [KEY_START]
  mov [KEY_HEAD], ax
  mov [KEY_TAIL], ax
  int 0x1b
  xor ax, ax
  call store_key
  jmp done

insert_key:
  test ah, 0x80
  jnz 1f
  test byte ptr [SHIFT_FLAGS], SHIFT_ALT
  jnz 2f
  test bl, AFTER_E0
  jnz 3f
  test byte ptr [SHIFT_FLAGS], SHIFT_NUMBERS
  jnz 2f                              // it is the digit 0
3:
  test byte ptr [SHIFT_KEYS], SHIFT_INSERT
  jnz 2f
  or byte ptr [SHIFT_KEYS], SHIFT_INSERT
  xor byte ptr [SHIFT_FLAGS], SHIFT_INSERT
  ret
1:
  and byte ptr [SHIFT_KEYS], ~SHIFT_INSERT
2:
  ret

// Key AL goes down. BL: KEY_MODE with the prefix.
press:
  mov cl, [SHIFT_FLAGS]
  cmp al, 0x53                        // Control, Alt and Delete: start anew, without the count
  jne 1f
  mov ch, cl
  and ch, SHIFT_CONTROL | SHIFT_ALT
  cmp ch, SHIFT_CONTROL | SHIFT_ALT
  jne 1f
  mov word ptr [RESET_FLAG], 0x1234
  mov al, 0xfe                        // the controller's reset line
  out 0x64, al
  cli
2:
  hlt
  jmp 2b
1:
  test bl, AFTER_E0
  jnz extended_key
  cmp al, 0x54                        // SysRq
  je system_request
  cmp al, 0x58
  ja 9f
  test cl, SHIFT_ALT
  jz 3f
  call alt_digit
  jc 9f
3:
  movzx si, al
  shl si, 3                           // four words for each key
  mov ax, cs:[si + keys - 8 + 6]
  test cl, SHIFT_ALT
  jnz 8f
  mov ax, cs:[si + keys - 8 + 4]
  test cl, SHIFT_CONTROL
  jnz 8f
  // Shift, turned round by Caps Lock for letters and by Num Lock for the keypad.
  mov ch, 0
  test cl, SHIFT_LEFT | SHIFT_RIGHT
  setnz ch
  mov ax, cs:[si + keys - 8]
  cmp si, 0x47 * 8
  jb 4f
  cmp si, 0x53 * 8
  ja 6f
  test cl, SHIFT_NUMBERS
  jz 6f
  jmp 5f
4:
  cmp al, 'a'
  jb 6f
  cmp al, 'z'
  ja 6f
  test cl, SHIFT_CAPITALS
  jz 6f
5:
  xor ch, 1
6:
  test ch, ch
  jz 8f
  mov ax, cs:[si + keys - 8 + 2]
8:
  test ax, ax
  jnz store_key
9:
  ret

// Alt with a digit of the keypad: the number so far times ten, and the digit. CF = 1 if so.
alt_digit:
  cmp al, 0x47
  jb 1f
  cmp al, 0x53
  jae 1f
  movzx si, al
  mov dl, cs:[si + digits - 0x47]
  test dl, 0xf0
  jnz 1f
  mov al, 10
  mul byte ptr [ALT_NUMBER]
  add al, dl
  mov [ALT_NUMBER], al
  stc
  ret
1:
  clc
  ret

system_request:
  ret

// The grey keys, whose codes have E0h in front.
extended_key:
  cmp al, 0x37                        // Print Screen
  jne 2f
  test cl, SHIFT_CONTROL
  mov ax, 0x7200
  jnz store_key
  int 0x05
  ret
2:
  mov si, offset extended_keys
1:
  cmp al, cs:[si]
  je 3f
  add si, 7
  cmp si, offset extended_keys_end
  jb 1b
  ret
3:
  mov ax, cs:[si + 5]
  test cl, SHIFT_ALT
  jnz store_key
  mov ax, cs:[si + 3]
  test cl, SHIFT_CONTROL
  jnz store_key
  mov ax, cs:[si + 1]

// Puts AX into the buffer. Returns CF = 1, with a click, if it is full. Clobbers SI, DI.
.globl store_key
store_key:
  mov di, [KEY_TAIL]
  mov si, di
  add si, 2
  cmp si, [KEY_END]
  jb 1f
  mov si, [KEY_START]
1:
  cmp si, [KEY_HEAD]
  je 2f
  mov [di], ax
  mov [KEY_TAIL], si
  clc
  ret
2:
  stc
  ret

// The lights follow the locks.
show_lights:
  pusha
  mov al, 0xed
  call ask_keyboard
  jc 1f
  mov al, [SHIFT_FLAGS]
  shr al, 4
  and al, 7
  and byte ptr [KEY_LIGHTS], 0xf8
  or [KEY_LIGHTS], al
  call ask_keyboard
1:
  popa
  ret

.section .rodata
shift_keys:
  .byte 0x36, SHIFT_RIGHT, 0
  .byte 0x2a, SHIFT_LEFT, 0
  .byte 0x1d, SHIFT_CONTROL, 0x01
  .byte 0x38, SHIFT_ALT, 0x02
  .byte 0x46, SHIFT_SCROLL, 0x10
  .byte 0x45, SHIFT_NUMBERS, 0x20
  .byte 0x3a, SHIFT_CAPITALS, 0x40
shift_keys_end:
digits:
  .byte 7, 8, 9, 0xff, 4, 5, 6, 0xff, 1, 2, 3, 0
