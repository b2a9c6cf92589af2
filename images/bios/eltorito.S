// Booting from a CD ("El Torito" Bootable CD-ROM Format Specification, Phoenix and IBM, 1995): what
// to load is in a catalogue; it may be a floppy disk's image, which then stands for drive A.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

#define BUFFER 0x7c00

// Looks for something to boot on the first CD, loads it, and returns with AX: its segment, DL: its
// drive. CF = 1: nothing. FS: the extended data area.
.globl load_from_cd
load_from_cd:
  cmp byte ptr fs:[CD_COUNT], 0
  je 8f
  mov si, CDS
  mov eax, 17                         // the boot record
  call read_buffer
  jnz 8f
  cmp dword ptr es:[BUFFER + 1], 0x30304443 // CD00
  jne 8f
  cmp dword ptr es:[BUFFER + 7], 0x54204c45 // EL T
  jne 8f
  mov eax, es:[BUFFER + 0x47]         // the catalogue
  call read_buffer
  jnz 8f
  cmp byte ptr es:[BUFFER], 1         // its first entry is there to be recognized
  jne 8f
  cmp word ptr es:[BUFFER + 0x1e], 0xaa55
  jne 8f
  cmp byte ptr es:[BUFFER + 0x20], 0x88 // the second is what to boot
  jne 8f
  mov byte ptr fs:[BOOTED], 1
  mov byte ptr fs:[BOOTED_CD], 0
  mov al, es:[BUFFER + 0x21]
  and al, 0x0f
  mov fs:[BOOTED_TYPE], al
  mov bx, es:[BUFFER + 0x22]
  test bx, bx
  jnz 1f
  mov bx, 0x07c0
1:
  mov fs:[BOOTED_SEGMENT], bx
  mov cx, es:[BUFFER + 0x26]
  mov fs:[BOOTED_SECTORS], cx
  mov eax, es:[BUFFER + 0x28]
  mov fs:[BOOTED_BLOCK], eax
  add cx, 3                           // in sectors of the CD
  shr cx, 2
  mov es, bx
  xor di, di
  call read_sectors
  test ah, ah
  jnz 7f
  mov dl, 0xe0
  mov al, fs:[BOOTED_TYPE]
  test al, al
  jz 2f
  cmp al, 3                           // 4 is an image of a hard disk
  ja 7f
  movzx bx, al
  mov al, cs:[bx + tracks - 1]
  mov fs:[EMULATED_TRACK], al
  mov byte ptr fs:[EMULATED], 1
  or word ptr [EQUIPMENT], 0x0001
  mov dl, 0
2:
  mov ax, fs:[BOOTED_SEGMENT]
  clc
  ret
7:
  mov byte ptr fs:[BOOTED], 0
8:
  stc
  ret

.section .rodata
tracks:
  .byte 15, 18, 36                    // 1.2, 1.44, 2.88 MB
.text

// A sector to 0000:BUFFER, ES = 0. ZF = 1 if that worked.
read_buffer:
  push 0
  pop es
  mov di, BUFFER
  mov cx, 1
  call read_sectors
  push 0
  pop es
  test ah, ah
  ret

// INT 13h, 4Bh. AL = 00h ends an emulation, 01h only asks; DS:SI gets 19 bytes about it.
.globl end_emulation
end_emulation:
  cmp byte ptr fs:[BOOTED], 0
  je bad_command
  mov es, [bp + R_DS]
  mov di, [bp + R_SI]
  mov al, 0x13
  stosb
  mov al, fs:[BOOTED_TYPE]
  stosb
  mov ah, 0xe0
  cmp al, 0
  je 1f
  mov ah, 0
