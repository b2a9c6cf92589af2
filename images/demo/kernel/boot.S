// The way in: a loader brings us here, 32-bit, paging off, interrupts off.
.intel_syntax noprefix
#include "../../common/multiboot.inc"

.text
.globl _start
_start:
  mov esp, offset boot_stack_top
  cld
  push ebx                            // the loader's information
  push eax                            // its magic number
  call kernel_main

// Ring 0 to ring 3 for the first time: take a frame and return into it.
.globl enter
enter:
  mov eax, [esp + 4]
  jmp resume

.section .bss
.balign 16
  .skip 4096
boot_stack_top:

// The programs, as flat files. See user.ld for their first words.
.section .rodata
.balign 4
.globl shell_image, clock_image
shell_image:
  .incbin "shell.bin"
.balign 4
clock_image:
  .incbin "clock.bin"
