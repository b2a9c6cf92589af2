// Every fault, interrupt and system call comes through here. The processor has already
// switched to the kernel stack the TSS names (if it came from ring 3), pushed SS, ESP,
// EFLAGS, CS, EIP and perhaps an error code. We push the rest of `struct frame`.
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
  push fs
  push gs
  pusha
  cld                                 // C expects strings to go up
  mov eax, 0x10                       // KERNEL_DATA
  mov ds, eax
  mov es, eax
  push esp                            // trap(frame): the frame lies right here
  call trap
  add esp, 4

// EAX: the frame to return to, which may be another task's than the one that came in.
.globl resume
resume:
  mov esp, eax
  popa
  pop gs
  pop fs
  pop es
  pop ds
  add esp, 8                          // vector and error code
  iretd

// The stubs' addresses in vector order, for the interrupt table; the last is 80h's.
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
