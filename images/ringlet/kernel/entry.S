// Every fault, interrupt and system call comes through here. The processor has already
// switched to the kernel stack (if it came from ring 3) and pushed SS, ESP, EFLAGS, CS, EIP
// and perhaps an error code. We push the rest of `struct frame`.
.intel_syntax noprefix

// One stub per vector; where the processor pushes no error code, we push a 0.
.macro stub vector
stub_\vector:
  .if (\vector != 8) && ((\vector < 10) || (\vector > 14)) && (\vector != 17)
  push 0
  .endif
  push \vector
  jmp entry
.endm

.text
.altmacro
.set vector, 0
.rept 48
  stub %vector
  .set vector, vector + 1
.endr
  stub 128

entry:
  push ds
  push es
  pusha
  cld                                 // C expects strings to go up
  mov eax, ss                         // SS is the kernel's already, from the TSS
  mov ds, eax
  mov es, eax
  push esp                            // trap(frame): the frame lies right here
  call trap                           // which leaves through machine->resume

// switch_stacks(uint32_t *save, uint32_t load): the kernel stops here for one process and goes
// on here for another. What C expects to keep its value is kept on the stack we leave.
.globl switch_stacks
switch_stacks:
  mov eax, [esp + 4]
  mov ecx, [esp + 8]
  push ebp
  push ebx
  push esi
  push edi
  mov [eax], esp
  mov esp, ecx
  pop edi
  pop esi
  pop ebx
  pop ebp
  ret

// The stubs' addresses in vector order, for the gates; the last is 80h's.
.section .rodata
.globl stubs
.macro address vector
  .long stub_\vector
.endm
stubs:
.set vector, 0
.rept 48
  address %vector
  .set vector, vector + 1
.endr
  address 128
