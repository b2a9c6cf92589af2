// seams: what a binary translator must not get wrong, each tried by a kernel in ring 0.
//
// Every line on COM1 is a number and what was found. Whoever executes this guest in another way than
// by emulation compares the lines, the tick at the end and every byte of memory.
.intel_syntax noprefix
#include "multiboot.inc"

.macro show number
  push \number
  call print
.endm

.text
.globl _start
_start:
  cli
  cld
  mov esp, offset stack_top
  mov al, 0xff                        // no interrupts but those that are asked for
  out 0x21, al
  out 0xa1, al
  lgdt [gdt_pointer]
  mov eax, 0x10
  mov ds, eax
  mov es, eax
  mov ss, eax
  mov fs, eax
  mov eax, 0x18
  mov gs, eax
  push 0x08
  mov eax, offset flat
  push eax
  retf
flat:
  call prepare_interrupts
  call selectors
  call flag_register
  call transfers
  call rewriting
  call numeric
  call faults
  call interrupts
  call paging
  mov eax, 0x600d
  show 99
  cli
  hlt

// ---- Selectors: ring 1 must not show.
selectors:
  mov eax, -1
  mov eax, cs
  show 1
  mov eax, -1
  .byte 0x66, 0x8c, 0xc8              // mov ax, cs
  show 2
  mov eax, ss
  mov cx, gs
  shl ecx, 16
  or eax, ecx
  show 3
  mov dword ptr [esp - 4], -1         // a pushed selector is two bytes wide, whatever ESP moves by
  .byte 0x0e                          // push cs; clang would push 16 bits
  pop eax
  show 4
  mov dword ptr [esp - 4], -1
  .byte 0x16                          // push ss
  pop eax
  show 5
  mov dword ptr [esp - 4], -1
  .byte 0x0f, 0xa8                    // push gs
  pop eax
  show 6
  mov ebx, esp
  .byte 0x66, 0x0e                    // push cs, 16 bits
  mov eax, esp
  sub eax, ebx
  mov esp, ebx
  show 7
  mov [word], cs
  mov eax, [word]
  show 8
  mov eax, cs:[constant]
  add eax, gs:[constant]
  add eax, fs:[constant]
  show 9
  str eax
  sldt ecx
  add eax, ecx
  show 10
  smsw eax
  show 11
  sgdt [table]
  mov eax, [table + 2]
  movzx ecx, word ptr [table]
  add eax, ecx
  show 12
  xor eax, eax
  mov ecx, 0x10
  lar eax, ecx
  show 13
  lsl eax, ecx
  show 14
  verw cx
  setz al
  movzx eax, al
  show 15
  mov [stack_here], esp               // the stack segment, by each way to load it
  .byte 0x1e, 0x17                    // push ds; pop ss
  lss esp, [stack_here]
  mov eax, ss
  mov ss, eax
  mov eax, esp
  show 16
  ret

// ---- Flags: IF and IOPL are the guest's own, and sequences leave the others alone.
flag_register:
  mov ebx, 0x8d5
  xor edi, edi
1:
  mov eax, ebx
  and eax, 0x8d5                      // CF PF AF ZF SF OF
  push eax
  popfd
  pushfd
  pop ecx
  xor ecx, eax
  or edi, ecx
  dec ebx
  jnz 1b
  mov eax, edi
  show 20
  stc
  cli
  pushfd
  cli
  pushfd
  pop eax
  pop ecx
  shl ecx, 16
  or eax, ecx
  show 21
  push 0x47246                        // AC, NT, IOPL 3, IF, ZF, PF
  popfd
  pushfd
  pop eax
  show 22
  cli
  pushfd
  pop eax
  show 23
  push 2
  popfd
  pushfd
  pop eax
  show 24
  mov ecx, 0x1234
  sti
  pushfd
  pop eax
  sti
  cli
  add eax, ecx
  show 25
  .byte 0x66, 0x9c, 0x66, 0x9d        // 16 bits
  mov esi, 5
  xor eax, eax
2:
  pushfd
  cli
  add eax, [esp]
  popfd
  inc eax
  dec esi
  jnz 2b
  show 26
  ret

// ---- Transfers: what is pushed and where control goes are the guest's addresses.
transfers:
  call 1f
1:
  pop eax
  show 30
  mov eax, offset nothing
  call eax
  show 31
  call [pointers]
  show 32
  push 7
  mov eax, offset seven
  push eax
  xor eax, eax
  call [esp]                          // the operand is read before the push
  add esp, 8
  show 33
  mov ecx, 3
