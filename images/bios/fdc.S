// The floppy controller, an 82077AA, with DMA channel 2. A command is bytes to port 3F5h, its end
// is interrupt 6, its result is bytes from port 3F5h. All of this serves the caller's drive, track
// and head: BP is the caller of INT 13h.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

#define OUTPUT 0x3f2
#define STATUS 0x3f4
#define INPUT 0x3f7

.globl interrupt_0e
interrupt_0e:
  push ds
  push ax
  push BDA
  pop ds
  or byte ptr [FLOPPY_RECALIBRATED], 0x80
  mov al, 0x20
  out 0x20, al
  pop ax
  pop ds
  iret

// Resets the controller and sets its times. AH: 0 or CONTROLLER.
.globl reset_controller
reset_controller:
  mov byte ptr [FLOPPY_RECALIBRATED], 0
  mov byte ptr [FLOPPY_TRACKS], 0xff
  mov byte ptr [FLOPPY_TRACKS + 1], 0xff
  mov dx, OUTPUT
  mov al, [FLOPPY_MOTOR]
  shl al, 4
  or al, 0x08                         // reset, with DMA and interrupt
  out dx, al
  mov cx, 2
  call delay
  or al, 0x04
  out dx, al
  call await_interrupt
  jc 2f
  mov bx, 4                           // each of four drives is "ready changed"
1:
  call sense_interrupt
  jc 2f
  dec bx
  jnz 1b
  // SPECIFY: the times of the table.
  mov al, 0x03
  call send
  jc 2f
  call parameter_table
  mov al, es:[bx]
  call send
  mov al, es:[bx + 1]
  call send
  mov ah, 0
  ret
2:
  mov ah, CONTROLLER
  ret

// ES:BX: the parameter table, INT 1Eh. Programs put their own there.
.globl parameter_table
parameter_table:
  push 0
  pop es
  les bx, es:[0x1e * 4]
  ret

// A byte to the controller. CF = 1 if it does not want one. Clobbers CX, DX.
.globl send
send:
  push ax
  mov dx, STATUS
  mov cx, 2000
1:
  in al, dx
  and al, 0xc0
  cmp al, 0x80                        // ready for a byte from us
  je 2f
  push cx
  mov cx, 1
  call delay
  pop cx
  loop 1b
  pop ax
  stc
  ret
2:
  pop ax
  inc dx
  out dx, al
  clc
  ret

// The caller's drive and head, as commands have them.
.globl send_unit
send_unit:
  mov al, [bp + R_DH]
  and al, 1
  shl al, 2
  or al, [bp + R_DL]
  jmp send

// A byte of the result in AL. CF = 1 if there is none. Clobbers CX, DX.
receive:
  mov dx, STATUS
  mov cx, 2000
1:
  in al, dx
  and al, 0xc0
  cmp al, 0xc0
  je 2f
  push cx
  mov cx, 1
  call delay
  pop cx
  loop 1b
  stc
  ret
2:
  inc dx
  in al, dx
  clc
  ret

// SENSE INTERRUPT STATUS. AL: ST0. CF = 1: nothing came. Clobbers AH, CX, DX.
sense_interrupt:
  mov al, 0x08
  call send
  jc 1f
  call receive
  jc 1f
  mov ah, al
  call receive                        // the cylinder
  mov al, ah
1:
  ret

// Waits for interrupt 6, two seconds at most. CF = 1: it did not come.
await_interrupt:
  push eax
  push edx
  mov edx, [TICKS]
  add edx, 37
1:
  cli
  test byte ptr [FLOPPY_RECALIBRATED], 0x80
  jnz 2f                              // CF = 0
  mov eax, [TICKS]
  cmp edx, eax
  jb 2f                               // CF = 1
  sti
  hlt
  jmp 1b
2:
  pushf
  and byte ptr [FLOPPY_RECALIBRATED], 0x7f
  popf
  sti
  pop edx
  pop eax
  ret

// The seven bytes of a result into the data area. CF = 1: they did not come.
.globl receive_result
receive_result:
  call await_interrupt
  jc 2f
  mov bx, FLOPPY_RESULT
1:
  call receive
  jc 2f
  mov [bx], al
  inc bx
  cmp bx, FLOPPY_RESULT + 7
  jb 1b
  clc
2:
  ret

// Selects the drive with its motor on, and waits until the disk turns.
.globl start_motor
start_motor:
  mov byte ptr [FLOPPY_TIMEOUT], 255
  mov cl, [bp + R_DL]
  mov al, 0x01
  shl al, cl
  mov ah, [FLOPPY_MOTOR]
  and byte ptr [FLOPPY_MOTOR], 0xf0
  or [FLOPPY_MOTOR], al
  and ah, al                          // AH: it turns already
  shl al, 4
  or al, cl
  or al, 0x0c
  mov dx, OUTPUT
  out dx, al
  test ah, ah
  jnz 2f
  call parameter_table
  movzx eax, byte ptr es:[bx + 10]    // in eighths of a second, which have 2.3 ticks
  lea eax, [eax + 2 * eax]
  add eax, [TICKS]
1:
  cmp eax, [TICKS]
  jbe 2f
  sti
  hlt
  jmp 1b
2:
  ret

