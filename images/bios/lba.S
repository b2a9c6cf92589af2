// INT 13h, 41h to 48h: disks that count their sectors from 0 ("Enhanced Disk Drive Specification",
// T13 1226). FS:SI is the drive. What to read or write, and where, is in a packet at the caller's
// DS:SI.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// 41h, BX = 55AAh. BX = AA55h, AH: version 3.0, CX: packets are understood.
.globl lba_check
lba_check:
  cmp word ptr [bp + R_BX], 0x55aa
  jne bad_command
  mov word ptr [bp + R_BX], 0xaa55
  mov word ptr [bp + R_CX], 0x0001
  mov byte ptr [bp + R_AH], 0x30
  jmp answered

// 42h, 43h, 44h, 47h. The packet's count becomes that of the sectors done.
.globl lba_read
lba_read:
  mov bl, 0x20
  jmp transfer
.globl lba_write
lba_write:
  mov bl, 0x30
  jmp transfer
.globl lba_verify
lba_verify:
  mov bl, 0x40
transfer:
  call take_packet
  jc bad_command
  cmp byte ptr [bp + R_AH], 0x47      // a seek: one sector, and no memory
  jne 1f
  mov cx, 1
1:
  test cx, cx
  jz success_status
  cmp cx, 255
  ja bad_command
  movzx edx, cx
  add edx, eax
  jc bad_command
  cmp edx, fs:[si + D_SECTORS]
  ja bad_command
  push cx
  call transfer_sectors
  pop dx
  sub dx, cx
  cmp byte ptr [bp + R_AH], 0x47
  je 2f
  call give_count
2:
  ret

// The caller's packet. EAX: the number, CX: sectors, ES:DI: memory. CF = 1: it is too short, or the
// number has more than 32 bits.
.globl take_packet
take_packet:
  push ds
  mov ds, [bp + R_DS]
  mov di, [bp + R_SI]
  cmp byte ptr [di], 16
  jb 1f
  cmp dword ptr [di + 12], 1
  cmc
  jc 1f
  mov eax, [di + 8]
  mov cx, [di + 2]
  les di, [di + 4]                    // CF is still 0
1:
  pop ds
  ret

// DX: what is now the packet's count. AH stays.
.globl give_count
give_count:
  push ds
  mov ds, [bp + R_DS]
  mov di, [bp + R_SI]
  mov [di + 2], dx
  pop ds
  ret

// 48h. The caller's DS:SI: 26 bytes or more, their number in the first word.
.globl lba_parameters
lba_parameters:
  mov es, [bp + R_DS]
  mov di, [bp + R_SI]
  cmp word ptr es:[di], 26
  jb bad_command
  mov ax, 26
  stosw
  mov ax, 0x0002                      // the geometry is valid
  stosw
  // The disk's own geometry, which is not what 08h says if it has more than 1024 cylinders.
  mov eax, fs:[si + D_SECTORS]
  xor edx, edx
  mov ecx, 16 * 63
  div ecx
  cmp eax, 16383
  jbe 1f
  mov eax, 16383
1:
  stosd
  mov eax, 16
  stosd
  mov eax, 63
  stosd
  mov eax, fs:[si + D_SECTORS]
  stosd
  xor eax, eax
  stosd
  mov ax, 512
  stosw
  mov ah, 0
  ret