2:
  mov eax, offset three
  jmp [pointers + ecx*4]
back:
  loop 2b
  show 34
  xor eax, eax
  mov ecx, 0x10001
3:
  inc eax
  .byte 0x67                          // CX
  loop 3b
  show 35
  mov ecx, 9
  xor eax, eax
4:
  add eax, 3
  cmp eax, 15
  loopne 4b
  add eax, ecx
  show 36
  xor ecx, ecx
  jecxz 5f
  mov eax, 1
5:
  show 37
  mov ebx, 0                          // retpolines: RET goes where no CALL came from
  mov ecx, 40
6:
  mov eax, offset add_one
  test cl, 1
  jz 7f
  mov eax, offset add_two
7:
  call retpoline
  dec ecx
  jnz 6b
  mov eax, ebx
  show 38
  mov esi, offset add_one             // two routines whose addresses end in the same 16 bits
  mov edi, 0x300000
  mov ecx, 16
  rep movsb
  mov esi, offset add_two
  mov edi, 0x310000
  mov ecx, 16
  rep movsb
  mov ebx, 0
  mov ecx, 25
8:
  mov eax, 0x300000
  call eax
  mov eax, 0x310000
  call eax
  dec ecx
  jnz 8b
  mov eax, ebx
  show 39
  mov ecx, 50
9:
  push ecx
  push 1
  push 2
  call drop
  pop ecx
  dec ecx
  jnz 9b
  mov eax, esp
  sub eax, offset stack_top
  show 40
  ret

nothing:
  mov eax, [esp]
  ret
seven:
  mov eax, [esp + 8]
  add eax, [esp + 4]
  sub eax, [esp]
  ret
drop:
  ret 8
three_1:
  mov eax, 1
  jmp back
three:
  mov eax, 2
  jmp back
add_one:
  add ebx, 1
  ret
  .balign 16
add_two:
  add ebx, 2
  ret
  .balign 16
retpoline:
  call 2f
1:
  pause
  jmp 1b
2:
  mov [esp], eax
  ret

// ---- Rewriting: code is data. In a page of its own, as it will be left alone for a while.
  .balign 4096
rewriting:
  mov ecx, 20
  xor ebx, ebx
1:
  mov [2f + 1], ecx                   // the next instruction
2:
  mov eax, 0x11111111
  add ebx, eax
  dec ecx
  jnz 1b
  mov eax, ebx
  show 50
  call rewrite_caller                 // what the call returns to
rewritten:
  mov eax, 0x22222222
  show 51
  mov ecx, 300                        // often
  xor ebx, ebx
3:
  call patch_it
  call patched
  dec ecx
  jnz 3b
  mov eax, ebx
  show 52
  mov ecx, 3                          // alternatives: nops become something
4:
  push ecx
  call alternative
  mov esi, offset replacement
  mov edi, offset alternative
  mov ecx, 6
  rep movsb
  pop ecx
  dec ecx
  jnz 4b
  show 53
  xor ebx, ebx                        // an instruction across two pages, also rewritten
  mov ecx, 100
5:
  call crossing
  add ebx, eax
  test cl, 15
  jnz 6f
  inc byte ptr [crossing_page]
6:
  dec ecx
  jnz 5b
  mov eax, ebx
  show 54
  mov ecx, 2000                       // data beside code
7:
  add dword ptr [beside], ecx
  dec ecx
  jnz 7b
  mov eax, [beside]
  show 55
  mov edi, 0x320000                   // a page of code that becomes data and code again
  mov edx, 3
8:
  push edi
  mov esi, offset add_one
  mov ecx, 16
  rep movsb
  mov eax, 0x320000
  call eax
  mov ecx, 1000
  mov eax, 0x90909090
  rep stosd
  pop edi
  dec edx
  jnz 8b
  mov eax, ebx
  show 56
  mov edi, 0x340000                   // a page of data that has become code, and is written to again
  mov byte ptr [edi], 0xb8
  mov byte ptr [edi + 5], 0xc3
  xor ebx, ebx
  mov ecx, 10
9:
  mov [edi + 1], ecx
  call edi
  add ebx, eax
  dec ecx
  jnz 9b
  mov eax, ebx
  show 57
  ret

beside: .long 0
rewrite_caller:
  mov dword ptr [rewritten + 1], 0x33333333
  ret
patch_it:
  mov [patched + 2], cl
  ret
patched:
  add ebx, 1
  ret
alternative:
  nop
  nop
  nop
  nop
  nop
  nop
  ret
replacement:
  mov eax, 0x5a5a5a5a
  nop

// ---- The x87 remembers where it was.
  .balign 4096
numeric:
  fninit
  fld1
  fadd st, st
one_instruction:
  fmul st, st
  fnstenv [environment]
  mov eax, [environment + 12]
  show 60
  mov eax, [environment + 16]
  show 61
  call 1f
1:
  pop eax
  fld dword ptr [constant]
  fnsave [environment]
  mov eax, [environment + 12]
  show 62
  mov eax, [environment + 20]
  show 63
  frstor [environment]
  fstp dword ptr [word]
  mov eax, [word]
  show 64
  ret

// ---- Faults and software interrupts: what they push.
faults:
  mov dword ptr [handlers + 0*4], offset on_divide
  mov dword ptr [handlers + 6*4], offset on_divide
  mov dword ptr [handlers + 13*4], offset on_protection
  mov dword ptr [handlers + 48*4], offset on_interrupt
  mov eax, 1
  xor edx, edx
  xor ebx, ebx
  stc
  div ebx
  nop
  show 70
  ud2
  show 71
  mov eax, 0x1000
  mov fs, eax                         // beyond the table
  show 72
  int 0x30
  show 73
  mov ecx, 30
1:
  int 0x30
  dec ecx
  jnz 1b
  show 74
  mov eax, dr7
  show 75
  mov eax, cr0
  show 76
  xor eax, eax
  cpuid
  mov eax, ebx
  show 77
  rdtsc
  show 78
  ret

// What was pushed, all of it, into EAX; then two bytes further.
on_divide:
  mov eax, [esp]
  add eax, [esp + 4]
  add eax, [esp + 8]
  add dword ptr [esp], 2
  iretd
on_protection:
  pop eax                             // the error code
  add eax, [esp]
  add eax, [esp + 4]
  add eax, [esp + 8]
  add dword ptr [esp], 2
  iretd
on_interrupt:
  mov eax, [esp]
  add eax, [esp + 4]
  add eax, [esp + 8]
  iretd

// ---- Interrupts come at the instruction they come at.
interrupts:
  mov dword ptr [handlers + 32*4], offset on_timer
  mov al, 0x34                        // channel 0, a rate generator
  out 0x43, al
  mov al, 0x2f
  out 0x40, al
  mov al, 0
  out 0x40, al
  mov al, 0xfe
  out 0x21, al
  mov ebp, 40
1:
  call wait_for_request
  sti                                 // after the instruction behind it
  nop
  nop
  cli
  call wait_for_request
  push 0x202
  popfd                               // at once
  nop
  cli
  call wait_for_request
  sti
  cli                                 // never
  nop
  nop
  dec ebp
  jnz 1b
  mov eax, [places]
  show 80
  sti                                 // and at any place of a loop that has everything
  mov ecx, 20000
2:
  push ecx
  call mix
  pushfd
  cli
  mov eax, cs
  popfd
  mov eax, offset mix
  call eax
  pop ecx
  test cl, 7
  jnz 4f
  sti
4:
  dec ecx
  jnz 2b
  cli
  mov al, 0xff
  out 0x21, al
  mov eax, [places]
  show 81
  mov eax, [timers]
  show 82
  ret
mix:
  add edx, ecx
  ror edx, 3
  ret

// Until the controller has a request of the timer.
wait_for_request:
  mov al, 0x0a
  out 0x20, al
1:
  in al, 0x20
  test al, 1
  jz 1b
  ret

on_timer:
  push eax
  mov eax, [esp + 4]
  add eax, [esp + 12]
  xor eax, edx
  rol dword ptr [places], 5
  add [places], eax
  inc dword ptr [timers]
  mov al, 0x20
  out 0x20, al
  pop eax
  iretd

prepare_interrupts:
  mov ecx, 0
  mov edi, offset idt
1:
  mov eax, ecx
  shl eax, 4
  add eax, offset stubs
  mov edx, eax
  and eax, 0xffff
  or eax, 0x80000
  and edx, 0xffff0000
  or edx, 0x8e00
  stosd
  mov eax, edx
  stosd
  inc ecx
  cmp ecx, 64
  jne 1b
  lidt [idt_pointer]
  mov al, 0x11                        // the controllers: vectors 20h and 28h
  out 0x20, al
  out 0xa0, al
  mov al, 0x20
  out 0x21, al
  mov al, 0x28
  out 0xa1, al
  mov al, 4
  out 0x21, al
  mov al, 2
  out 0xa1, al
  mov al, 1
  out 0x21, al
  out 0xa1, al
  mov al, 0xff
  out 0x21, al
  out 0xa1, al
  ret

  .balign 16
stubs:
  .set vector, 0
  .rept 64
  jmp [handlers + vector*4]
  .balign 16
  .set vector, vector + 1
  .endr

// ---- Paging: the same code at two addresses, another page at the same address, accessed bits.
paging:
  mov edi, 0x400000                   // directory, and two tables for the first 8 MiB
  mov ecx, 0xc00
  xor eax, eax
  rep stosd
  mov dword ptr [0x400000], 0x401003
  mov dword ptr [0x400004], 0x402003
  mov edi, 0x401000
  mov eax, 3
1:
  stosd
  add eax, 0x1000
  cmp eax, 0x800003
  jb 1b
  mov esi, offset add_one             // page 330000 adds one, page 331000 two
  mov edi, 0x330000
  mov ecx, 16
  rep movsb
  mov esi, offset add_two
  mov edi, 0x331000
  mov ecx, 16
  rep movsb
  mov eax, 0x400000
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  jmp 2f
2:
  xor ebx, ebx
  mov dword ptr [0x402000], 0x330003  // linear 400000 is page 330000
  invlpg [0x400000]
  mov esi, 0x400000
  call esi
  mov eax, 0x330000
  call eax
  mov eax, ebx
  show 90
  mov dword ptr [0x402000], 0x331003  // and now 331000
  invlpg [0x400000]
  call esi
  call esi
  mov eax, ebx
  show 91
  mov dword ptr [0x331002], 0xc3900590  // written through another address
  mov byte ptr [0x331000], 0x83
  mov byte ptr [0x331001], 0xc3
  mov byte ptr [0x331002], 9
  mov byte ptr [0x331003], 0xc3
  call esi
  mov eax, ebx
  show 92
  and dword ptr [0x402000], ~0x20     // accessed, by execution only
  mov eax, cr3
  mov cr3, eax
  mov eax, [0x402000]
  call esi
  shl eax, 16
  or eax, [0x402000]
  show 93
  mov ecx, 10                         // address spaces that differ in one page
3:
  xor dword ptr [0x402000], 0x1000
  mov eax, cr3
  mov cr3, eax
  call esi
  dec ecx
  jnz 3b
  mov eax, ebx
  show 94
  mov dword ptr [handlers + 14*4], offset on_page
  mov dword ptr [0x402000], 0         // no page: the fetch faults
  invlpg [0x400000]
  call esi
  show 95
  ret

on_page:
  pop eax
  add eax, [esp]
  mov ecx, cr2
  add eax, ecx
  pop ecx                             // back to where the call came from
  pop ecx
  popfd
  ret

// ---- "NN xxxxxxxx": the number on the stack, and EAX. Keeps all registers.
print:
  pushad
  pushfd
  mov eax, [esp + 40]
  xor edx, edx
  mov ecx, 10
  div ecx
  add al, 0x30
  call put
  mov al, dl
  add al, 0x30
  call put
  mov al, 0x20
  call put
  mov ebx, [esp + 32]
  mov ecx, 8
1:
  rol ebx, 4
  mov al, bl
  and al, 15
  cmp al, 10
  jb 2f
  add al, 0x27
2:
  add al, 0x30
  call put
  loop 1b
  mov al, 10
  call put
  popfd
  popad
  ret 4

put:
  push edx
  push eax
1:
  mov dx, 0x3fd
  in al, dx
  test al, 0x20
  jz 1b
  pop eax
  mov dx, 0x3f8
  out dx, al
  pop edx
  ret

// A function whose MOV lies across two pages.
  .balign 4096
  .skip 4093
crossing:
  mov eax, 0x00010203
crossing_page = crossing + 3
  ret

.section .data
  .balign 16
gdt:
  .quad 0
  .quad 0x00cf9a000000ffff
  .quad 0x00cf92000000ffff
  .quad 0x00cf92000000ffff
gdt_pointer:
  .word gdt_pointer - gdt - 1
  .long gdt
idt_pointer:
  .word 64*8 - 1
  .long idt
stack_here:
  .long stack_top - 64
  .word 0x10
  .balign 4
pointers:
  .long nothing, back, three_1, three
constant:
  .long 0x3f800000
word:
  .long 0xffffffff
table:
  .quad 0
environment:
  .skip 128
places:
  .long 0
timers:
  .long 0
  .balign 8
idt:
  .skip 64*8
handlers:
  .skip 64*4
  .skip 4096
stack_top:
