// hello: the smallest guest. Prints one line on COM1 and on the text screen, then stops.
.intel_syntax noprefix
#include "multiboot.inc"

.text
.globl _start
_start:
  mov esi, offset message
  mov edi, 0xb8000                    // the first cell of the VGA text screen
  mov ah, 0x07                        // light grey on black
next:
  lodsb                               // AL = *ESI++
  test al, al
  jz stop
  stosw                               // character and colour to the screen
  mov dx, 0x3f8                       // COM1's transmit register
  out dx, al
  mov ecx, eax
  mov dx, 0x3fd                       // COM1's line status register
wait:
  in al, dx
  test al, 0x20                       // may it take another byte?
  jz wait
  mov eax, ecx
  jmp next
stop:
  mov al, 10                          // a line feed ends the serial line
  mov dx, 0x3f8
  out dx, al
  cli                                 // with interrupts off,
  hlt                                 // this is the end
  jmp stop

.section .rodata
message:
  .asciz "Hello from ring 0"
