// INT 14h: serial ports. INT 17h: printers, of which there are none.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// Looks at the usual places for a UART, which keeps what is written to its scratch register.
.globl find_serial_ports
find_serial_ports:
  mov si, offset places
  xor bx, bx
1:
  mov dx, cs:[si]
  add dx, 7
  mov al, 0x5a
  out dx, al
  in al, dx
  cmp al, 0x5a
  jne 2f
  mov al, 0xa5
  out dx, al
  in al, dx
  cmp al, 0xa5
  jne 2f
  sub dx, 4                           // eight bits, for who does not set the line
  mov al, 0x03
  out dx, al
  sub dx, 3
  mov [bx + COM_PORTS], dx
  add bx, 2
2:
  add si, 2
  cmp si, offset places_end
  jb 1b
  // Their number is in bits 9 to 11 of the equipment.
  shl bx, 8
  and word ptr [EQUIPMENT], 0xf1ff
  or [EQUIPMENT], bx
  ret

.section .rodata
places:
  .word 0x3f8, 0x2f8, 0x3e8, 0x2e8
places_end:
// Divisors of 115200 for 110 to 9600 bits a second.
divisors:
  .word 1047, 768, 384, 192, 96, 48, 24, 12
services:
  .word set_line, send, receive, line_status
.text

.globl interrupt_14
interrupt_14:
  sti
  ENTER
  movzx si, byte ptr [bp + R_DL]
  cmp si, 4
  jae 1f
  add si, si
  mov dx, [si + COM_PORTS]
  test dx, dx
  jz 1f
  shr si, 1
  DISPATCH services, 4
1:
  LEAVE

// 00h. AL: bits 5 to 7 speed, 3 and 4 parity, 2 stop bits, 0 and 1 length. AX: the status.
set_line:
  mov ch, al
  add dx, 3
  mov al, 0x80                        // the divisor's bytes are at ports 0 and 1
  out dx, al
  movzx bx, ch
  shr bx, 5
  add bx, bx
  mov bx, cs:[bx + divisors]
  sub dx, 3
  mov al, bl
  out dx, al
  inc dx
  mov al, bh
  out dx, al
  add dx, 2
  mov al, ch
  and al, 0x1f
  out dx, al
  sub dx, 2
  mov al, 0
  out dx, al                          // no interrupts
  dec dx
// 03h. AH: line status, AL: modem status.
line_status:
  add dx, 5
  in al, dx
  mov ah, al
  inc dx
  in al, dx
  mov [bp + R_AX], ax
  ret

// 01h. AL: a byte. AH: line status, bit 7: it was not sent in time.
send:
  add dx, 4
  mov al, 3                           // DTR, RTS
  out dx, al
  inc dx
  mov bh, 0x20                        // until the transmitter is empty
  call wait_for_line
  jc timed_out
  mov ah, al
  sub dx, 5
  mov al, [bp + R_AL]
  out dx, al
  mov [bp + R_AH], ah
  ret

// 02h. AL: the byte that came. AH: errors, bit 7: none came in time.
receive:
  add dx, 4
  mov al, 1                           // DTR
  out dx, al
  inc dx
  mov bh, 0x01                        // until there is a byte
  call wait_for_line
  jc timed_out
  and al, 0x1e
  mov ah, al
  sub dx, 5
  in al, dx
  mov [bp + R_AX], ax
  ret
timed_out:
  or al, 0x80
  mov [bp + R_AH], al
  ret

// Waits for a bit of BH in the line status, DX. AL: the status. CF = 1: not in the port's time, in
// about seconds. SI: the port's number.
wait_for_line:
  movzx di, byte ptr [si + COM_TIMEOUTS]
1:
  mov cx, 65000
2:
  in al, dx
  test al, bh
  jnz 3f
  push cx
  mov cx, 1
  call delay
  pop cx
  loop 2b
  dec di
  jnz 1b
  stc
  ret
3:
  clc
  ret

.globl interrupt_17
interrupt_17:
  cmp ah, 3
  jae 4f
  mov ah, 0x01                        // time-out: nobody is there
4:
  iret
