// INT 13h for CD drives, DL from E0h on, and for a floppy disk whose image is on a CD. The drives
// take commands of 12 bytes ("packets") and have sectors of 2048 bytes (ATAPI, SFF-8020i).
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// Services for drive DL.
.globl cd_services
cd_services:
  movzx si, dl
  sub si, 0xe0
  movzx bx, byte ptr fs:[CD_COUNT]
  cmp si, bx
  jae bad_command
  shl si, 4
  add si, CDS
  movzx bx, ah
  test bl, bl
  jz reset_channel
  cmp bl, 0x01
  je last_status
  cmp bl, 0x15
  je kind
  sub bl, 0x41
  cmp bl, 8
  jae bad_command
  add bx, bx
  jmp word ptr cs:[bx + services]

.section .rodata
services:
  .word lba_check, cd_read, protected, cd_verify, success_status, eject, cd_verify, cd_parameters
.text

last_status:
  mov ah, [DISK_STATUS]
  ret

kind:
  mov byte ptr [bp + R_AH], 0         // not for CHS
  jmp answered

protected:                            // 43h
  mov ah, PROTECTED
  ret

eject:                                // 46h: it stays in
  mov ah, 0xb2
  ret

// 44h, 47h.
cd_verify:
  call take_packet
  jc bad_command
  mov ah, 0
  ret

// 42h. Sectors of 2048 bytes.
cd_read:
  call take_packet
  jc bad_command
  push cx
  call read_sectors
  pop dx
  sub dx, cx
  jmp give_count

// 48h.
cd_parameters:
  mov es, [bp + R_DS]
  mov di, [bp + R_SI]
  cmp word ptr es:[di], 26
  jb bad_command
  mov ax, 26
  stosw
  mov ax, 0x0064                      // removable, can be locked; no geometry
  stosw
  mov ax, -1
  mov cx, 10
  rep stosw                           // no one knows how many
  mov ax, 2048
  stosw
  mov ah, 0
  ret

// Reads CX sectors from number EAX on to ES:DI. AH: what went wrong, or 0; CX: how many are missing.
.globl read_sectors
read_sectors:
  mov word ptr fs:[CD_SKIP], 0
  mov word ptr fs:[CD_TAKE], 1024
  mov dx, di                          // ES:DI so that a sector lies in front of it without a carry
  shr dx, 4
  mov bx, es
  add bx, dx
  mov es, bx
  and di, 0x0f
  mov fs:[CD_NUMBER], eax
1:
  jcxz 2f
  call read_part
  test ah, ah
  jnz 3f
  inc dword ptr fs:[CD_NUMBER]
  mov dx, es
  add dx, 2048 / 16
  mov es, dx
  loop 1b
2:
  mov ah, 0
3:
  ret

// Reads a part of sector CD_NUMBER to ES:DI: CD_TAKE words behind the first CD_SKIP. A drive that
// has just got its disk refuses once to say so: then again. AH: what went wrong, or 0.
.globl read_part
read_part:
  push cx
  push di
  mov bl, 3
1:
  push bx
  call try_part
  pop bx
  test ah, ah
  jz 2f
  dec bl
  jnz 1b
2:
  pop di
  pop cx
  ret

try_part:
  mov eax, fs:[CD_NUMBER]             // READ (10); numbers have their high byte first
  xchg al, ah
  rol eax, 16
  xchg al, ah
  mov word ptr fs:[PACKET], 0x0028
  mov fs:[PACKET + 2], eax
  mov dword ptr fs:[PACKET + 6], 0x00010000
  mov word ptr fs:[PACKET + 10], 0
  call select_drive
  test ah, ah
  jnz 9f
  mov dx, fs:[si + D_PORT]
  inc dx
  mov al, 0                           // no DMA
  out dx, al
  add dx, 3
  out dx, al
  inc dx
  mov al, 2048 / 256                  // as many bytes at a time
  out dx, al
  add dx, 2
  mov byte ptr [DISK_INTERRUPT], 0
  mov al, 0xa0
  out dx, al
  mov cx, 1
  call delay
  call ready_for_data
  jnz 9f
  push si
  push ds
  push fs
  pop ds
  mov dx, [si + D_PORT]
  mov si, PACKET
  mov cx, 6
  rep outsw
  pop ds
  pop si
  mov cx, 1
  call delay
  call ready_for_data
  jnz 9f
  mov dx, fs:[si + D_PORT]
  mov cx, fs:[CD_SKIP]
  call drop_words
  mov cx, fs:[CD_TAKE]
  rep insw
  mov cx, 1024
  sub cx, fs:[CD_SKIP]
  sub cx, fs:[CD_TAKE]
  call drop_words
  call await_drive
  mov ah, TIMEOUT
  jc 9f
  mov ah, 0
  test al, 0x01
  jz 9f
  mov ah, CONTROLLER
9:
  ret

// CX words from port DX that nobody wants.
drop_words:
  jcxz 2f
1:
  in ax, dx
  loop 1b
2:
  ret

// ZF = 1: the drive wants data, or has some. Otherwise AH is what went wrong.
ready_for_data:
  call await_drive
  mov ah, TIMEOUT
  jc 1f
  mov ah, CONTROLLER
  test al, 0x01
  jnz 1f
  test al, 0x08
  jz 1f
  xor ah, ah
1:
  or ah, ah
  ret
