// INT 13h for floppy drives, DL below 80h.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// In POST: how many drives there are, the parameters of their kind, and a reset.
.globl start_floppies
start_floppies:
  mov al, CMOS_FLOPPIES
  call read_cmos
  test al, al
  jz 2f
  or word ptr [EQUIPMENT], 0x0001
  test al, 0x0f                       // drive B
  jz 1f
  or word ptr [EQUIPMENT], 0x0040
1:
  shr al, 4
  call table_of_type
  push 0
  pop es
  mov es:[0x1e * 4], bx
  call reset_controller
2:
  ret

// Returns AH: what went wrong, or 0. The services find the drive's type in AL.
.globl floppy_services
floppy_services:
  movzx si, ah
  cmp si, 0x18
  ja bad_command
  mov dl, [bp + R_DL]
  call drive_type
  jz no_drive
  add si, si
  jmp word ptr cs:[si + services]
no_drive:
  cmp si, 0x08
  je no_parameters
  cmp si, 0x15
  jne bad_command
  mov byte ptr [bp + R_AH], 0
  jmp answered

.section .rodata
services:
  .word reset_controller, last_status, read, write, verify, format, bad_command, bad_command
  .word parameters, bad_command, bad_command, bad_command, bad_command, bad_command
  .word bad_command, bad_command, bad_command, bad_command, bad_command, bad_command
  .word bad_command, kind, change_line, set_kind, set_media
.text

// AL: the type of drive DL, from CMOS; ZF = 1 if it is not there.
.globl drive_type
drive_type:
  mov al, CMOS_FLOPPIES
  call read_cmos
  cmp dl, 1
  ja 2f
  je 1f
  shr al, 4
1:
  and al, 0x0f
  ret
2:
  xor al, al
  ret

last_status:                          // 01h
  mov ah, [FLOPPY_STATUS]
  ret

// 02h, 03h. AL sectors from track CH, head DH, sector CL on, to or from ES:BX. AL: how many were.
read:
  mov bx, 0x46e6                      // the DMA's mode, and READ DATA on both heads, MFM
  jmp transfer
write:
  mov bx, 0x4ac5                      // WRITE DATA
transfer:
  call check_place
  jnz 9f
  mov si, bx
  movzx ecx, al
  shl ecx, 9
  call start_dma_channel
  jc 8f
  push si
  call prepare_drive
  jnz 7f
  call seek
  jnz 7f
  pop si
  cmp byte ptr [bp + R_AH], 0x03
  jne 1f
  call settle
1:
  mov ax, si                          // the command
  call send
  jc 6f
  call send_unit
  mov al, [bp + R_CH]
  call send
  mov al, [bp + R_DH]
  call send
  mov al, [bp + R_CL]
  call send
  call parameter_table
  mov si, bx
  mov al, es:[si + 3]                 // 512 bytes in a sector
  call send
  mov al, es:[si + 4]                 // sectors in a track
  call send
  mov al, es:[si + 5]                 // gap
  call send
  mov al, es:[si + 6]
  call send
  jmp finish
// 04h. The same, only looked at.
verify:
  call check_place
  jnz 9f
  push ax
  call prepare_drive
  jnz 7f
  call seek
  jnz 7f
  mov al, 0xd6                        // VERIFY; it ends with the last sector
  call send
  jc 5f
  call send_unit
  mov al, [bp + R_CH]
  call send
  mov al, [bp + R_DH]
  call send
  mov al, [bp + R_CL]
  call send
  call parameter_table
  mov si, bx
  mov al, es:[si + 3]
  call send
  pop ax
  add al, [bp + R_CL]
  dec al
  call send
  mov al, es:[si + 5]
  call send
  mov al, 0xff
  call send
finish:
  call receive_result
  jc 6f
  call leave_motor
  mov al, [FLOPPY_RESULT]
  and al, 0xc0
  jnz 1f
  mov ah, 0                           // all of it
  ret
1:
  mov ah, CONTROLLER
  cmp al, 0x40
  jne 3f
  mov bx, offset meanings
  mov al, [FLOPPY_RESULT + 1]
2:
  mov ah, cs:[bx + 1]
  test al, cs:[bx]
  jnz 3f
  add bx, 2
  cmp bx, offset meanings_end
  jb 2b
  mov ah, CONTROLLER
3:
  // How many sectors came before it: from ours to the one in the result.
  call parameter_table
  mov al, [FLOPPY_RESULT + 5]
  sub al, [bp + R_CL]
  mov cl, [FLOPPY_RESULT + 4]
  cmp cl, [bp + R_DH]
  je 4f
  add al, es:[bx + 4]
4:
  mov [bp + R_AL], al
  ret
5:
  pop ax
6:
  call reset_controller
  mov ah, TIMEOUT
  jmp 8f
7:
  pop si
  call leave_motor
8:
  mov byte ptr [bp + R_AL], 0
9:
  ret

.section .rodata
// ST1's bits, and what they mean.
meanings:
  .byte 0x80, NO_SECTOR               // beyond the track's end
  .byte 0x20, BAD_CRC
  .byte 0x10, OVERRUN
  .byte 0x04, NO_SECTOR
  .byte 0x02, PROTECTED
  .byte 0x01, NO_MARK
meanings_end:
.text

// AL: the caller's number of sectors. ZF = 1 if they can be: there are two heads. Otherwise AH: what
// is wrong.
check_place:
  mov al, [bp + R_AL]
  test al, al
  jz 1f
  cmp byte ptr [bp + R_CL], 0
  je 1f
  cmp byte ptr [bp + R_DH], 1
  ja 1f
  cmp al, al
  ret
1:
  mov byte ptr [bp + R_AL], 0
  mov ah, BAD_COMMAND
  or ah, ah
  ret

// Gives DMA channel 2 the caller's ES:BX, ECX bytes and the mode BH. It counts within 64 KiB: CF =
// 1 and AH if that is not enough.
start_dma_channel:
  movzx eax, word ptr [bp + R_ES]
  shl eax, 4
  movzx edx, word ptr [bp + R_BX]
  add eax, edx
  movzx edx, ax
  dec ecx
  add edx, ecx
  cmp edx, 0x10000
  jae 1f
  mov edx, eax
  mov al, 0x06                        // not while it is set
  out 0x0a, al
  out 0x0c, al                        // low byte first
  mov al, bh
  out 0x0b, al
  mov al, dl
  out 0x04, al
  mov al, dh
  out 0x04, al
  shr edx, 16
  mov al, dl
  out 0x81, al
  mov al, cl
  out 0x05, al
  mov al, ch
  out 0x05, al
  mov al, 0x02
  out 0x0a, al
  clc
  ret
1:
  mov ah, CROSSES_64K
  stc
  ret

// 05h. Track CH, head DH anew: ES:BX has four bytes for each of its sectors.
format:
  call prepare_drive
  jnz 1f
  call seek
  jnz 1f
  call parameter_table
  movzx ecx, byte ptr es:[bx + 4]
  shl cx, 2
  mov bh, 0x4a
  call start_dma_channel
  jc 1f
  call settle
  mov al, 0x4d
  call send
  jc 6b
  call send_unit
  call parameter_table
  mov si, bx
  mov al, es:[si + 3]
  call send
  mov al, es:[si + 4]
  call send
  mov al, es:[si + 7]                 // its own gap
  call send
  mov al, es:[si + 8]                 // what the sectors are filled with
  call send
  jmp finish
1:
  jmp leave_motor

// 08h. BL: type, CH: last track, CL: last sector, DH: last head, DL: drives, ES:DI: parameters.
parameters:
  mov [bp + R_BL], al
  mov byte ptr [bp + R_BH], 0
  call table_of_type
  mov [bp + R_DI], bx
  mov [bp + R_ES], cs
  mov ah, cs:[bx + 11]
  mov al, cs:[bx + 4]
  mov [bp + R_CX], ax
  mov ah, 1
  call drive_count
  mov [bp + R_DX], ax
  mov word ptr [bp + R_AX], 0
  mov ah, 0
  ret
no_parameters:
  xor ax, ax
  mov [bp + R_AX], ax
  mov [bp + R_BX], ax
  mov [bp + R_CX], ax
  mov [bp + R_DI], ax
  mov [bp + R_ES], ax
  call drive_count
  mov [bp + R_DX], ax
  mov ah, 0
  ret

// AL: how many drives there are.
drive_count:
  mov al, CMOS_FLOPPIES
  call read_cmos
  test al, al
  jz 2f
  test al, 0x0f
  mov al, 1
  jz 2f
  inc ax
2:
  ret

// 15h. AH: 2, a drive that notices when its disk is taken out; 1, one that does not; 0, none.
kind:
  mov byte ptr [bp + R_AH], 2
  cmp al, 2
  jae answered
  mov byte ptr [bp + R_AH], 1
  jmp answered

// 16h. AH: 6 if the disk was taken out.
change_line:
  call start_motor
  call disk_changed
  mov ah, 0
  jz 1f
  mov ah, CHANGED
1:
  jmp leave_motor

// 17h. AL: 1 to 4, the disk that is to be formatted.
set_kind:
  mov al, [bp + R_AL]
  dec al
  cmp al, 3
  ja bad_command
  movzx bx, al
  mov al, cs:[bx + kind_rates]
  jmp keep_rate

// 18h. CH: last track, CL: sectors. ES:DI: parameters to format it with.
set_media:
  mov si, offset tables
1:
  mov ah, cs:[si + 11]
  mov al, cs:[si + 4]
  cmp ax, [bp + R_CX]
  je 2f
  add si, 13
  cmp si, offset tables_end
  jb 1b
  mov ah, 0x0c                        // not for this drive
  ret
2:
  mov [bp + R_DI], si
  mov [bp + R_ES], cs
  mov al, cs:[si + 12]
keep_rate:
  shl al, 6
  or al, RATE_KNOWN | 0x07
  movzx bx, byte ptr [bp + R_DL]
  mov [bx + FLOPPY_STATES], al
  mov ah, 0
  ret

// BX: the parameters for drives of type AL.
table_of_type:
  movzx bx, al
  cmp bl, 6
  jbe 1f
  mov bl, 4
1:
  add bx, bx
  mov bx, cs:[bx + tables_by_type]
  ret

.section .rodata
kind_rates:
  .byte 2, 1, 0, 2                    // 360 KB, the same in a 1.2 MB drive, 1.2 MB, 720 KB
tables_by_type:
  .word FLOPPY_TABLE, table_360, table_1200, table_720, FLOPPY_TABLE, table_2880, table_2880
// Step rate and head unload time; head load time and DMA; ticks until the motor stops; 512 bytes;
// sectors; gap; data length; format gap and byte; head settle time; eighths of a second until the
// motor turns. Behind that for us: the last track, and the rate.
tables:
table_360:
  .byte 0xdf, 0x02, 0x25, 0x02, 9, 0x2a, 0xff, 0x50, 0xf6, 0x0f, 0x08, 39, 2
table_1200:
  .byte 0xdf, 0x02, 0x25, 0x02, 15, 0x1b, 0xff, 0x54, 0xf6, 0x0f, 0x08, 79, 0
table_720:
  .byte 0xdf, 0x02, 0x25, 0x02, 9, 0x2a, 0xff, 0x50, 0xf6, 0x0f, 0x08, 79, 2
table_1440:
  .byte 0xdf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08, 79, 0
table_2880:
  .byte 0xaf, 0x02, 0x25, 0x02, 36, 0x1b, 0xff, 0x53, 0xf6, 0x0f, 0x08, 79, 3
tables_end:
.section .floppy_table, "a"
  .byte 0xdf, 0x02, 0x25, 0x02, 18, 0x1b, 0xff, 0x6c, 0xf6, 0x0f, 0x08, 79, 0
