// What is connected to the ATA channels: found in POST, kept in the extended data area.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

#define BUFFER 0x7c00                 // 512 bytes for what a drive says about itself

.globl start_disks
start_disks:
  push fs
  mov fs, [EBDA_SEGMENT]
  mov bx, offset places
1:
  push bx
  call look
  pop bx
  add bx, 3
  cmp bx, offset places_end
  jb 1b
  call fill_tables
  pop fs
  ret

.section .rodata
places:
  .word 0x1f0
  .byte 0xa0                          // master
  .word 0x1f0
  .byte 0xb0                          // slave
  .word 0x170
  .byte 0xa0
  .word 0x170
  .byte 0xb0
places_end:
.text

// Asks whoever is at the place CS:BX who it is: IDENTIFY DEVICE, which CD drives refuse, then
// IDENTIFY PACKET DEVICE.
look:
  mov dx, cs:[bx]
  add dx, 7
  in al, dx
  cmp al, 0xff                        // nothing pulls the lines down: no channel
  je 9f
  movzx si, byte ptr [DISK_COUNT]
  shl si, 4
  add si, DISKS
  call identify_at
  mov al, 0xec
  call identify
  jc 1f
  inc byte ptr [DISK_COUNT]
  jmp describe_disk
1:
  movzx si, byte ptr fs:[CD_COUNT]
  shl si, 4
  add si, CDS
  call identify_at
  mov al, 0xa1
  call identify
  jc 9f
  mov ax, es:[BUFFER]                 // word 0: bits 8 to 12 are the kind, 5 a CD
  and ah, 0x1f
  cmp ah, 5
  jne 9f
  mov byte ptr fs:[si + D_KIND], KIND_CD
  inc byte ptr fs:[CD_COUNT]
  PRINT cd_drive
  call print_model
  jmp end_line
9:
  ret

// The entry FS:SI gets the place CS:BX.
identify_at:
  mov ax, cs:[bx]
  mov fs:[si + D_PORT], ax
  mov al, cs:[bx + 2]
  mov fs:[si + D_SELECT], al
  ret

// Command AL to the drive, and its 512 bytes to ES:BUFFER. CF = 1: it has none. Keeps BX, SI.
identify:
  push bx
  push ax
  push 0
  pop es
  mov dx, fs:[si + D_PORT]
  add dx, 6
  mov al, fs:[si + D_SELECT]
  out dx, al
  mov cx, 2
  call delay
  call await_drive
  jc 7f
  mov dx, fs:[si + D_PORT]
  add dx, 7
  pop ax
  push ax
  mov byte ptr [DISK_INTERRUPT], 0
  out dx, al
  mov cx, 2
  call delay
  call await_drive
  jc 7f
  test al, 0x01
  jnz 7f
  test al, 0x08                       // an absent drive's status is 0
  jz 7f
  mov dx, fs:[si + D_PORT]
  mov di, BUFFER
  mov cx, 256
  rep insw
  clc
  jmp 8f
7:
  stc
8:
  pop ax
  pop bx
  ret

// The disk FS:SI from what it said: words 60 and 61 are its sectors.
describe_disk:
  mov byte ptr fs:[si + D_KIND], KIND_DISK
  mov eax, es:[BUFFER + 120]
  mov fs:[si + D_SECTORS], eax
  call choose_geometry
  PRINT disk
  mov al, [DISK_COUNT]
  add al, '0' - 1
  call print_character
  PRINT colon
  call print_model
  PRINT comma
  mov eax, fs:[si + D_SECTORS]
  shr eax, 1
  call print_number
  PRINT kibibytes
.globl end_line
end_line:
  PRINT line_end
  ret

// INT 13h has ten bits for a cylinder. Disks of 16 heads and 63 sectors that need more get more
// heads: 32, 64, 128 or 255, the first number that is enough.
choose_geometry:
  mov byte ptr fs:[si + D_TRACK], 63
  mov bx, 16
1:
  movzx ecx, bx
  imul ecx, 63
  xor edx, edx
  mov eax, fs:[si + D_SECTORS]
  div ecx                             // EAX: cylinders
  cmp eax, 1024
  jbe 3f
  cmp bx, 255
  je 2f
  add bx, bx
  cmp bx, 256
  jb 1b
  mov bx, 255
  jmp 1b
2:
  mov ax, 1024
3:
  test ax, ax
  jnz 4f
  inc ax                              // smaller than a cylinder: part of one
4:
  mov fs:[si + D_CYLINDERS], ax
  mov fs:[si + D_HEADS], bx
  ret

// The model, without the blanks at its end. In the drive's words the first
// character is the high byte.
print_model:
  mov di, BUFFER + 54
  mov cx, 40
1:
  mov bx, cx                          // the last character that is no blank
  dec bx
  xor bx, 1
  cmp byte ptr es:[bx + di], ' '
  jne 2f
  loop 1b
  ret
2:
  xor bx, bx
3:
  xor bx, 1
  mov al, es:[bx + di]
  xor bx, 1
  call print_character
  inc bx
  loop 3b
  ret

// The parameter tables of the first two disks, and INT 41h and 46h that point at them.
fill_tables:
  push 0
  pop es
  mov si, DISKS
  mov di, EBDA_DISK_TABLES
  mov bx, 0x41 * 4
  mov cl, [DISK_COUNT]
1:
  test cl, cl
  jz 2f
  mov es:[bx], di
  mov es:[bx + 2], fs
  mov ax, fs:[si + D_CYLINDERS]
  mov fs:[di], ax
  mov al, fs:[si + D_HEADS]
  mov fs:[di + 2], al
  mov word ptr fs:[di + 5], 0xffff    // no precompensation
  mov byte ptr fs:[di + 8], 0x08      // more than eight heads
  mov ax, fs:[si + D_CYLINDERS]
  mov fs:[di + 12], ax
  mov al, fs:[si + D_TRACK]
  mov fs:[di + 14], al
  add si, D_SIZE
  add di, 16
  add bx, 5 * 4
  dec cl
  cmp bx, 0x46 * 4
  jbe 1b
2:
  ret

.section .rodata
disk:
  .asciz "Disk "
cd_drive:
  .asciz "CD drive: "
colon:
  .asciz ": "
comma:
  .asciz ", "
kibibytes:
  .asciz " KiB"
line_end:
  .asciz "\r\n"
