// What entry.S has, for ring 1 under a hypervisor.
.intel_syntax noprefix
#include "../common/xen.inc"
#include "bench.h"

#define FLAT_KERNEL_CS 0xe019
#define FLAT_KERNEL_DS 0xe021
#define FLAT_USER_CS 0xe02b
#define FLAT_USER_DS 0xe033
#define IRET_CALL 23

.text
.globl para_start
para_start:
  mov esp, offset stack_top
  cld
  push esi                            // start_info
  push PARA_MAGIC
  call start

// The page fault. No event is masked on the way in, so IRET is the way back.
.globl para_on_page_fault
para_on_page_fault:
  pusha
  call para_page_fault
  popa
  add esp, 4                          // the error code
  iretd

// An event, as if by an interrupt; the way back lets further ones in, in the same moment.
.globl para_on_event
para_on_event:
  pusha
  call para_event
  popa
  jmp hypercall_page + IRET_CALL * 32

// uint32_t para_call_from_ring3(uint32_t count)
.globl para_call_from_ring3
para_call_from_ring3:
  mov ecx, [esp + 4]
  pusha
  mov [kernel_esp], esp
  mov eax, FLAT_USER_DS
  mov ds, eax
  mov es, eax
  push eax
  push 0                              // ESP: nothing is pushed in ring 3
  push 2                              // EFLAGS
  push FLAT_USER_CS
  lea edx, [para_in_ring3]
  push edx
  mov eax, USER_DATA                  // where the sum begins, as in entry.S
  iretd
.balign 32
.globl para_in_ring3
para_in_ring3:
  int VECTOR_CALL
  dec ecx
  jnz para_in_ring3
  int VECTOR_DONE
.globl para_on_done
para_on_done:
  mov ecx, FLAT_KERNEL_DS
  mov ds, ecx
  mov es, ecx
  mov esp, [kernel_esp]
  mov [esp + 28], eax                 // POPA takes it from here
  popa
  ret

// void para_load_segments(uint32_t count)
.globl para_load_segments
para_load_segments:
  mov ecx, [esp + 4]
  mov eax, FLAT_KERNEL_DS
1:
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  .byte 0x9a                          // CALL far
  .long far_leaf
  .word FLAT_KERNEL_CS
  dec ecx
  jnz 1b
  ret
far_leaf:
  retf

// void para_switch_stacks(uint32_t *save_esp, uint32_t esp)
.globl para_switch_stacks
para_switch_stacks:
  mov eax, [esp + 4]
  mov edx, [esp + 8]
  push ebp
  push ebx
  push esi
  push edi
  mov [eax], esp
  mov esp, edx
  pop edi
  pop esi
  pop ebx
  pop ebp
  ret

.section .bss
kernel_esp:
  .skip 4

hypervisor_pages
hypervisor_notes "bench", para_start
