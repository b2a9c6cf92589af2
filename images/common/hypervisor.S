// The other start of a guest in C, for one that includes hypervisor.h: a hypervisor enters in ring 1,
// paging on, flat segments, ESI at its start_info, on a stack that it has made. main gets that address
// and no loader's magic number. When main returns, that is the end.
.intel_syntax noprefix
#include "xen.inc"

.text
hypervisor_start:
  cld
  push esi
  push 0
  call main
  mov eax, 29                         // sched_op
  mov ebx, 2                          // shutdown
  push 0                              // power off
  mov ecx, esp
  int 0x82
never:
  jmp never

hypervisor_pages

.section .bss
.globl start_info
start_info:
  .long 0

hypervisor_notes "Guest", hypervisor_start
