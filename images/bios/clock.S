// Time: the timer's interrupt 8, the clock's interrupt 70h, and INT 1Ah.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

#define TICKS_OF_DAY 0x1800b0

// 18.2 times a second: the day's ticks, the floppy drives' motors, and whoever hooked INT 1Ch.
.globl interrupt_08
interrupt_08:
  push ds
  push dx
  push eax
  push BDA
  pop ds
  mov eax, [TICKS]
  inc eax
  cmp eax, TICKS_OF_DAY
  jb 1f
  xor eax, eax
  mov byte ptr [MIDNIGHT], 1
1:
  mov [TICKS], eax
  cmp byte ptr [FLOPPY_TIMEOUT], 0
  je 2f
  dec byte ptr [FLOPPY_TIMEOUT]
  jnz 2f
  and byte ptr [FLOPPY_MOTOR], 0xf0   // nobody used the floppy drives for long: motors off
  mov dx, 0x3f2
  mov al, 0x0c
  out dx, al
2:
  int 0x1c
  cli
  mov al, 0x20
  out 0x20, al
  pop eax
  pop dx
  pop ds
  iret

// The clock's alarm becomes INT 4Ah. Its periodic interrupt counts a wait down.
.globl interrupt_70
interrupt_70:
  push ds
  pushad
  cld
  push BDA
  pop ds
  mov al, CMOS_STATUS_B
  call read_cmos
  mov ah, al
  mov al, CMOS_STATUS_C               // reading it takes the interrupt back
  call read_cmos
  and al, ah
  mov bl, al
  mov al, 0x20
  out 0xa0, al
  out 0x20, al
  test bl, 0x40
  jz 1f
  call count_wait
1:
  test bl, 0x20
  jz 2f
  sti
  int 0x4a
2:
  popad
  pop ds
  iret

// 976 µs of the wait are over. Afterwards bit 7 of the byte that WAIT_FLAG points at is 1.
count_wait:
  test byte ptr [WAIT_ACTIVE], 1
  jz 1f
  sub dword ptr [WAIT_COUNT], 976
  ja 2f
  push es
  les di, [WAIT_FLAG]
  or byte ptr es:[di], 0x80
  pop es
1:
  call stop_wait
2:
  ret

.globl stop_wait
stop_wait:
  and byte ptr [WAIT_ACTIVE], 0xfe
  mov al, CMOS_STATUS_B
  call read_cmos
  and al, 0xbf
  mov ah, al
  mov al, CMOS_STATUS_B
  jmp write_cmos

// ECX: µs, ES:DI: the byte for the end of it. CF = 1 if somebody waits already.
.globl start_wait
start_wait:
  test byte ptr [WAIT_ACTIVE], 1
  stc
  jnz 1f
  pushf
  cli
  mov [WAIT_COUNT], ecx
  mov [WAIT_FLAG], di
  mov [WAIT_FLAG + 2], es
  mov byte ptr [WAIT_ACTIVE], 1
  in al, 0xa1                         // the clock's line
  and al, 0xfe
  out 0xa1, al
  mov al, CMOS_STATUS_B
  call read_cmos
  or al, 0x40
  mov ah, al
  mov al, CMOS_STATUS_B
  call write_cmos
  popf
  clc
1:
  ret

// The clock: 32768 Hz, 976 µs between periodic interrupts, BCD, 24 hours. The day's ticks follow.
.globl start_clock
start_clock:
  cli
  mov ax, 0x2600 | CMOS_STATUS_A
  call write_cmos
  mov ax, 0x0200 | CMOS_STATUS_B
  call write_cmos
  mov al, CMOS_STATUS_C
  call read_cmos
  sti
  call stable_clock
  mov al, 4
  call read_decimal
  imul ebx, eax, 60
  mov al, 2
  call read_decimal
  add ebx, eax
  imul ebx, ebx, 60
  mov al, 0
  call read_decimal
  add eax, ebx                        // seconds of the day
  // A second has 1193182 / 65536 ticks.
  mov ebx, 1193182
  mul ebx
  shrd eax, edx, 16
  mov [TICKS], eax
  ret

// EAX: the clock's register AL, from BCD.
read_decimal:
  call read_cmos
  mov ah, al
  shr ah, 4
  and al, 0x0f
  aad
  movzx eax, al
  ret

// Waits until no update is under way, at most some milliseconds. CF = 1 if it does not end.
stable_clock:
  push cx
  mov cx, 400
1:
  mov al, CMOS_STATUS_A
  call read_cmos
  test al, 0x80
  jz 2f
  push cx
  mov cx, 1
  call delay
  pop cx
  loop 1b
  pop cx
  stc
  ret
2:
  pop cx
  clc
  ret

