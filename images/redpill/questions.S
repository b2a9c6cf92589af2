// The instructions. `does` has nothing to tell but that it was let through; `asks` leaves in EAX
// what it read.
.intel_syntax noprefix
#include "redpill.h"

.macro question text, answers
  .section .rodata.text, "a"
1: .asciz "\text"
  .section .rodata.questions, "a"
  .long 1b, 2f, \answers
  .text
2:
.endm
.macro does text
  question "\text", 0
.endm
.macro asks text
  question "\text", 1
.endm

#define IF 0x200
#define FLAGS_SHOWN 0x3200            // IOPL and IF

.section .rodata.questions, "a"
.globl questions
questions:

// The interrupt flag: four ways to set it, one to ask for it.
does "cli"
  cli
  ret
does "sti"
  sti
  ret
does "popf IF=0"
  push 2
  popfd
  ret
does "popf IF=1"
  push IF | 2
  popfd
  ret
.macro return_with flags
  push \flags
  mov eax, cs
  push eax
  lea eax, [3f]
  push eax
  iretd
3:
  ret
.endm
does "iret IF=0"
  return_with 2
does "iret IF=1"
  return_with IF | 2
asks "pushf"
  pushfd
  pop eax
  and eax, FLAGS_SHOWN
  ret
does "hlt"
  hlt
  ret

// Where the tables are, and which task this is.
asks "sgdt"
  sub esp, 8
  sgdt [esp]
  mov eax, [esp + 2]
  add esp, 8
  ret
asks "sidt"
  sub esp, 8
  sidt [esp]
  mov eax, [esp + 2]
  add esp, 8
  ret
asks "sldt"
  sldt ax
  movzx eax, ax
  ret
asks "str"
  str ax
  movzx eax, ax
  ret

// The ring, and what is known about the segments.
asks "mov r,cs"
  mov eax, cs
  ret
asks "lar"
  mov ecx, CODE
  lar eax, ecx
  shr eax, 8                          // the access byte: P, DPL, type
  movzx eax, al
  ret
asks "lsl"
  mov ecx, CODE
  lsl eax, ecx
  ret

// The control registers.
asks "smsw"
  smsw ax
  movzx eax, ax
  ret
asks "mov r,cr0"
  mov eax, cr0
  movzx eax, ax
  ret
asks "mov r,cr3"
  mov eax, cr3
  ret
does "mov cr3,r"
  mov eax, cr3
  mov cr3, eax
  ret
does "clts"
  clts
  ret

// The world outside, and what is made for being asked.
does "in"
  in al, 0x61
  ret
does "out"
  out 0x80, al
  ret
asks "cpuid"                          // leaf 1, ECX bit 31: kept free for hypervisors to set
  push ebx
  mov eax, 1
  cpuid
  mov eax, ecx
  shr eax, 31
  pop ebx
  ret
asks "rdmsr"                          // the time stamp counter's upper half
  mov ecx, 0x10
  rdmsr
  mov eax, edx
  ret
does "vmmcall"
  .byte 0x0f, 0x01, 0xd9
  ret

.section .rodata.questions, "a"
.globl questions_end
questions_end:
