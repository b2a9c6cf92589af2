// The start of a guest in C: its header, a stack, and main. When main returns, that is the end.
.intel_syntax noprefix
#include "multiboot.inc"

.text
.globl _start
_start:
  mov esp, offset stack_top
  cld
  push ebx                            // the loader's information
  push eax                            // its magic number
  call main
stop:
  cli
  hlt
  jmp stop

.section .bss
.balign 16
  .skip 4096
stack_top:
