// Where a program begins, and the one instruction through which it reaches the kernel.
.intel_syntax noprefix
#include "../system_calls.h"

.text
.globl _start
_start:
  call main
  mov ebx, eax
  mov eax, SYS_EXIT
  int 0x80

// int ask(int number, unsigned first, unsigned second)
.globl ask
ask:
  push ebx
  mov eax, [esp + 8]
  mov ebx, [esp + 12]
  mov ecx, [esp + 16]
  int 0x80
  pop ebx
  ret
