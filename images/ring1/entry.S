// The way in, into the probes, and back out of them.
.intel_syntax noprefix
#include "../common/multiboot.inc"
#include "ring1.h"

.text
.globl _start
_start:
  mov esp, offset stack_top
  cld
  call report

// uint32_t enter(const struct start *start): goes there with IRET. To ring 0 that takes no stack;
// the probe then runs on ours.
.globl enter
enter:
  mov eax, [esp + 4]
  pusha
  mov [kernel_esp], esp
  mov ebx, [eax + 4]                  // CS
  mov edi, [eax + 16]                 // SS
  test ebx, 3
  jz same_ring
  push edi
  push [eax + 12]                     // ESP
same_ring:
  push [eax + 8]                      // EFLAGS
  push ebx
  push [eax]                          // EIP
  mov ds, edi
  mov es, edi
  iretd

// Whatever brings the processor back, we return from `enter`. Nothing is said of DS here: a probe
// may have loaded it.
back:
  mov ecx, DATA
  mov ds, ecx
  mov es, ecx
  mov [answer], eax
  pop eax                             // the vector
  pop [error_code]
  mov esp, [kernel_esp]
  mov [esp + 28], eax                 // POPA takes it from here
  popa
  ret

// The only real interrupt: it wakes the processor from HLT.
timer:
  push eax
  mov al, 0x20
  out 0x20, al
  pop eax
  iretd

.macro stub vector
stub_\vector:
  .if \vector == VECTOR_TIMER
  jmp timer
  .endif
  .if (\vector != 8) && ((\vector < 10) || (\vector > 14)) && (\vector != 17)
  push 0
  .endif
  push \vector
  jmp back
.endm
.altmacro
.set vector, 0
.rept 50
  stub %vector
  .set vector, vector + 1
.endr
  stub 128

.section .rodata
.globl stubs
.macro address vector
  .long stub_\vector
.endm
stubs:
.set vector, 0
.rept 50
  address %vector
  .set vector, vector + 1
.endr
  address 128

.section .bss
.balign 16
  .skip 4096
stack_top:
kernel_esp:
  .skip 4
.globl error_code, answer
error_code:
  .skip 4
answer:
  .skip 4
