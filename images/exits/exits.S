// exits: a guest that goes to its hypervisor for every reason that lies in the guest alone, one after
// another, in ring 0 and in ring 3. A fault is counted, and the next reason is tried; the last one is an
// address at which a guest of 16 MiB has no memory. On bare hardware it is a list of instructions most of
// which this processor does not have.
.intel_syntax noprefix
#include "multiboot.inc"

#define COM1 0x3f8
#define OUTSIDE 0x01000000

// Begins a reason: a fault in it leads to its end, the label.
.macro try label
  mov dword ptr [resume], offset \label
.endm

.text
.globl _start
_start:
  mov esp, offset top
  lgdt [gdtr]
  ljmp 0x08, offset flat
flat:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  call make_tables
  lidt [idtr]
  mov ax, 0x28
  ltr ax

// What the processor is.
  mov esi, offset leaves
next_leaf:
  lodsd
  xor ecx, ecx
  cpuid
  cmp esi, offset leaves_end
  jb next_leaf

// Model-specific registers, there or not.
  mov esi, offset registers
next_register:
  lodsd
  mov edi, eax
  mov ecx, edi
  try after_rdmsr
  rdmsr
after_rdmsr:
  mov ecx, edi
  xor eax, eax
  xor edx, edx
  cmp ecx, 0x10                       // the time stamp counter may be anything; the others stay
  jne after_wrmsr
  try after_wrmsr
  wrmsr
after_wrmsr:
  cmp esi, offset registers_end
  jb next_register

// A hypervisor's instructions.
  mov eax, offset scratch
  try after_vmrun
  vmrun
after_vmrun:
  try after_vmmcall
  vmmcall
after_vmmcall:
  mov eax, offset scratch
  try after_vmload
  vmload
after_vmload:
  mov eax, offset scratch
  try after_vmsave
  vmsave
after_vmsave:
  try after_stgi
  stgi
after_stgi:
  try after_clgi
  clgi
after_clgi:
  xor eax, eax
  try after_skinit
  skinit
after_skinit:
  xor ecx, ecx
  try after_invlpga
  invlpga eax, ecx
after_invlpga:

// Ports: bytes to the serial line, each an exit.
  mov esi, offset text
next_byte:
  mov dx, COM1 + 5
wait:
  in al, dx
  test al, 0x20
  jz wait
  lodsb
  mov dx, COM1
  out dx, al
  cmp esi, offset text_end
  jb next_byte

// Ring 3: CPUID is intercepted there, too; what is privileged is #GP before that.
  push 0x23
  lea eax, [user_top]
  push eax
  push 2
  push 0x1b
  lea eax, [ring3]
  push eax
  iretd
ring3:
  mov eax, 0x23
  mov ds, ax
  xor eax, eax
  cpuid
  try after_hlt_ring3
  hlt
after_hlt_ring3:
  try after_rdmsr_ring3
  rdmsr
after_rdmsr_ring3:
  try after_vmrun_ring3
  vmrun
after_vmrun_ring3:
  try after_vmmcall_ring3
  vmmcall
after_vmmcall_ring3:
  int 0x30
back:
  mov ax, 0x10
  mov ds, ax
  mov esp, offset top

// And an address that is nobody's.
  mov eax, [OUTSIDE]
  cli
  hlt

// A fault of any kind: the reason is over. Error codes do not matter, as the stack is made anew where
// nothing is on it that is needed.
fault:
  mov eax, 0x10
  mov ds, ax
  inc dword ptr [faults]
  mov ebx, esp
find:                                 // EIP is followed by CS, which is 8 or 1Bh; an error code is not
  mov eax, [ebx + 4]
  and eax, 0xffff
  cmp eax, 0x08
  je found
  cmp eax, 0x1b
  je found_ring3
  add ebx, 4
  jmp find
found_ring3:
  mov ecx, 0x23
  mov ds, cx
found:
  mov esp, ebx
  mov eax, ss:[resume]
  mov ss:[ebx], eax
  iretd

make_tables:
  mov edi, offset idt
  mov ecx, 32
  mov eax, offset fault
1:
  mov [edi], ax
  mov word ptr [edi + 2], 0x08
  mov word ptr [edi + 4], 0x8e00
  mov edx, eax
  shr edx, 16
  mov [edi + 6], dx
  add edi, 8
  loop 1b
  mov edi, offset idt + 0x30 * 8
  mov eax, offset back
  mov [edi], ax
  mov word ptr [edi + 2], 0x08
  mov word ptr [edi + 4], 0xee00      // for ring 3
  shr eax, 16
  mov [edi + 6], ax
  mov dword ptr [tss + 4], offset top
  mov dword ptr [tss + 8], 0x10
  mov eax, offset tss
  mov [gdt + 0x28 + 2], ax
  shr eax, 16
  mov [gdt + 0x28 + 4], al
  mov [gdt + 0x28 + 7], ah
  ret

.section .rodata
leaves:
  .long 0, 1, 2, 0x40000000, 0x80000000, 0x80000001, 0x80000002, 0x8000000a
leaves_end:
registers:
  .long 0x10, 0x1b, 0x174, 0x175, 0x176, 0x277, 0xc0000080, 0xc0010114, 0xc0010117, 0x12345678
registers_end:
text:
  .ascii "All reasons to leave a guest\r\n"
text_end:
gdtr:
  .word 0x2f
  .long gdt
idtr:
  .word 0x31 * 8 - 1
  .long idt

.data
.balign 8
gdt:
  .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
  .quad 0x0000890000000067
resume:
  .long 0
faults:
  .long 0

.bss
.balign 4096
scratch:
  .skip 4096
idt:
  .skip 0x31 * 8
tss:
  .skip 104
.balign 16
  .skip 4096
user_top:
  .skip 4096
top:
