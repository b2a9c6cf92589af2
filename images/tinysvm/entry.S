// What C cannot say: the way in, the switch between the worlds, the stubs of our interrupts.
.intel_syntax noprefix
#include "multiboot.inc"

.text
.globl _start
_start:
  mov esp, offset stack_top
  cld
  push ebx                            // the loader's information
  push eax                            // its magic number
  call main
stop:
  cli
  hlt
  jmp stop

// void run_guest(struct vmcb *vmcb, struct vmcb *host)
//
// VMRUN switches segments, control registers, EFLAGS, EIP, ESP and EAX. FS, GS, LDTR, TR and the
// SYSENTER registers are left to VMLOAD and VMSAVE, the other six registers to us.
.globl run_guest
run_guest:
  push ebx
  push esi
  push edi
  push ebp
  clgi                                // no interrupt comes between the worlds …
  sti                                 // … but one may end the guest's turn
  mov eax, [esp + 24]
  vmsave eax
  mov eax, [esp + 20]
  vmload eax
  mov ebx, [registers]
  mov ecx, [registers + 4]
  mov edx, [registers + 8]
  mov esi, [registers + 12]
  mov edi, [registers + 16]
  mov ebp, [registers + 20]
  vmrun eax                           // the guest's turn; EAX comes back as it was
  mov [registers], ebx
  mov [registers + 4], ecx
  mov [registers + 8], edx
  mov [registers + 12], esi
  mov [registers + 16], edi
  mov [registers + 20], ebp
  vmsave eax
  mov eax, [esp + 24]
  vmload eax
  stgi                                // now what waited reaches our own handlers
  nop
  cli
  pop ebp
  pop edi
  pop esi
  pop ebx
  ret

// void load_tables(void): segments of our own, since the loader's may be anywhere.
.globl load_tables
load_tables:
  lgdt [segments_pointer]
  ljmp 0x08, offset reload
reload:
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  xor eax, eax
  mov fs, eax
  mov gs, eax
  ret

// One stub for each vector from 32 on: all it does is say which.
.globl interrupt_stubs
.balign 16
interrupt_stubs:
.set vector, 32
.rept 224
  .balign 8
  push vector
  jmp take_interrupt
  .set vector, vector + 1
.endr
take_interrupt:
  pusha
  push [esp + 32]                     // the vector
  cld
  call interrupt
  add esp, 4
  popa
  add esp, 4
  iretd

.section .rodata
.balign 8
segments:
  .quad 0
  .quad 0x00cf9a000000ffff            // 08: flat code
  .quad 0x00cf92000000ffff            // 10: flat data
segments_pointer:
  .word 23
  .long segments

// The guest that we bring along.
.balign 16
.globl payload, payload_end
payload:
  .incbin "ringlet.elf"
payload_end:

.section .bss
.balign 16
.globl registers
registers:
  .skip 24
.balign 16
  .skip 8192
stack_top:
