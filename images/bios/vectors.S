// The interrupt vectors, the BIOS data area, and the services that only report what is in it.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// All vectors lead to an IRET, those of programs (60h to 67h) nowhere; then ours.
.globl fill_vectors
fill_vectors:
  xor ax, ax
  mov es, ax
  mov di, ax
  mov cx, 0x100
  mov eax, offset INTERRUPT_RETURN
  or eax, 0xf0000000
  rep stosd
  mov di, 0x60 * 4
  mov cx, 8
  xor eax, eax
  rep stosd
  mov di, 0x78 * 4                    // and what is above the second controller's
  mov cx, 0x88
  rep stosd
  mov si, offset services
1:
  movzx di, byte ptr cs:[si]
  shl di, 2
  mov ax, cs:[si + 1]
  stosw
  add si, 3
  cmp si, offset services_end
  jb 1b
  ret

.section .rodata
.macro VECTOR number, place
  .byte \number
  .word \place
.endm
services:
  VECTOR 0x02, interrupt_02
  VECTOR 0x05, interrupt_05
  VECTOR 0x08, interrupt_08
  VECTOR 0x09, interrupt_09
  VECTOR 0x0a, unexpected_first
  VECTOR 0x0b, unexpected_first
  VECTOR 0x0c, unexpected_first
  VECTOR 0x0d, unexpected_first
  VECTOR 0x0e, interrupt_0e
  VECTOR 0x0f, unexpected_first
  VECTOR 0x11, interrupt_11
  VECTOR 0x12, interrupt_12
  VECTOR 0x13, interrupt_13
  VECTOR 0x14, interrupt_14
  VECTOR 0x15, interrupt_15
  VECTOR 0x16, interrupt_16
  VECTOR 0x17, interrupt_17
  VECTOR 0x18, interrupt_18
  VECTOR 0x19, interrupt_19
  VECTOR 0x1a, interrupt_1a
  VECTOR 0x1e, FLOPPY_TABLE           // not code: the floppy drives' parameters
  VECTOR 0x40, interrupt_13
  VECTOR 0x70, interrupt_70
  VECTOR 0x71, unexpected_second
  VECTOR 0x72, unexpected_second
  VECTOR 0x73, unexpected_second
  VECTOR 0x74, unexpected_second
  VECTOR 0x75, interrupt_75
  VECTOR 0x76, interrupt_76
  VECTOR 0x77, interrupt_76
services_end:
.text

// A request of a line that has no handler: masks the line, so that it cannot come for ever.
unexpected_first:
  push ax
  mov al, 0x0b                        // which lines are being served?
  out 0x20, al
  in al, 0x20
  test al, al
  jz 1f                               // none: the spurious interrupt 7
  mov ah, al
  in al, 0x21
  or al, ah
  out 0x21, al
  mov al, 0x20
  out 0x20, al
1:
  pop ax
  iret
unexpected_second:
  push ax
  mov al, 0x0b
  out 0xa0, al
  in al, 0xa0
  test al, al
  jz 2f                               // spurious: only the first controller waits for its end
  mov ah, al
  in al, 0xa1
  or al, ah
  out 0xa1, al
  mov al, 0x20
  out 0xa0, al
2:
  mov al, 0x20
  out 0x20, al
  pop ax
  iret

// The coprocessor's error, line 13: taken back, and given on as the NMI that the PC had for it.
interrupt_75:
  push ax
  mov al, 0
  out 0xf0, al
  mov al, 0x20
  out 0xa0, al
  out 0x20, al
  pop ax
  int 0x02
  iret

interrupt_02:
  iret

// Print screen: there is no printer, and 0050:0000 says that it failed.
interrupt_05:
  push ds
  push 0x50
  pop ds
  mov byte ptr [0], 0xff
  pop ds
  iret

interrupt_11:                         // AX: the equipment
  push ds
  push BDA
  pop ds
  mov ax, [EQUIPMENT]
  pop ds
  iret

interrupt_12:                         // AX: conventional memory in KiB
  push ds
  push BDA
  pop ds
  mov ax, [MEMORY_SIZE]
  pop ds
  iret

// The data area is cleared, but for the word that tells a warm start. DS: the data area, from here
// on.
.globl fill_data_area
fill_data_area:
  push BDA
  pop ds
  push ds
  pop es
  mov dx, [RESET_FLAG]
  xor di, di
  xor ax, ax
  mov cx, 0x80
  rep stosw
  mov [RESET_FLAG], dx
  mov word ptr [EBDA_SEGMENT], EBDA
  mov word ptr [MEMORY_SIZE], EBDA / 64
  mov word ptr [EQUIPMENT], 0x0022    // a coprocessor's place, 80 columns; more when it is found
  mov ax, KEY_BUFFER
  mov [KEY_START], ax
  mov [KEY_HEAD], ax
  mov [KEY_TAIL], ax
  mov word ptr [KEY_END], KEY_BUFFER + 32
  mov dword ptr [LPT_TIMEOUTS], 0x14141414
  mov dword ptr [COM_TIMEOUTS], 0x01010101
  mov ax, EBDA
  mov es, ax
  xor di, di
  xor ax, ax
  mov cx, 0x200
  rep stosw
  mov byte ptr es:[0], 1
  ret

// Where all other vectors point, and programs look for an IRET.
.section .interrupt_return, "ax"
  iret
