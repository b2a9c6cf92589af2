// The probes. Each starts in some ring with IF set and the ring's own selectors in EBX (code)
// and EDI (data), and ends in one of three ways: `done`, if there is nothing to tell but that the
// instruction was let through; `answer`, to tell what it read; or with a fault before that.
.intel_syntax noprefix
#include "ring1.h"

.macro probe text
  .section .rodata.text, "a"
1: .asciz "\text"
  .section .rodata.probes, "a"
  .long 1b, 2f
  .text
2:
.endm

.macro done
  int VECTOR_DONE
.endm
.macro answer
  int VECTOR_ANSWER
.endm
.macro answer_flags
  pushfd
  pop eax
  and eax, FLAGS_SHOWN
  answer
.endm
// 1 if ZF is set, 0 if not.
.macro answer_zero
  setz al
  movzx eax, al
  answer
.endm

// IRET to the next instruction; CS and EFLAGS lie on the stack already.
.macro iret_here
  lea eax, [3f]
  push eax
  iretd
3:
.endm

.section .rodata.probes, "a"
.globl probes
probes:

// The interrupt flag and ports: IOPL decides.
probe "cli"
  cli
  answer_flags
probe "sti"
  sti
  answer_flags
probe "in"
  in al, 0x61
  done
probe "out"
  out 0x80, al
  done
probe "insb"
  mov edi, offset scratch
  mov dx, 0x61
  insb
  done
probe "outsb"
  mov esi, offset scratch
  mov dx, 0x80
  outsb
  done

// Privileged: ring 0 or #GP(0).
probe "hlt"
  sti                                 // an IRET that is not really in ring 0 has left IF as it was
  hlt
  done
probe "mov r,cr0"
  mov eax, cr0
  and eax, 15                         // PE MP EM TS: the rest differs between processors
  answer
probe "mov r,cr2"
  mov eax, cr2
  done
probe "mov r,cr3"
  mov eax, cr3
  done
probe "mov r,cr4"
  mov eax, cr4
  done
probe "mov cr0,r"
  mov eax, [saved_cr0]
  mov cr0, eax
  done
probe "mov cr2,r"
  mov cr2, eax
  done
probe "mov cr3,r"
  xor eax, eax
  mov cr3, eax
  done
probe "mov cr4,r"
  mov eax, cr4
  mov cr4, eax
  done
probe "mov r,dr7"
  mov eax, dr7
  done
probe "mov dr7,r"
  mov eax, 0x400
  mov dr7, eax
  done
probe "clts"
  clts
  done
probe "lmsw"
  mov eax, [saved_cr0]
  lmsw ax
  done
probe "lgdt"
  lgdt [saved_gdt]
  done
probe "lidt"
  lidt [saved_idt]
  done
probe "lldt"
  xor eax, eax
  lldt ax
  done
probe "ltr"
  mov eax, SPARE_TSS
  ltr ax
  done
probe "invlpg"
  invlpg [scratch]
  done
probe "invd"
  invd
  done
probe "wbinvd"
  wbinvd
  done
probe "rdmsr"
  mov ecx, 0x174                      // SYSENTER_CS
  rdmsr
  done
probe "wrmsr"
  mov ecx, 0x174
  mov eax, CODE
  xor edx, edx
  wrmsr
  done
probe "sysexit"                       // to ring 3: CS and SS follow from what WRMSR wrote above
  lea edx, [1f]
  mov ecx, esp
  sysexit
1: done

// Not privileged, and they read what a monitor would rather not show.
probe "sgdt"
  sgdt [scratch]
  movzx eax, word ptr [scratch]       // the limit
  answer
probe "sidt"
  sidt [scratch]
  movzx eax, word ptr [scratch]
  answer
probe "sldt"
  sldt ax
  movzx eax, ax
  answer
probe "str"
  str ax
  movzx eax, ax
  answer
probe "smsw"
  smsw ax
  and eax, 15
  answer
probe "pushf"
  answer_flags
probe "mov r,cs"
  mov eax, cs
  answer
probe "push cs"
  .byte 0x0e                          // push cs: this assembler would push a word
  pop eax
  movzx eax, ax
  answer
probe "mov r,ss"
  mov eax, ss
  answer
probe "cpuid"
  xor eax, eax
  cpuid
  done
probe "rdtsc"
  rdtsc
  done

// Not privileged, and they do less than they were asked, and say nothing.
probe "popf IF=0"
  pushfd
  and dword ptr [esp], ~0x200
  popfd
  answer_flags
probe "popf IOPL=3"
  pushfd
  or dword ptr [esp], 0x3000
  popfd
  answer_flags
probe "iret IF=0"
  pushfd
  and dword ptr [esp], ~0x200
  push ebx
  iret_here
  answer_flags
probe "iret IOPL=3"
  pushfd
  or dword ptr [esp], 0x3000
  push ebx
  iret_here
  answer_flags
probe "iret ring 3"                   // with IF=0
  mov ecx, esp
  mov eax, DATA + 3 * RING + 3
  push eax
  push ecx
  pushfd
  and dword ptr [esp], ~0x200
  mov eax, CODE + 3 * RING + 3
  push eax
  iret_here
  answer_flags

// Ring 0's descriptors, seen from here: 1 yes, 0 no.
probe "lar"
  mov ecx, CODE
  lar eax, ecx
  answer_zero
probe "lsl"
  mov ecx, CODE
  lsl eax, ecx
  answer_zero
probe "verr"
  mov ecx, CODE
  verr cx
  answer_zero
probe "verw"
  mov ecx, DATA
  verw cx
  answer_zero

// Ring 0's segments, wanted from here.
probe "mov ds,10"
  mov eax, DATA
  mov ds, eax
  mov eax, ds
  answer
probe "pop ss 10"
  push DATA
  .byte 0x17                          // pop ss, all 32 bits
  mov eax, ss
  answer
probe "jmp 08"
  ljmp CODE, offset jumped
jumped:
  mov eax, cs
  answer
probe "call 08"
  lcall CODE, offset called
called:
  mov eax, cs
  answer
probe "retf 08"
  lea eax, [1f]
  push CODE
  push eax
  retf
1: mov eax, cs
  answer
probe "iret 08"
  pushfd
  push CODE
  iret_here
  mov eax, cs
  answer

// Our own segments, asked for with RPL 0, as a kernel would that believes to be in ring 0.
probe "mov ds,rpl0"
  and edi, ~3
  mov ds, edi
  mov eax, ds
  answer
probe "mov ss,rpl0"
  and edi, ~3
  mov ss, edi
  mov eax, ss
  answer
probe "jmp rpl0"
  and ebx, ~3
  mov [scratch + 4], bx
  lea eax, [1f]
  mov [scratch], eax
  ljmp [scratch]
1: mov eax, cs
  answer
probe "retf rpl0"
  and ebx, ~3
  lea eax, [1f]
  push ebx
  push eax
  retf
1: mov eax, cs
  answer

// Gates with DPL 0.
probe "int 80"
  int VECTOR_GATE
probe "int3"
  int3

.section .rodata.probes
.globl probes_end
probes_end:

.section .data
.globl saved_cr0, saved_gdt, saved_idt
saved_cr0: .long 0
saved_gdt: .word 0; .long 0
.balign 4
saved_idt: .word 0; .long 0
.balign 4
scratch: .skip 8