1:
  mov al, ah
  stosb
  mov al, 0                           // the controller
  stosb
  mov eax, fs:[BOOTED_BLOCK]
  stosd
  xor ax, ax                          // master of the first channel
  stosw
  stosw                               // no buffer of the user's
  mov ax, fs:[BOOTED_SEGMENT]
  stosw
  mov ax, fs:[BOOTED_SECTORS]
  stosw
  mov al, 79                          // the image's geometry, as by 08h
  stosb
  mov al, fs:[EMULATED_TRACK]
  stosb
  mov al, 1
  stosb
  cmp byte ptr [bp + R_AL], 0
  jne 2f
  mov byte ptr fs:[EMULATED], 0
2:
  mov ah, 0
  ret

// INT 13h for drive 0 while an image stands for it.
.globl emulated_services
emulated_services:
  movzx bx, byte ptr fs:[BOOTED_CD]
  shl bx, 4
  lea si, [bx + CDS]
  cmp ah, 0x00
  je success_status
  cmp ah, 0x01
  je last_status
  cmp ah, 0x02
  je read
  cmp ah, 0x03
  je protected
  cmp ah, 0x04
  je verify
  cmp ah, 0x08
  je parameters
  cmp ah, 0x15
  je kind
  cmp ah, 0x16
  je success_status
  jmp bad_command

last_status:
  mov ah, [FLOPPY_STATUS]
  ret

protected:
  mov ah, PROTECTED
  ret

kind:
  mov byte ptr [bp + R_AH], 1
  jmp answered

parameters:
  mov ch, 79
  mov cl, fs:[EMULATED_TRACK]
  mov [bp + R_CX], cx
  mov word ptr [bp + R_DX], 0x0101
  mov byte ptr [bp + R_BL], 4
  mov word ptr [bp + R_DI], offset FLOPPY_TABLE
  mov [bp + R_ES], cs
  mov ah, 0
  ret

// EAX: the number of the caller's sector in the image. CF = 1: there is none.
image_sector:
  cmp byte ptr [bp + R_DH], 1
  ja 1f
  cmp byte ptr [bp + R_CH], 79
  ja 1f
  movzx ecx, byte ptr [bp + R_CL]
  jecxz 1f
  cmp cl, fs:[EMULATED_TRACK]
  ja 1f
  mov al, [bp + R_CH]
  add al, al
  add al, [bp + R_DH]
  mul byte ptr fs:[EMULATED_TRACK]
  movzx eax, ax
  add eax, ecx
  dec eax                             // CF stays
  clc
  ret
1:
  stc
  ret

verify:
  call image_sector
  mov ah, NO_SECTOR
  jc 1f
  mov ah, 0
1:
  ret

// 02h: a CD's sector has four of the image's.
read:
  cmp byte ptr [bp + R_AL], 0
  je bad_command
  call image_sector
  jc 6f
  movzx cx, byte ptr [bp + R_AL]
  mov es, [bp + R_ES]
  mov di, [bp + R_BX]
  mov bx, di
  shr bx, 4
  mov dx, es
  add dx, bx
  mov es, dx
  and di, 0x0f
1:
  test cx, cx
  jz 3f
  mov dx, ax
  and dx, 3
  mov bx, 4
  sub bx, dx                          // BX: how many come from this sector
  cmp bx, cx
  jbe 2f
  mov bx, cx
2:
  push eax
  push bx
  push cx
  shr eax, 2
  add eax, fs:[BOOTED_BLOCK]
  mov fs:[CD_NUMBER], eax
  shl dx, 8
  mov fs:[CD_SKIP], dx
  shl bx, 8
  mov fs:[CD_TAKE], bx
  call read_part
  mov dl, ah
  pop cx
  pop bx
  pop eax
  test dl, dl
  jnz 5f
  movzx edx, bx
  add eax, edx
  sub cx, bx
  shl bx, 5
  mov dx, es
  add dx, bx
  mov es, dx
  jmp 1b
3:
  mov ah, 0
  ret
5:
  sub [bp + R_AL], cl
  mov ah, dl
  ret
6:
  mov byte ptr [bp + R_AL], 0
  mov ah, NO_SECTOR
  ret
