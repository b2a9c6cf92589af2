// INT 13h: which drive is meant; and the services for hard disks that count cylinders, heads and
// sectors. Each service returns AH: what went wrong, or 0.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

.globl interrupt_13
interrupt_13:
  sti
  ENTER
  push fs                             // FS: the extended data area
  mov fs, [EBDA_SEGMENT]
  mov bx, FLOPPY_STATUS
  test dl, 0x80
  jz 1f
  mov bx, DISK_STATUS
1:
  push bx
  call choose_drive
  mov [bp + R_AH], ah
  jmp 2f
// A service jumps here, and does not return, if what it has written into the caller's AH is not
// about errors.
.globl answered
answered:
  pop ax
  mov ah, 0
2:
  pop bx
  mov [bx], ah
  and byte ptr [bp + R_FLAGS], ~FLAG_CARRY
  test ah, ah
  jz 3f
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
3:
  pop fs
  LEAVE

choose_drive:
  cmp ax, 0x4b00                      // the end of an emulation, and asking for it
  je end_emulation
  cmp ax, 0x4b01
  je end_emulation
  cmp byte ptr fs:[EMULATED], 0
  je 1f
  cmp dl, 0
  je emulated_services
1:
  cmp dl, 0x80
  jb floppy_services
  cmp dl, 0xe0
  jae cd_services
  movzx si, dl
  sub si, 0x80
  mov al, [DISK_COUNT]
  add al, 0x80
  cmp dl, al
  jae no_disk
  shl si, 4
  add si, DISKS                       // FS:SI: the drive
  movzx bx, ah
  mov di, offset services_low
  cmp bl, 0x19
  jb 2f
  sub bl, 0x41
  mov di, offset services_high
  cmp bl, 8
  jae bad_command
2:
  add bx, bx
  add bx, di
  mov al, [bp + R_AL]
  jmp word ptr cs:[bx]

no_disk:
  cmp ah, 0x15
  jne bad_command
  mov byte ptr [bp + R_AH], 0
  jmp answered
.globl bad_command
bad_command:
  mov ah, BAD_COMMAND
  ret

.section .rodata
services_low:
  .word reset_channel, last_status, read, write, verify, bad_command, bad_command, bad_command
  .word parameters, success_status, bad_command, bad_command, verify_seek, reset_channel
  .word bad_command, bad_command, ready, success_status, bad_command, bad_command
  .word ready, kind, bad_command, bad_command, bad_command
services_high:
  .word lba_check, lba_read, lba_write, lba_verify, bad_command, bad_command, lba_verify
  .word lba_parameters
.text

.globl success_status
success_status:
  mov ah, 0
  ret

last_status:                          // 01h
  mov ah, [DISK_STATUS]
  ret

// 02h, 03h, 04h. AL sectors from cylinder CH (and bits 6 and 7 of CL), head DH, sector CL on.
read:
  mov bl, 0x20
  jmp transfer
write:
  mov bl, 0x30
  jmp transfer
verify:
  mov bl, 0x40
transfer:
  movzx cx, al
  test cx, cx
  jz bad_command
  cmp cx, 128
  ja bad_command
  call sector_number
  jc bad_command
  mov di, [bp + R_BX]
  mov es, [bp + R_ES]
  push cx
  call transfer_sectors               // CX: how many are missing
  pop dx
  sub dx, cx
  mov [bp + R_AL], dl
  ret

// EAX: the number of the sector that the caller means; CF = 1: there is no such place.
sector_number:
  push ecx
  push edx
  mov dl, [bp + R_CL]
  and dl, 0x3f                        // sectors count from 1
  jz 1f
  cmp dl, fs:[si + D_TRACK]
  ja 1f
  movzx eax, byte ptr [bp + R_CL]
  shr al, 6
  mov ah, al
  mov al, [bp + R_CH]
  cmp ax, fs:[si + D_CYLINDERS]
  jae 1f
  movzx ecx, byte ptr [bp + R_DH]
  cmp cx, fs:[si + D_HEADS]
  jae 1f
  push dx
  push ecx
  movzx ecx, word ptr fs:[si + D_HEADS]
  imul eax, ecx
  pop ecx
  add eax, ecx
  movzx ecx, byte ptr fs:[si + D_TRACK]
  imul eax, ecx
  pop dx
  movzx edx, dl
  add eax, edx
  dec eax
  cmp eax, fs:[si + D_SECTORS]
  cmc                                 // CF = 1 if it is beyond the last one
  jmp 2f
1:
  stc
2:
  pop edx
  pop ecx
  ret

// 08h. CX: the last cylinder and the sectors in a track, DH: the last head, DL: how many disks.
parameters:
  mov ax, fs:[si + D_CYLINDERS]
  dec ax
  mov ch, al
  mov cl, ah
  shl cl, 6
  or cl, fs:[si + D_TRACK]
  mov [bp + R_CX], cx
  mov dh, fs:[si + D_HEADS]
  dec dh
  mov dl, [DISK_COUNT]
  mov [bp + R_DX], dx
  mov byte ptr [bp + R_AL], 0
  mov ah, 0
  ret

// 0Ch. A seek: only whether there is such a place.
verify_seek:
  call sector_number
  jc bad_command
  mov ah, 0
  ret

// 10h. Whether the drive is ready.
ready:
  jmp select_drive

// 15h. AH: 3, a disk; CX:DX: its sectors.
kind:
  mov eax, fs:[si + D_SECTORS]
  mov [bp + R_DX], ax
  shr eax, 16
  mov [bp + R_CX], ax
  mov byte ptr [bp + R_AH], 3
  jmp answered
