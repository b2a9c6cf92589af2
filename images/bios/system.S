// INT 15h: the system services.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

.globl interrupt_15
interrupt_15:
  cmp ah, 0x4f                        // a key's code: as it came, nobody wants it
  je key_passes
  ENTER
  mov si, offset services
1:
  cmp ah, cs:[si]
  je 2f
  add si, 3
  cmp si, offset services_end
  jb 1b
unknown:
  mov byte ptr [bp + R_AH], 0x86      // no such service
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
  LEAVE
2:
  CALL_BY 1, si
  LEAVE

key_passes:
  push bp
  mov bp, sp
  or byte ptr [bp + 6], FLAG_CARRY    // in the caller's flags
  pop bp
  iret

.section .rodata
.macro SERVICE number, place
  .byte \number
  .word \place
.endm
services:
  SERVICE 0x24, a20_services
  SERVICE 0x83, event_wait
  SERVICE 0x86, wait
  SERVICE 0x87, move_block
  SERVICE 0x88, extended_size
  SERVICE 0x80, success               // 80h to 85h, 90h and 91h are there for others to hook
  SERVICE 0x81, success
  SERVICE 0x82, success
  SERVICE 0x85, success
  SERVICE 0x90, success
  SERVICE 0x91, success
  SERVICE 0xc0, configuration
  SERVICE 0xc1, extended_data_area
  SERVICE 0xe8, memory_services
services_end:
.text

no_service:
  mov byte ptr [bp + R_AH], 0x86
  jmp failure

// 83h. AL = 0: after CX:DX µs, bit 7 of ES:BX becomes 1. AL = 1: not any more.
event_wait:
  cmp al, 1
  je stop_event
  mov ecx, [bp + R_CX]
  shl ecx, 16
  mov cx, [bp + R_DX]
  mov di, [bp + R_BX]
  call start_wait
  mov byte ptr [bp + R_AH], 0
  jc failure
  jmp success
stop_event:
  call stop_wait
  jmp success

// 86h. Returns after CX:DX µs.
wait:
  mov ecx, [bp + R_CX]
  shl ecx, 16
  mov cx, [bp + R_DX]
  mov es, [EBDA_SEGMENT]
  mov di, WAIT_DONE
  mov byte ptr es:[di], 0
  call start_wait
  mov byte ptr [bp + R_AH], 0x83      // somebody waits already
  jc failure
1:
  cli
  test byte ptr es:[di], 0x80
  jnz 2f
  sti
  hlt
  jmp 1b
2:
  jmp success

// C0h. ES:BX: what machine this is.
configuration:
  mov word ptr [bp + R_BX], offset CONFIGURATION_TABLE
  mov [bp + R_ES], cs
  jmp success

.section .configuration, "a"
  .word 8                             // bytes that follow
  .byte 0xfc, 0x00, 0x01              // an AT
  .byte 0x74                          // two interrupt controllers, clock, INT 15h 4Fh, EBDA
  .byte 0x40                          // INT 16h 09h
  .byte 0, 0, 0
.text

// C1h. ES: the extended data area.
extended_data_area:
  mov ax, [EBDA_SEGMENT]
  mov [bp + R_ES], ax
  jmp success_with_ah

// E8h.
memory_services:
  cmp al, 0x01
  je memory_sizes
  cmp al, 0x20
  je memory_map
  jmp no_service

// 24h: address line 20, which wraps addresses at 1 MiB when it is off, as an 8086 does.
a20_services:
  cmp al, 3
  ja no_service
  je 3f
  cmp al, 2
  je 2f
  call set_a20
  jmp success
2:
  in al, 0x92
  shr al, 1
  and al, 1
  mov [bp + R_AL], al
  jmp success
3:
  mov word ptr [bp + R_BX], 0x0003    // by the keyboard controller and by port 92h
  jmp success

// Line 20 as bit 0 of AL says. AL: as it was.
set_a20:
  push dx
  mov dl, al
  and dl, 1
  in al, 0x92
  mov dh, al
  and al, 0xfc                        // bit 0 would reset the machine
  add dl, dl
  or al, dl
  out 0x92, al
  mov al, dh
  shr al, 1
  and al, 1
  pop dx
  ret

// 87h: CX words from one place to another, anywhere in memory. ES:SI: six descriptors, of which the
// caller has made the third and the fourth: source and destination. The others are for us.
move_block:
  cmp word ptr [bp + R_CX], 0x8000
  ja 4f
  cli                                 // real mode's interrupt table means nothing in between
  mov al, 1
  call set_a20
  push ax
  push ss
  mov si, [bp + R_SI]
  xor eax, eax
  mov ax, es
  shl eax, 4
  movzx edx, si
  add eax, edx                        // the table's address
  mov word ptr es:[si + 0x08], 0x2f   // its own descriptor: also what LGDT reads
  mov es:[si + 0x0a], eax
  mov dword ptr es:[si + 0x20], 0x0000ffff
  mov dword ptr es:[si + 0x24], 0x00009b0f  // this code, at F0000h
  xor eax, eax
  mov ax, ss
  shl eax, 4
  mov word ptr es:[si + 0x28], 0xffff
  mov es:[si + 0x2a], eax
  mov byte ptr es:[si + 0x2d], 0x93   // the stack, where it is
  mov word ptr es:[si + 0x2e], 0
  mov cx, [bp + R_CX]
  lgdt es:[si + 0x08]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  ljmp 0x20, offset protected
protected:
  mov ax, 0x10
  mov ds, ax
  mov ax, 0x18
  mov es, ax
  mov ax, 0x28
  mov ss, ax
  xor si, si
  xor di, di
  rep movsw
  mov ds, ax                          // limits of 64 KiB for real mode
  mov es, ax
  mov eax, cr0
  and al, 0xfe
  mov cr0, eax
  ljmp 0xf000, offset real
real:
  pop ss                              // the same place, now as a segment
  push BDA
  pop ds
  pop ax
  call set_a20
  jmp success
4:
  mov byte ptr [bp + R_AH], 0x02
  jmp failure
