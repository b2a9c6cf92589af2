// Memory: INT 12h and 15h, address line 20, and the processor's own ways to more than 1 MiB.
.intel_syntax noprefix
#include "probe.inc"
.code16
.section .start, "ax"
.globl _start
_start:
  TELL "MEMORY"
  int 0x12
  TELL "12h kib=%a"
  mov ah, 0x88
  stc
  int 0x15
  TELL "15h 88 C=%C"
  TELL "~ kib %a"
  xor cx, cx
  xor dx, dx
  mov ax, 0xe801
  stc
  int 0x15
  TELL "15h E801 C=%C %a %c"
  TELL "~ above 16 MiB %b %d"
  call map
  call configuration
  call wrap
  call move
  call unreal
  call expanded
  FINISH

// E820: memory below 640 KiB, and how many areas there are in all.
map:
  xor ebx, ebx
  xor si, si
1:
  mov eax, 0xe820
  mov edx, 0x534d4150
  mov ecx, 20
  mov di, offset area
  int 0x15
  jc 2f
  cmp eax, 0x534d4150
  jne 2f
  inc si
  cmp si, 1
  jne 3f
  mov ax, [area]
  mov dx, [area + 2]
  mov bx, bx
  push bx
  mov bx, [area + 8]
  mov cx, [area + 10]
  TELL "15h E820 from %d%a bytes %c%b"
  mov ax, [area + 16]
  TELL "15h E820 kind=%a"
  pop bx
3:
  cmp dword ptr [area], 0x100000
  jne 4f
  mov ax, [area + 16]
  TELL "15h E820 extended kind=%a"
  push bx
  mov bx, [area + 8]
  mov cx, [area + 10]
  TELL "~ extended bytes %c%b"
  pop bx
4:
  test ebx, ebx
  jnz 1b
2:
  TELL "~ E820 areas %s"
  mov eax, 0xe820
  xor ebx, ebx
  mov edx, 0x12345678                 // not the signature
  mov ecx, 20
  mov di, offset area
  int 0x15
  TELL "15h E820 bad C=%C AH=%h"
  mov ax, 0xe8ff
  int 0x15
  TELL "15h E8FF C=%C AH=%h"
  ret

configuration:
  mov ah, 0xc0
  stc
  int 0x15
  mov cx, es:[bx]
  mov dx, es:[bx + 2]
  TELL "15h C0 C=%C AH=%h bytes=%c is=%u"
  mov ah, 0xc1
  stc
  int 0x15
  mov al, es:[0]
  TELL "15h C1 C=%C ES=%e kib=%l"
  push ds
  pop es
  ret

// Address line 20: the same byte at 0000:0500 and FFFF:0510, or not.
.macro WRAPS text
  call compare
  TELL "\text wraps=%Z"
.endm
wrap:
  mov ax, 0x2403
  int 0x15
  TELL "15h 2403 C=%C AH=%h"
  mov ax, 0x2401
  int 0x15
  TELL "15h 2401 C=%C AH=%h"
  WRAPS "on "
  mov ax, 0x2402
  int 0x15
  TELL "15h 2402 C=%C AX=%a"
  mov ax, 0x2400
  int 0x15
  TELL "15h 2400 C=%C AH=%h"
  WRAPS "off"
  mov ax, 0x2402
  int 0x15
  TELL "15h 2402 C=%C AX=%a"
  in al, 0x92
  or al, 2
  and al, 0xfe
  out 0x92, al
  WRAPS "port 92h on "
  in al, 0x92
  and al, 0xfc
  out 0x92, al
  WRAPS "port 92h off"
  mov bl, 0xdf                        // the keyboard controller's output port
  call controller
  WRAPS "port 64h on "
  mov bl, 0xdd
  call controller
  WRAPS "port 64h off"
  mov bl, 0xdf
  call controller
  ret
controller:
  call 1f
  mov al, 0xd1
  out 0x64, al
  call 1f
  mov al, bl
  out 0x60, al
1:
  in al, 0x64
  test al, 2
  jnz 1b
  ret
// ZF = 1: they are the same byte.
compare:
  push ds
  push es
  push 0
  pop ds
  push 0xffff
  pop es
  mov al, [0x500]
  mov ah, es:[0x510]
  mov byte ptr [0x500], 0x11
  mov byte ptr es:[0x510], 0x22
  cmp byte ptr [0x500], 0x22
  mov es:[0x510], ah
  mov [0x500], al
  pop es
  pop ds
  ret

// 87h: a text to 2 MiB and back.
.macro DESCRIPTOR place, high
  .word 0xffff, \place
  .byte \high, 0x93, 0, 0
.endm
move:
  mov ax, ds
  movzx eax, ax
  shl eax, 4
  mov edx, eax
  add eax, offset text
  mov [source + 2], eax
  mov byte ptr [source + 5], 0x93
  mov dword ptr [target + 2], 0x93200000
  mov si, offset table
  mov cx, 8
  mov ah, 0x87
  stc
  int 0x15
  TELL "15h 87 up   C=%C AH=%h"
  add edx, offset copy
  mov dword ptr [source + 2], 0x93200000
  mov [target + 2], edx
  mov byte ptr [target + 5], 0x93
  mov si, offset table
  mov cx, 8
  mov ah, 0x87
  stc
  int 0x15
  TELL "15h 87 down C=%C AH=%h"
  mov si, offset text
  mov di, offset copy
  mov cx, 8
  repe cmpsw
  TELL "15h 87 same=%Z"
  mov ax, ss                          // and real mode is real mode again
  mov bx, cs
  cmp ax, bx
  TELL "15h 87 stack=%Z"
  ret

// "Unreal" mode: a segment register keeps the limit it got in protected mode.
unreal:
  cli
  mov ax, ds
  movzx eax, ax
  shl eax, 4
  add eax, offset flat
  mov [flat_pointer + 2], eax
  lgdt [flat_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp 1f
1:
  mov bx, 0x08
  mov fs, bx
  and al, 0xfe
  mov cr0, eax
  jmp 2f
2:
  xor ax, ax
  mov fs, ax
  sti
  mov ebx, 0x200000
  mov eax, fs:[ebx]
  cmp eax, [text]
  TELL "unreal same=%Z"
  mov dword ptr fs:[ebx], 0x21212121
  mov dword ptr [target + 2], 0
  mov eax, fs:[ebx]
  shr eax, 16
  TELL "unreal writes %a"
  ret

// A manager of expanded memory has its name where INT 67h leads. There is none.
expanded:
  push 0
  pop es
  mov es, es:[0x67 * 4 + 2]
  mov di, 10
  mov si, offset manager
  mov cx, 8
  repe cmpsb
  TELL "expanded memory=%Z"
  push ds
  pop es
  ret

manager:
  .ascii "EMMXXXX0"
text:
  .ascii "sixteen bytes..."
copy:
  .fill 16
area:
  .fill 24
.balign 8
table:
  .fill 16
source:
  DESCRIPTOR 0, 0
target:
  DESCRIPTOR 0, 0
  .fill 16
flat:
  .quad 0
  .quad 0x00cf93000000ffff
flat_pointer:
  .word 15
  .long 0