// The motor stays on for the time of the table; then the timer's interrupt switches it off.
.globl leave_motor
leave_motor:
  push ax
  call parameter_table
  mov al, es:[bx + 2]
  mov [FLOPPY_TIMEOUT], al
  pop ax
  ret

// The head to track 0. AH: what went wrong; ZF = 1 if nothing.
recalibrate:
  mov bx, 2                           // a command makes 79 steps at most: it may need two
1:
  mov al, 0x07
  call send
  jc 3f
  mov al, [bp + R_DL]
  call send
  call await_interrupt
  jc 3f
  call sense_interrupt
  jc 3f
  and al, 0xf8
  cmp al, 0x20                        // the end of a seek
  je 2f
  dec bx
  jnz 1b
  mov ah, NO_SEEK
  or ah, ah
  ret
2:
  movzx bx, byte ptr [bp + R_DL]
  mov byte ptr [bx + FLOPPY_TRACKS], 0
  bts [FLOPPY_RECALIBRATED], bx
  xor ah, ah
  ret
3:
  mov ah, TIMEOUT
  or ah, ah
  ret

// The head to the caller's track. AH and ZF as above.
.globl seek
seek:
  mov bh, [bp + R_CH]
// The head to track BH.
seek_track:
  movzx ax, byte ptr [bp + R_DL]
  bt [FLOPPY_RECALIBRATED], ax
  jc 1f
  push bx
  call recalibrate
  pop bx
  jnz 3f
1:
  movzx si, byte ptr [bp + R_DL]
  cmp [si + FLOPPY_TRACKS], bh
  je 2f
  mov al, 0x0f
  call send
  jc 4f
  call send_unit
  mov al, bh
  call send
  call await_interrupt
  jc 4f
  call sense_interrupt
  jc 4f
  mov ah, NO_SEEK
  and al, 0xf8
  cmp al, 0x20
  jne 3f
  mov [si + FLOPPY_TRACKS], bh
2:
  xor ah, ah
3:
  ret
4:
  mov ah, TIMEOUT
  or ah, ah
  ret

// 15 ms for the head to settle, before something is written. Clobbers CX.
.globl settle
settle:
  mov cx, 1000
  jmp delay

// The drive turns, its disk is the one from before, and the controller runs at the disk's rate.
// AH and ZF as above.
.globl prepare_drive
prepare_drive:
  call start_motor
  movzx si, byte ptr [bp + R_DL]
  call disk_changed
  jz 2f
  // A step makes the drive forget that its disk was taken out; if it does not, there is none.
  mov al, [si + FLOPPY_STATES]
  mov byte ptr [si + FLOPPY_STATES], 0
  push ax
  mov bh, 1
  call seek_track
  btr [FLOPPY_RECALIBRATED], si
  call recalibrate
  pop bx
  call disk_changed
  jz 1f
  mov ah, TIMEOUT
  or ah, ah
  ret
1:
  mov ah, CHANGED                     // news only to those who knew the one before
  test bl, RATE_KNOWN
  jnz 9f
2:
  test byte ptr [si + FLOPPY_STATES], RATE_KNOWN
  jz 3f
  mov al, [si + FLOPPY_STATES]
  shr al, 6
  call set_rate
  xor ah, ah
9:
  ret
// Tries the rates that the drive has until a sector's mark can be read.
3:
  movzx bx, byte ptr [bp + R_DL]
  btr [FLOPPY_RECALIBRATED], bx
  mov dl, bl
  call drive_type
  movzx bx, al
  cmp bl, 6
  ja 5f
  shl bx, 2
  add bx, offset rates
4:
  mov al, cs:[bx]
  cmp al, 0xff
  je 5f
  call set_rate
  push bx
  mov bh, 0
  call seek_track
  jnz 6f
  mov al, 0x4a                        // READ ID
  call send
  call send_unit
  call receive_result
  pop bx
  mov ah, TIMEOUT
  jc 7f
  inc bx
  test byte ptr [FLOPPY_RESULT], 0xc0
  jnz 4b
  mov al, cs:[bx - 1]
  shl al, 6
  or al, RATE_KNOWN | 0x07
  movzx si, byte ptr [bp + R_DL]
  mov [si + FLOPPY_STATES], al
  xor ah, ah
  ret
5:
  mov ah, NO_MARK
7:
  or ah, ah
  ret
6:
  pop bx
  ret

set_rate:
  mov dx, INPUT
  out dx, al
  shl al, 6
  mov [FLOPPY_RATE], al
  ret

// ZF = 0 if the disk was taken out of the drive.
.globl disk_changed
disk_changed:
  mov dx, INPUT
  in al, dx
  test al, 0x80
  ret

.section .rodata
// Rates of the types of drives, as port 3F7h has them: 0 is 500, 1 is 300, 2 is 250 kbit/s, 3 is 1
// Mbit/s.
rates:
  .byte 0xff, 0xff, 0xff, 0xff
  .byte 2, 0xff, 0xff, 0xff           // 360 KB
  .byte 0, 1, 2, 0xff                 // 1.2 MB
  .byte 2, 0xff, 0xff, 0xff           // 720 KB
  .byte 0, 2, 0xff, 0xff              // 1.44 MB
  .byte 3, 0, 2, 0xff                 // 2.88 MB
  .byte 3, 0, 2, 0xff
