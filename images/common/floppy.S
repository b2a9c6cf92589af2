// A boot floppy: one sector of code, then a kernel, on a disk of 1440 KiB. The sector plays the
// part of a Multiboot loader: it brings the kernel to 1 MiB, clears what the file does not hold,
// and enters in protected mode with the memory's size. The BIOS loads it at 0000:7C00.
.intel_syntax noprefix
.set SECTORS_PER_TRACK, 18
.set STAGE, 0x10000                   // the BIOS cannot reach 1 MiB: the kernel waits here
.set KERNEL, 0x100000
.set MULTIBOOT_MAGIC, 0x2badb002

.code16
.text
.globl floppy
floppy:
  ljmp 0, offset flush                // some BIOSes enter at 07C0:0000: settle CS
flush:
  xor ax, ax
  mov ds, ax
  mov ss, ax
  mov sp, 0x7c00                      // the stack grows down below us
  cld
  mov [drive], dl
  mov ax, STAGE / 16
  mov es, ax
  mov si, 1                           // SI: the next sector of the disk
next:
  // As much as one call can read: to the end of the track, and not across 64 KiB, where the
  // DMA controller's address would wrap.
  mov ax, si
  xor dx, dx
  div word ptr [sectors_per_track]    // AX: track of both sides, DX: sector in it
  mov cx, dx
  inc cx                              // CL: sector, counted from 1
  mov bx, SECTORS_PER_TRACK
  sub bx, dx                          // BX: sectors to read
  mov dx, es
  and dx, 0xfff
  shr dx, 5                           // sectors already in these 64 KiB
  sub dx, 128
  neg dx
  cmp bx, dx
  jbe fits
  mov bx, dx
fits:
  mov di, bx
  xor dx, dx
  shr ax, 1                           // sides take turns: the odd tracks are side 1's
  adc dh, 0
  mov ch, al
  mov ax, di
  mov ah, 2                           // read
  mov dl, [drive]
  xor bx, bx
  int 0x13
  jc again
  add si, di
  mov ax, di
  shl ax, 5
  mov dx, es
  add dx, ax
  mov es, dx
  cmp si, 1 + offset kernel_sectors
  jb next

  mov ah, 0x88                        // KiB above 1 MiB
  int 0x15
  mov [memory_high], ax
  in al, 0x92                         // open the A20 gate
  or al, 2
  and al, 0xfe                        // bit 0 would reset the machine
  out 0x92, al
  cli
  lgdt [table_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  ljmp 0x08, offset protected
again:
  xor ax, ax                          // reset the drive, then try the same once more
  mov dl, [drive]
  int 0x13
  jmp next

.code32
protected:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov esi, STAGE
  mov edi, KERNEL
  mov ecx, offset kernel_bytes
  rep movsb
  mov ecx, offset kernel_end          // from the kernel's own symbols
  sub ecx, edi
  xor eax, eax
  rep stosb
  mov eax, MULTIBOOT_MAGIC
  mov ebx, offset information
  mov ecx, offset _start
  jmp ecx

.balign 4
sectors_per_track:
  .word SECTORS_PER_TRACK
table_pointer:
  .word 23
  .long table
.balign 8
table:
  .quad 0
  .quad 0x00cf9a000000ffff            // flat code
  .quad 0x00cf92000000ffff            // flat data
information:
  .long 1                             // only the memory's sizes
  .long 640
memory_high:
  .long 0
drive:
  .byte 0
  .org 510
  .word 0xaa55                        // the mark of a boot sector

kernel:
  .incbin KERNEL_FILE
kernel_file_end:
.set kernel_bytes, kernel_file_end - kernel
.set kernel_sectors, (kernel_bytes + 511) / 512
  .org 1440 * 1024
