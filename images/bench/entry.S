// The way in, the handlers, and what C cannot say.
.intel_syntax noprefix
#include "../common/multiboot.inc"
#include "bench.h"

.text
.globl _start
_start:
  mov esp, offset stack_top
  cld
  push ebx                            // the loader's information
  push eax                            // its magic number
  call start

// The divide fault: goes on behind a DIV of two bytes.
.globl on_divide
on_divide:
  add dword ptr [esp], 2
  inc dword ptr [divide_faults]
  iretd

// The page fault: makes the page present, and the access is repeated.
.globl on_page_fault
on_page_fault:
  push eax
  mov eax, [faulting_entry]
  or dword ptr [eax], 1
  mov eax, cr2
  add [fault_sum], eax
  inc dword ptr [page_faults]
  pop eax
  add esp, 4                          // the error code
  iretd

.globl on_timer
on_timer:
  push eax
  inc dword ptr [timer_ticks]
  mov al, END_OF_INTERRUPT
  out MASTER_COMMAND, al
  pop eax
  iretd

// Reading the reason (3FAh) takes the UART's request back.
.globl on_serial
on_serial:
  push eax
  push edx
  mov dx, COM1 + 2
  in al, dx
  inc dword ptr [serial_interrupts]
  mov al, END_OF_INTERRUPT
  out MASTER_COMMAND, al
  pop edx
  pop eax
  iretd

// A system call that does next to nothing.
.globl on_call
on_call:
  lea eax, [eax + ecx * 2 + 1]
  iretd

// uint32_t call_from_ring3(uint32_t count)
.globl call_from_ring3
call_from_ring3:
  mov ecx, [esp + 4]
  pusha
  mov [kernel_esp], esp
  mov eax, USER_DATA
  mov ds, eax
  mov es, eax
  push eax
  lea edx, [user_stack_top]
  push edx
  push 2                              // EFLAGS
  push USER_CODE
  lea edx, [in_ring3]
  push edx
  iretd
in_ring3:
  int VECTOR_CALL
  dec ecx
  jnz in_ring3
leave_ring3:
  int VECTOR_DONE
.globl on_done
on_done:
  mov ecx, KERNEL_DATA
  mov ds, ecx
  mov es, ecx
  mov esp, [kernel_esp]
  mov [esp + 28], eax                 // POPA takes it from here
  popa
  ret

// uint32_t run_in_ring3(program *run, uint32_t count): with interrupts on, as programs are.
.globl run_in_ring3
run_in_ring3:
  mov eax, [esp + 4]
  mov ecx, [esp + 8]
  pusha
  mov [kernel_esp], esp
  lea edx, [user_stack_top - 8]
  mov dword ptr [edx], offset leave_ring3   // where it returns to
  mov [edx + 4], ecx
  mov ecx, USER_DATA
  mov ds, ecx
  mov es, ecx
  push ecx
  push edx
  push 0x202                          // EFLAGS
  push USER_CODE
  push eax
  iretd

// uint32_t six_calls(uint32_t count, uint32_t sum)
.globl six_calls
six_calls:
  mov ecx, [esp + 4]
  mov eax, [esp + 8]
1:
  call leaf
  call leaf
  call leaf
  call leaf
  call leaf
  call leaf
  dec ecx
  jnz 1b
  ret
leaf:
  lea eax, [eax + eax * 2 + 1]
  ret

// void load_segments(uint32_t count)
.globl load_segments
load_segments:
  mov ecx, [esp + 4]
  mov eax, KERNEL_DATA
1:
  mov ds, eax
  mov es, eax
  mov fs, eax
  mov gs, eax
  .byte 0x9a                          // CALL far
  .long far_leaf
  .word KERNEL_CODE
  dec ecx
  jnz 1b
  ret
far_leaf:
  retf

// void switch_stacks(uint32_t *save_esp, uint32_t esp, uint32_t cr3)
.globl switch_stacks
switch_stacks:
  mov eax, [esp + 4]
  mov edx, [esp + 8]
  mov ecx, [esp + 12]
  push ebp
  push ebx
  push esi
  push edi
  mov [eax], esp
  mov esp, edx
  mov cr3, ecx
  pop edi
  pop esi
  pop ebx
  pop ebp
  ret

.data
.balign 4096
.globl modified_code
modified_code:
  .byte 0xb8                          // MOV EAX, imm32
  .long 0
  ret
.balign 4096

.section .bss
.balign 16
  .skip 65536
.globl stack_top
stack_top:
  .skip 65536
user_stack_top:
kernel_esp:
  .skip 4
.globl timer_ticks, serial_interrupts, divide_faults, page_faults, fault_sum, faulting_entry
timer_ticks:
  .skip 4
serial_interrupts:
  .skip 4
divide_faults:
  .skip 4
page_faults:
  .skip 4
fault_sum:
  .skip 4
faulting_entry:
  .skip 4
