// The start, the way into an attempt, and the ways out of it.
.intel_syntax noprefix
#include "../common/multiboot.inc"
#include "redpill.h"

.text
.globl _start
_start:
  mov esp, offset stack_top
  cld
  call converse

// uint32_t attempt(uint32_t (*code)(void), uint32_t number)
.globl attempt
attempt:
  pusha
  mov [safe_esp], esp
  mov dword ptr [vector], -1
  mov eax, [esp + 40]                 // the number
  int VECTOR_BEGIN
  call [esp + 36]                     // the code
  mov [answer], eax
over:
  mov esp, [safe_esp]
  mov eax, [esp + 40]
  int VECTOR_END
  popa
  mov eax, [vector]
  ret

// All gates are trap gates: the interrupt flag stays what the instruction in question has made it,
// and nobody here has to bring it back by an instruction that is itself in question.
fault:
  pop [vector]
  pop [error_code]
  jmp over

mark:
  iretd

// The timer ends a HLT, a byte on the serial line the waiting for it.
device:
  push eax
  mov al, 0x20
  out 0x20, al
  pop eax
  iretd

.macro stub vector
stub_\vector:
  .if (\vector == VECTOR_BEGIN) || (\vector == VECTOR_END)
  jmp mark
  .elseif \vector >= 32
  jmp device
  .else
  .if (\vector != 8) && ((\vector < 10) || (\vector > 14)) && (\vector != 17)
  push 0
  .endif
  push \vector
  jmp fault
  .endif
.endm
.altmacro
.set vector_number, 0
.rept VECTORS
  stub %vector_number
  .set vector_number, vector_number + 1
.endr

.section .rodata
.globl stubs
.macro address vector
  .long stub_\vector
.endm
stubs:
.set vector_number, 0
.rept VECTORS
  address %vector_number
  .set vector_number, vector_number + 1
.endr

.section .bss
.balign 16
  .skip 4096
stack_top:
safe_esp:
  .skip 4
vector:
  .skip 4
.globl answer, error_code
answer:
  .skip 4
error_code:
  .skip 4
