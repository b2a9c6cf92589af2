// The system on the probes' disk: INT 20h and a small part of INT 21h, as programs for DOS know
// them, over nothing but the services of the BIOS. It runs each program on the disk and ends.
.intel_syntax noprefix
#include "../bios/bios.inc"
.code16
#define HOME 0x0060                   // where the boot sector puts it
#define FAT_SEGMENT 0x0800
#define DIRECTORY_SEGMENT 0x0a00
#define FIRST_PROGRAM 0x1000          // each running program has 64 KiB
#define DATA_SECTOR 33

.text
.globl system
system:
  cli
  mov ax, cs
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov sp, 0x4000
  sti
  cld
  mov [drive], dl
  push 0
  pop es
  mov word ptr es:[0x20 * 4], offset interrupt_20
  mov es:[0x20 * 4 + 2], cs
  mov word ptr es:[0x21 * 4], offset interrupt_21
  mov es:[0x21 * 4 + 2], cs
  mov ax, 0x00e3                      // COM1: 9600 bits a second, eight bits
  xor dx, dx
  int 0x14
  mov ax, FAT_SEGMENT
  mov bx, 1
  mov cx, 9
  call read_sectors
  mov ax, DIRECTORY_SEGMENT
  mov bx, 19
  mov cx, 14
  call read_sectors

  mov si, 0
1:
  mov ax, DIRECTORY_SEGMENT
  mov es, ax
  cmp byte ptr es:[si], 0
  je 4f
  cmp byte ptr es:[si + 11], 0x20     // hidden ones are for other programs to start
  jne 3f
  push si
  mov di, offset name
  mov cx, 8
2:
  mov al, es:[si]
  cmp al, ' '
  je 5f
  mov [di], al
  inc si
  inc di
  loop 2b
5:
  mov dword ptr [di], 0x4d4f432e      // .COM
  mov byte ptr [di + 4], 0
  mov dx, offset name
  mov ax, 0x4b00
  int 0x21
  pop si
3:
  add si, 32
  jmp 1b
4:
  mov dx, offset done
  mov ah, 0x09
  int 0x21
  mov al, 0
  out 0xf4, al
6:
  cli
  hlt
  jmp 6b

done:
  .ascii "All probes done\r\n$"

// CX sectors from number BX on to AX:0.
read_sectors:
  mov es, ax
1:
  push cx
  push bx
  mov ax, bx
  xor dx, dx
  mov cx, 36
  div cx                              // AX: track, DX: sector on both sides
  mov ch, al
  mov ax, dx
  mov dh, 18
  div dh                              // AL: head, AH: sector
  mov dh, al
  mov cl, ah
  inc cl
  mov dl, [drive]
  mov di, 4
2:
  xor bx, bx
  mov ax, 0x0201
  int 0x13
  jnc 3f
  mov ah, 0
  int 0x13
  dec di
  jnz 2b
  mov dx, offset unreadable
  mov ah, 0x09
  int 0x21
  jmp 6b
3:
  pop bx
  pop cx
  inc bx
  mov ax, es
  add ax, 0x20
  mov es, ax
  loop 1b
  ret
unreadable:
  .ascii "A sector cannot be read\r\n$"

interrupt_20:
  mov ah, 0x4c
  mov al, 0
interrupt_21:
  ENTER
  push cs
  pop ds
  sti
  mov si, offset services
1:
  cmp ah, [si]
  je 2f
  add si, 3
  cmp si, offset services_end
  jb 1b
  mov word ptr [bp + R_AX], 0x0001    // no such function
fail:
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
  LEAVE
2:
  and byte ptr [bp + R_FLAGS], ~FLAG_CARRY
  CALL_BY 1, si
  LEAVE

.macro SERVICE number, place
  .byte \number
  .word \place
.endm
services:
  SERVICE 0x02, put_character
  SERVICE 0x09, put_string
  SERVICE 0x25, set_vector
  SERVICE 0x2a, get_date
  SERVICE 0x2c, get_time
  SERVICE 0x30, version
  SERVICE 0x35, get_vector
  SERVICE 0x3d, open
  SERVICE 0x3e, close
  SERVICE 0x3f, read
  SERVICE 0x40, write
  SERVICE 0x4b, execute
  SERVICE 0x4c, terminate
  SERVICE 0x4d, exit_code_of_child
  SERVICE 0x62, own_segment
services_end:

put_character:                        // DL
  mov al, dl
// AL to the screen, COM1 and the debug port.
put:
  push ax
  push bx
  push dx
  out 0xe9, al
  mov ah, al
  mov dx, 0x3fd
1:
  in al, dx
  test al, 0x20
  jz 1b
  mov al, ah
  mov dx, 0x3f8
  out dx, al
  mov ah, 0x0e
  mov bx, 0x0007
  int 0x10
  pop dx
  pop bx
  pop ax
  ret

put_string:                           // DS:DX, up to a $
  mov es, [bp + R_DS]
  mov si, dx
2:
  lods al, byte ptr es:[si]
  cmp al, '$'
  je 3f
  call put
  jmp 2b
3:
  ret

write:                                // BX = 1: CX bytes from DS:DX
  mov es, [bp + R_DS]
  mov si, dx
  mov [bp + R_AX], cx
  jcxz 5f
4:
  lods al, byte ptr es:[si]
  call put
  loop 4b
5:
  ret

set_vector:                           // AL: number, DS:DX
  push 0
  pop es
  movzx di, al
  shl di, 2
  mov ax, dx
  stosw
  mov ax, [bp + R_DS]
  stosw
  ret
get_vector:                           // AL: number; ES:BX
  push 0
  pop es
  movzx di, al
  shl di, 2
  mov ax, es:[di]
  mov [bp + R_BX], ax
  mov ax, es:[di + 2]
  mov [bp + R_ES], ax
  ret

version:                              // AL: 3, AH: 30
  mov word ptr [bp + R_AX], 0x1e03
  mov word ptr [bp + R_BX], 0
  mov word ptr [bp + R_CX], 0
  ret

get_date:                             // CX: year, DH: month, DL: day
  mov ah, 0x04
  int 0x1a
  mov al, dl
  call from_decimal
  mov [bp + R_DL], al
  mov al, dh
  call from_decimal
  mov [bp + R_DH], al
  mov al, ch
  call from_decimal
  mov ah, 100
  mul ah
  mov bx, ax
  mov al, cl
  call from_decimal
  mov ah, 0
  add ax, bx
  mov [bp + R_CX], ax
  ret
get_time:                             // CH, CL, DH: hours, minutes, seconds
  mov ah, 0x02
  int 0x1a
  mov al, ch
  call from_decimal
  mov [bp + R_CH], al
  mov al, cl
  call from_decimal
  mov [bp + R_CL], al
  mov al, dh
  call from_decimal
  mov [bp + R_DH], al
  mov byte ptr [bp + R_DL], 0
  ret
from_decimal:
  mov ah, al
  shr ah, 4
  and al, 0x0f
  aad
  ret

// The directory's entry of the file whose name is at the caller's DS:DX, in ES:DI. CF = 1: none.
find:
  mov es, [bp + R_DS]
  mov si, [bp + R_DX]
  mov di, offset wanted
  mov eax, 0x20202020
  mov [di], eax
  mov [di + 4], eax
  mov [di + 7], eax
1:
  lods al, byte ptr es:[si]
  test al, al
  jz 3f
  cmp al, '.'
  jne 2f
  mov di, offset wanted + 8
  jmp 1b
2:
  mov [di], al
  inc di
  jmp 1b
3:
  mov ax, DIRECTORY_SEGMENT
  mov es, ax
  xor di, di
4:
  cmp byte ptr es:[di], 0
  stc
  je 5f
  push di
  mov si, offset wanted
  mov cx, 11
  repe cmpsb
  pop di
  je 5f                               // CF = 0
  add di, 32
  jmp 4b
5:
  ret

// The next cluster after BX; CF = 1 if it was the last.
next_cluster:
  push ax
  push ds
  mov ax, FAT_SEGMENT
  mov ds, ax
  mov ax, bx
  shr ax, 1
  pushf
  add ax, bx                          // one and a half bytes each
  mov bx, ax
  mov bx, [bx]
  popf
  jnc 1f
  shr bx, 4
1:
  and bx, 0x0fff
  cmp bx, 0x0ff8
  cmc
  pop ds
  pop ax
  ret

open:                                 // DS:DX: the name; AX: a handle
  call find
  jc not_found
  mov ax, es:[di + 26]
  mov [open_cluster], ax
  mov word ptr [bp + R_AX], 5
  ret
not_found:
  mov word ptr [bp + R_AX], 0x0002
  or byte ptr [bp + R_FLAGS], FLAG_CARRY
close:
  ret

read:                                 // a whole cluster to DS:DX; AX: its bytes, 0 at the end
  mov word ptr [bp + R_AX], 0
  mov bx, [open_cluster]
  cmp bx, 0x0ff8
  jae 1f
  push bx
  add bx, DATA_SECTOR - 2
  mov ax, DIRECTORY_SEGMENT + 0x200   // a buffer
  mov cx, 1
  call read_sectors
  pop bx
  call next_cluster
  mov [open_cluster], bx
  push ds
  mov ax, DIRECTORY_SEGMENT + 0x200
  mov ds, ax
  xor si, si
  mov es, [bp + R_DS]
  mov di, [bp + R_DX]
  mov cx, 256
  rep movsw
  pop ds
  mov word ptr [bp + R_AX], 512
1:
  ret

// AL = 0: runs the program whose name is at DS:DX.
execute:
  call find
  jc not_found
  mov bx, es:[di + 26]
  add word ptr [segment], 0x1000
  mov ax, [segment]
  add ax, 0x10
1:
  push ax
  push bx
  add bx, DATA_SECTOR - 2
  mov cx, 1
  call read_sectors
  pop bx
  pop ax
  add ax, 0x20
  call next_cluster
  jnc 1b
  // The program's prefix: INT 20h in front, the memory's end, an empty command line.
  mov es, [segment]
  xor di, di
  xor ax, ax
  mov cx, 128
  rep stosw
  mov word ptr es:[0], 0x20cd
  mov word ptr es:[2], 0x9fc0
  mov byte ptr es:[0x81], 13
  push word ptr [parent_stack]
  push word ptr [parent_stack + 2]
  mov [parent_stack], sp
  mov [parent_stack + 2], ss
  mov ax, [segment]
  cli
  mov ss, ax
  mov sp, 0xfffe
  push 0                              // a RET leads to the INT 20h
  push 0x0202
  push ax
  push 0x0100
  mov ds, ax
  mov es, ax
  iret

terminate:                            // AL: for the parent
  cli
  mov [exit_code], al
  mov ss, [parent_stack + 2]
  mov sp, [parent_stack]
  pop word ptr [parent_stack + 2]
  pop word ptr [parent_stack]
  sti
  sub word ptr [segment], 0x1000
  add sp, 2                           // out of `execute`
  mov bp, sp
  and byte ptr [bp + R_FLAGS], ~FLAG_CARRY
  LEAVE

exit_code_of_child:                   // AL
  movzx ax, byte ptr [exit_code]
  mov [bp + R_AX], ax
  ret

own_segment:                          // BX
  mov ax, [segment]
  mov [bp + R_BX], ax
  ret

drive:
  .byte 0
exit_code:
  .byte 0
segment:
  .word FIRST_PROGRAM - 0x1000
parent_stack:
  .word 0, 0
open_cluster:
  .word 0
name:
  .fill 16
wanted:
  .fill 11
