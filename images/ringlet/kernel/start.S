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

.section .bss
.balign 16
  .skip 4096
.globl boot_stack_top
boot_stack_top:

// The file system the kernel brings along, in case there is no disk.
.section .data
.balign 4096
.globl ram_disk
ram_disk:
  .incbin "ringlet.disk"
.globl ram_disk_end
ram_disk_end:
