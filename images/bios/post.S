// Power-on self test: from the reset vector to the boot loader. The processor starts here with
// nothing set up, in real mode, with interrupts off.
.intel_syntax noprefix
#include "bios.inc"
.code16

// The last 16 bytes of the ROM. The processor starts at FFFF_FFF0h, where CS has a base that no
// segment gives it: the far jump settles that.
.section .reset, "ax"
  ljmp 0xf000, 0xe05b
  .ascii "11/26/26"                   // where programs look for the date of a BIOS
  .byte 0
  .byte 0xfc                          // the model: an AT
  .byte 0

// Where programs jump to that want to start the machine anew.
.section .post, "ax"
  jmp post

.text
.globl post
post:
  cli
  cld
  POST_CODE 0x01
  // Was this a reset that a program asked for to come back from protected mode?
  mov al, CMOS_SHUTDOWN
  out 0x70, al
  in al, 0x71
  mov bl, al
  mov al, CMOS_SHUTDOWN
  out 0x70, al
  mov al, 0
  out 0x71, al
  push BDA                            // SS:SP may be anything: nothing is ever read back
  pop ds
  cmp bl, 0x05
  je resume_with_end_of_interrupt
  cmp bl, 0x0a
  je resume

  xor ax, ax
  mov ss, ax
  mov sp, 0x7c00                      // below the place of the boot sector
  POST_CODE 0x02
  call start_dma
  POST_CODE 0x03
  call start_interrupt_controllers
  POST_CODE 0x04
  call start_timer
  POST_CODE 0x05
  call fill_vectors
  POST_CODE 0x06
  call fill_data_area
  POST_CODE 0x07
  mov ax, 0xc000
  mov dx, 0xc800
  call start_roms                     // the VGA's
  cmp word ptr [MEMORY_SIZE + 2], 0   // none at its place: then the copy beside this ROM
  jne 1f
  mov ax, 0xe000
  mov dx, 0xf000
  call start_roms
1:
  PRINT banner
  POST_CODE 0x08
  call start_keyboard
  sti
  POST_CODE 0x09
  call count_memory
  POST_CODE 0x0a
  call find_serial_ports
  POST_CODE 0x0b
  call start_clock
  POST_CODE 0x0c
  call start_floppies
  POST_CODE 0x0d
  call start_disks
  POST_CODE 0x0e
  mov ax, 0xc800
  mov dx, 0xe000
  call start_roms
  mov word ptr [MEMORY_SIZE + 2], 0
  mov word ptr [RESET_FLAG], 0
  POST_CODE 0x0f
  int 0x19

// A shutdown code of 5 or 10: back to the program that left its address at 0040:0067.
resume_with_end_of_interrupt:
  mov al, 0x20
  out 0xa0, al
  out 0x20, al
resume:
  ljmp [RESUME_ADDRESS]

// Calls the ROMs from segment AX to DX: 55 AA, the length in 512 bytes, then code; all bytes add
// up to zero. Counts them in the spare word behind the memory's size.
start_roms:
  push ds
  mov ds, ax
  cmp word ptr [0], 0xaa55
  jne 3f
  movzx ecx, byte ptr [2]
  shl ecx, 9
  jz 3f
  mov bl, 0
  xor esi, esi
1:
  add bl, [si]
  inc si
  jnz 2f
  mov di, ds                          // the next 64 KiB
  add di, 0x1000
  mov ds, di
2:
  dec ecx
  jnz 1b
  mov ds, ax
  test bl, bl
  jnz 3f
  movzx cx, byte ptr [2]
  shl cx, 5
  pop ds
  push ds
  inc word ptr [MEMORY_SIZE + 2]
  push ax
  push cx
  push dx
  push cs
  push offset rom_returns
  push ax                             // the ROM's offset 3
  push 3
  FAR_RETURN
rom_returns:
  pop dx
  pop cx
  pop ax
  cli
  cld
  add ax, cx                          // 512 bytes are 20h paragraphs
  test ax, 0x7f                       // the next place is at 2 KiB
  jz 5f
  and ax, 0xff80
3:
  add ax, 0x80
5:
  pop ds
  cmp ax, dx
  jb start_roms
  ret

// Leaves DS as the BIOS needs it, and prints the string at CS:SI.
.globl print
print:
  push ax
  push bx
1:
  lods al, byte ptr cs:[si]
  test al, al
  jz 2f
  call print_character
  jmp 1b
2:
  pop bx
  pop ax
  ret

// Prints AL; the debug port E9h gets a copy.
.globl print_character
print_character:
  push ax
  push bx
  out 0xe9, al
  mov ah, 0x0e
  mov bx, 0x0007
  int 0x10
  pop bx
  pop ax
  ret

// Prints EAX in decimal.
.globl print_number
print_number:
  pushad
  mov ebx, 10
  xor cx, cx
1:
  xor edx, edx
  div ebx
  push dx
  inc cx
  test eax, eax
  jnz 1b
2:
  pop ax
  add al, '0'
  call print_character
  loop 2b
  popad
  ret

.section .rodata
banner:
  .asciz "Ringside BIOS\r\n"
