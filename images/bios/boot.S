// INT 19h: loads an operating system's first sector to 0000:7C00 and jumps there.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// The order is in CMOS memory, four bits a place: 1 is the floppy drive, 2 the first disk, 3 the
// first CD drive. Where nothing was set, they come in that order.
.globl interrupt_19
interrupt_19:
  cli
  cld
  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00
  push BDA
  pop ds
  mov fs, [EBDA_SEGMENT]
  mov byte ptr fs:[BOOTED], 0
  mov byte ptr fs:[EMULATED], 0
  sti
  mov al, CMOS_BOOT_THIRD
  call read_cmos
  mov bh, al
  shr bh, 4
  mov al, CMOS_BOOT_ORDER
  call read_cmos
  mov bl, al
  test al, al
  jnz 1f
  mov bx, 0x0321
1:
  push bx
  and bx, 0x000f
  cmp bl, 3
  ja 2f
  add bx, bx
  CALL_BY ways, bx
2:
  pop bx
  shr bx, 4
  jnz 1b
  int 0x18

.section .rodata
ways:
  .word no_way, boot_floppy, boot_disk, boot_cd
.text

no_way:
  ret

boot_floppy:
  test byte ptr [EQUIPMENT], 1
  jz no_way
  mov bp, 3                           // a drive may need a second and a third try
1:
  mov ax, 0x0201
  mov dx, 0x0000
  call read_first
  jnc 2f
  mov ah, 0
  int 0x13
  dec bp
  jnz 1b
  jmp nothing_in_a
2:
  // The oldest disks have no mark at their first sector's end: anything that may be code will do.
  cmp word ptr es:[0x7dfe], 0xaa55
  je 3f
  cmp byte ptr es:[0x7c00], 6
  jb nothing_in_a
  mov ax, es:[0x7c00]
  mov di, 0x7c02
  mov cx, 9
  repe scasw
  je nothing_in_a
3:
  PRINT from_floppy
  mov dl, 0
  jmp enter
nothing_in_a:
  PRINT no_floppy
  ret

boot_disk:
  cmp byte ptr [DISK_COUNT], 0
  je no_way
  mov dx, 0x0080
  call read_first
  jc 1f
  cmp word ptr es:[0x7dfe], 0xaa55
  jne 1f
  PRINT from_disk
  mov dl, 0x80
  jmp enter
1:
  PRINT no_disk
  ret

// The first sector of drive DL to 0000:7C00. ES: 0. CF = 1: it cannot be read.
read_first:
  push 0
  pop es
  mov bx, 0x7c00
  mov cx, 0x0001
  mov ax, 0x0201
  int 0x13
  ret

boot_cd:
  cmp byte ptr fs:[CD_COUNT], 0
  je no_way
  call load_from_cd
  jc 1f
  push ax
  PRINT from_cd
  pop ax
  jmp enter_segment
1:
  PRINT no_cd
  ret

// Jumps to what was loaded; DL is its drive.
enter:
  xor ax, ax
  mov bx, 0x7c00
  jmp 1f
enter_segment:
  xor bx, bx
1:
  mov word ptr [RESET_FLAG], 0
  push ax
  POST_CODE 0x10
  pop ax
  xor cx, cx
  mov ss, cx
  mov sp, 0x7c00
  mov ds, cx
  mov es, cx
  mov fs, cx
  push 0x0202                         // interrupts on
  push ax
  push bx
  movzx edx, dl
  xor eax, eax
  xor ebx, ebx
  xor ecx, ecx
  xor esi, esi
  xor edi, edi
  xor ebp, ebp
  iret

// There was nothing.
.globl interrupt_18
interrupt_18:
  sti
  PRINT nothing
  POST_CODE 0xee
  mov ah, 0
  int 0x16
  int 0x19

.section .rodata
from_floppy:
  .asciz "Booting from drive A\r\n"
from_disk:
  .asciz "Booting from disk 0\r\n"
from_cd:
  .asciz "Booting from the CD\r\n"
no_floppy:
  .asciz "Drive A: nothing that boots\r\n"
no_disk:
  .asciz "Disk 0: nothing that boots\r\n"
no_cd:
  .asciz "CD: nothing that boots\r\n"
nothing:
  .asciz "There is nothing to boot. Any key tries again.\r\n"
