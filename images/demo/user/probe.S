// Instructions that C has no word for, tried in ring 3.
.intel_syntax noprefix
#include "../system_calls.h"

// uint64_t probe_NAME(void): does one thing a program may not do. The kernel sends the
// fault to `struck`, the vector in EAX and the error code in EDX, which is also how a C
// function returns 64 bits. If nothing struck, the vector is -1.
.macro probe name, instruction:vararg
.globl probe_\name
probe_\name:
  push ebx
  mov eax, SYS_ON_FAULT
  mov ebx, offset struck
  int 0x80
  \instruction
  jmp passed
.endm

.text
  probe cli, cli
  probe hlt, hlt
  probe out, out 0x80, al
  probe cr3, mov eax, cr3
  probe kernel, mov eax, [0x100000]

passed:
  mov eax, SYS_ON_FAULT               // let through: take the handler back
  xor ebx, ebx
  int 0x80
  mov eax, -1
  xor edx, edx
struck:
  pop ebx
  ret

// Names no handler: the kernel ends this program and starts it anew.
.globl divide_by_zero
divide_by_zero:
  xor ecx, ecx
  xor edx, edx
  mov eax, 1
  div ecx
  ret

// The instructions which answer in ring 3 as well, though their answer is the kernel's
// business: they read what the processor really holds.

.globl read_cs
read_cs:
  mov eax, cs
  ret

.globl read_eflags
read_eflags:
  pushfd
  pop eax
  ret

.globl read_gdtr                      // (six bytes): limit, then base
read_gdtr:
  mov eax, [esp + 4]
  sgdt [eax]
  ret

.globl read_idtr
read_idtr:
  mov eax, [esp + 4]
  sidt [eax]
  ret

.globl read_machine_status
read_machine_status:
  xor eax, eax
  smsw ax
  ret

.globl read_task_register
read_task_register:
  xor eax, eax
  str ax
  ret

.globl read_local_table
read_local_table:
  xor eax, eax
  sldt ax
  ret