.globl interrupt_1a
interrupt_1a:
  sti
  ENTER
  cmp ah, 8
  jae 1f
  DISPATCH services, 8
  LEAVE
1:
  // B1h, the PCI BIOS, and all else is not there: AH stays what it was.
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
  LEAVE

.section .rodata
services:
  .word get_ticks, set_ticks, get_time, set_time, get_date, set_date, set_alarm, stop_alarm
.text

.globl success
success:
  mov byte ptr [bp + R_AH], 0
.globl success_with_ah
success_with_ah:
  and byte ptr [bp + R_FLAGS], ~FLAG_CARRY
  ret
.globl failure
failure:
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
  ret

// 00h. CX:DX: ticks since midnight; AL: whether a midnight has passed since the last call.
get_ticks:
  cli
  mov al, 0
  xchg al, [MIDNIGHT]
  mov [bp + R_AL], al
  mov ax, [TICKS]
  mov [bp + R_DX], ax
  mov ax, [TICKS + 2]
  mov [bp + R_CX], ax
  jmp success

// 01h. CX:DX
set_ticks:
  cli
  mov ax, [bp + R_DX]
  mov [TICKS], ax
  mov ax, [bp + R_CX]
  mov [TICKS + 2], ax
  mov byte ptr [MIDNIGHT], 0
  jmp success

// 02h. CH, CL, DH: hours, minutes, seconds in BCD; DL: daylight saving.
get_time:
  call stable_clock
  jc failure
  cli
  mov al, 4
  call read_cmos
  mov [bp + R_CH], al
  mov al, 2
  call read_cmos
  mov [bp + R_CL], al
  mov al, 0
  call read_cmos
  mov [bp + R_DH], al
  mov al, CMOS_STATUS_B
  call read_cmos
  and al, 1
  mov [bp + R_DL], al
  jmp success

// 03h. The same, set.
set_time:
  cli
  call hold_clock
  mov ah, [bp + R_CH]
  mov al, 4
  call write_cmos
  mov ah, [bp + R_CL]
  mov al, 2
  call write_cmos
  mov ah, [bp + R_DH]
  mov al, 0
  call write_cmos
  mov dl, [bp + R_DL]
  and dl, 1
  jmp release_clock

// 04h. CH, CL, DH, DL: century, year, month, day in BCD.
get_date:
  call stable_clock
  jc failure
  cli
  mov al, CMOS_CENTURY
  call read_cmos
  mov [bp + R_CH], al
  mov al, 9
  call read_cmos
  mov [bp + R_CL], al
  mov al, 8
  call read_cmos
  mov [bp + R_DH], al
  mov al, 7
  call read_cmos
  mov [bp + R_DL], al
  jmp success

// 05h. The same, set.
set_date:
  cli
  call hold_clock
  and bl, 1
  mov dl, bl
  mov ah, [bp + R_CH]
  mov al, CMOS_CENTURY
  call write_cmos
  mov ah, [bp + R_CL]
  mov al, 9
  call write_cmos
  mov ah, [bp + R_DH]
  mov al, 8
  call write_cmos
  mov ah, [bp + R_DL]
  mov al, 7
  call write_cmos
  jmp release_clock

// Stops the clock's updates while it is set. BL: its status B before.
hold_clock:
  mov al, CMOS_STATUS_B
  call read_cmos
  mov bl, al
  or al, 0x80
  mov ah, al
  mov al, CMOS_STATUS_B
  jmp write_cmos
// Lets it go on, in BCD and 24 hours. BL: status B before, DL bit 0: daylight saving.
release_clock:
  mov ah, bl
  and ah, 0x70
  or ah, 0x02
  or ah, dl
  mov al, CMOS_STATUS_B
  call write_cmos
  jmp success

// 06h. CH, CL, DH: the time of INT 4Ah. CF = 1 if there is one already.
set_alarm:
  cli
  mov al, CMOS_STATUS_B
  call read_cmos
  test al, 0x20
  jnz failure
  mov ah, [bp + R_DH]
  mov al, 1
  call write_cmos
  mov ah, [bp + R_CL]
  mov al, 3
  call write_cmos
  mov ah, [bp + R_CH]
  mov al, 5
  call write_cmos
  in al, 0xa1
  and al, 0xfe
  out 0xa1, al
  mov al, CMOS_STATUS_B
  call read_cmos
  and al, 0x7f
  or al, 0x20
  mov ah, al
  mov al, CMOS_STATUS_B
  call write_cmos
  jmp success

// 07h.
stop_alarm:
  cli
  mov al, CMOS_STATUS_B
  call read_cmos
  and al, 0xdf
  mov ah, al
  mov al, CMOS_STATUS_B
  call write_cmos
  jmp success
