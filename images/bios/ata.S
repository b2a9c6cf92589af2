// ATA channels: ports 1F0h to 1F7h with 3F6h on interrupt 14, 170h to 177h with 376h on 15. Data
// goes through port 0, a sector at a time. FS:SI is the drive.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

#define DATA 0
#define FAILURE 1
#define COUNT 2
#define LOW 3
#define MIDDLE 4
#define HIGH 5
#define SELECT 6
#define COMMAND 7
#define CONTROL 0x206

#define BUSY 0x80
#define READY 0x40
#define FAULT 0x20
#define REQUEST 0x08
#define ERROR 0x01

// Interrupts 14 and 15: the byte in the data area says that one came.
.globl interrupt_76
interrupt_76:
  push ds
  push ax
  push BDA
  pop ds
  mov byte ptr [DISK_INTERRUPT], 0xff
  mov al, 0x20
  out 0xa0, al
  out 0x20, al
  pop ax
  pop ds
  iret

// Waits until the drive is no longer busy: asleep until its interrupt, or the timer's if the caller
// has the drive's masked. AL: the status. CF = 1: that took more than some ten seconds.
.globl await_drive
await_drive:
  push ecx
  push dx
  mov dx, fs:[si + D_PORT]
  add dx, CONTROL                     // the status, without taking the interrupt back
  mov ecx, [TICKS]
  add ecx, 200
1:
  cli
  in al, dx
  test al, BUSY
  jz 2f
  cmp ecx, [TICKS]
  jb 3f
  cmp byte ptr [DISK_INTERRUPT], 0
  mov byte ptr [DISK_INTERRUPT], 0
  jne 1b
  sti
  hlt
  jmp 1b
2:
  sub dx, CONTROL - COMMAND
  in al, dx                           // now it is taken back
  clc
3:
  sti
  pop dx
  pop ecx
  ret

// Selects the drive. AH: 0, or what went wrong. Clobbers AL, DX.
.globl select_drive
select_drive:
  call await_drive
  jc 1f
  mov dx, fs:[si + D_PORT]
  add dx, SELECT
  mov al, fs:[si + D_SELECT]
  out dx, al
  call await_drive
  jc 1f
  mov ah, 0
  ret
1:
  mov ah, TIMEOUT
  ret

// Sends command BL for CL sectors (0: 256) from number EAX on. AH: 0 or what went wrong.
start_command:
  push eax
  call select_drive
  test ah, ah
  pop eax
  jnz 1f
  push eax
  mov dx, fs:[si + D_PORT]
  add dx, COUNT
  xchg al, cl
  out dx, al
  xchg al, cl
  inc dx
  out dx, al                          // the number, from its lowest byte
  shr eax, 8
  inc dx
  out dx, al
  shr eax, 8
  inc dx
  out dx, al
  shr eax, 8
  and al, 0x0f
  or al, 0x40                         // a number, not cylinder and head
  or al, fs:[si + D_SELECT]
  inc dx
  out dx, al
  mov byte ptr [DISK_INTERRUPT], 0
  mov al, bl
  inc dx
  out dx, al
  pop eax
  mov ah, 0
  ret
1:
  mov ah, TIMEOUT
  ret

// Reads (BL = 20h), writes (30h) or only looks at (40h) CX sectors, 1 to 256, from number EAX on;
// memory is at ES:DI. AH: what went wrong, or 0; CX: how many sectors are missing.
.globl transfer_sectors
transfer_sectors:
  // ES:DI so that all of 256 sectors lie in front of it without a carry.
  push eax
  mov ax, di
  shr ax, 4
  mov dx, es
  add dx, ax
  mov es, dx
  and di, 0x0f
  pop eax
  call start_command
  test ah, ah
  jnz 9f
  cmp bl, 0x30
  je 3f
1:
  call await_drive
  jc 8f
  test al, ERROR | FAULT
  jnz 7f
  cmp bl, 0x40
  je 2f
  test al, REQUEST
  jz 7f
  mov dx, fs:[si + D_PORT]
  call next_sector_in
  loop 1b
  mov ah, 0
  ret
2:
  xor cx, cx
  mov ah, 0
  ret
3:
  call await_drive
  jc 8f
  test al, ERROR | FAULT
  jnz 7f
  test al, REQUEST
  jz 7f
  mov dx, fs:[si + D_PORT]
  push cx
  push si
  push ds
  push es
  pop ds
  mov si, di
  mov cx, 256
  rep outsw
  pop ds
  pop si
  call next_paragraphs
  pop cx
  loop 3b
  call await_drive                    // for the last one to be written
  jc 8f
  mov ah, 0
  test al, ERROR | FAULT
  jz 9f
  inc cx
7:
  call meaning_of_failure
  ret
8:
  mov ah, TIMEOUT
9:
  ret

next_sector_in:
  push cx
  push di
  mov cx, 256
  rep insw
  pop di
  pop cx
next_paragraphs:
  push ax
  mov ax, es
  add ax, 512 / 16
  mov es, ax
  pop ax
  ret

// AH: what the drive's error register means. AL: its status.
meaning_of_failure:
  mov ah, 0xcc                        // write fault
  test al, FAULT
  jnz 2f
  mov ah, 0xe0                        // no data, and no error either
  test al, ERROR
  jz 2f
  mov dx, fs:[si + D_PORT]
  add dx, FAILURE
  in al, dx
  mov bx, offset meanings
1:
  mov ah, cs:[bx + 1]
  test al, cs:[bx]
  jnz 2f
  add bx, 2
  cmp bx, offset meanings_end
  jb 1b
  mov ah, 0xbb                        // undefined
2:
  ret

.section .rodata
meanings:
  .byte 0x40, BAD_CRC                 // UNC: the data cannot be corrected
  .byte 0x10, NO_SECTOR               // IDNF
  .byte 0x80, 0x0a                    // a bad block
  .byte 0x04, CONTROLLER              // ABRT
  .byte 0x02, NO_SEEK                 // track 0 not found
  .byte 0x01, NO_MARK                 // no address mark
meanings_end:
.text

// Resets the drive's channel: SRST for 5 µs. AH: what went wrong, or 0.
.globl reset_channel
reset_channel:
  mov dx, fs:[si + D_PORT]
  add dx, CONTROL
  mov al, 0x04
  out dx, al
  mov cx, 2
  call delay
  mov al, 0
  out dx, al
  mov cx, 200                         // 2 ms, and then the drives say whether they are busy
  call delay
  jmp select_drive
