// crash: ends in a triple fault, on purpose. With an empty interrupt table the processor
// cannot deliver #UD; it cannot deliver the double fault for that either, and shuts down.
.intel_syntax noprefix
#include "multiboot.inc"

.text
.globl _start
_start:
  mov esi, offset message
  mov dx, 0x3f8                       // COM1
next:
  lodsb
  test al, al
  jz fall
  out dx, al
  jmp next
fall:
  lidt [empty]                        // limit 0: no vector has a gate
  ud2                                 // #UD, then #DF, then nothing is left

.section .rodata
message:
  .asciz "Falling\n"
empty:
  .word 0
  .long 0
