// Where a program begins, and the system calls: a number, up to three arguments, INT 80h.
.intel_syntax noprefix
#include "../system_calls.h"

.text
.globl _start
_start:                               // the stack has main's arguments already
  call main
  push eax
  push 0                              // where exit expects its return address
  jmp exit

// A section each: the linker leaves out those a program does not use.
.macro system_call name, number
.section .text.\name, "ax"
.globl \name
\name:
  mov eax, \number
  jmp enter_kernel
.endm

.section .text.enter_kernel, "ax"
enter_kernel:
  push ebx
  mov ebx, [esp + 8]
  mov ecx, [esp + 12]
  mov edx, [esp + 16]
  int 0x80
  pop ebx
  ret

  system_call exit, SYS_EXIT
  system_call fork, SYS_FORK
  system_call read, SYS_READ
  system_call write, SYS_WRITE
  system_call open, SYS_OPEN
  system_call close, SYS_CLOSE
  system_call wait, SYS_WAIT
  system_call unlink, SYS_UNLINK
  system_call exec, SYS_EXEC
  system_call time, SYS_TIME
  system_call brk, SYS_BRK
  system_call lseek, SYS_LSEEK
  system_call getpid, SYS_GETPID
  system_call fstat, SYS_FSTAT
  system_call kill, SYS_KILL
  system_call dup, SYS_DUP
  system_call pipe, SYS_PIPE
  system_call times, SYS_TIMES
  system_call yield, SYS_YIELD
  system_call sleep, SYS_SLEEP
  system_call ps, SYS_PS
  system_call halt, SYS_HALT
  system_call onfault, SYS_ONFAULT

// void attempt(struct fault *fault, void (*action)(void)): does something a program may not
// do, and lives on. The kernel sends the fault to `struck`: vector in EAX, error code in EDX,
// page fault address in ECX, the instruction's address in EBX.
.section .text.attempt, "ax"
.globl attempt
attempt:
  push ebp
  push ebx
  push esi
  push edi
  mov [stopped_at], esp
  mov eax, offset struck
  push eax
  call onfault
  call [esp + 4 + 24]                 // action
  mov eax, -1                         // nothing struck
  xor edx, edx
  xor ecx, ecx
  xor ebx, ebx
struck:
  mov esp, [stopped_at]
  mov edi, [esp + 20]                 // fault
  mov [edi], eax
  mov [edi + 4], edx
  mov [edi + 8], ecx
  mov [edi + 12], ebx
  push 0                              // no handler any more
  call onfault
  add esp, 4
  pop edi
  pop esi
  pop ebx
  pop ebp
  ret

.section .bss.attempt, "aw", @nobits
stopped_at:
  .skip 4
