// edges: what kernels do at the edges of protected mode, one line on COM1 for each thing tried. A guest
// that a monitor cannot tell from any other: what it prints is the same on every processor and under
// every monitor that is right.
.intel_syntax noprefix
#include "multiboot.inc"

#define HOLE   0xffc00000           // where monitors like to be
#define HOLE_INDEX 1023
#define WINDOW 0x00800000           // 4 MiB in pages of 4 KiB
#define WINDOW_INDEX 2
#define FRAMES 0x00300000           // memory for it

// Begins a try: a fault in it leads to its end, where `tell` says what came of it.
.macro try number, name
  mov dword ptr [recover], offset after_\number
  mov dword ptr [title], offset title_\number
  call begin
  .pushsection .rodata
title_\number: .asciz "\name"
  .popsection
.endm
.macro tried number
after_\number:
  call tell
.endm

.text
.globl _start
_start:
  mov esp, offset top
  lgdt [gdtr]
  ljmp 8, offset flat
flat:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  call make_descriptors
  call make_gates
  lidt [idtr]
  mov ax, 0x28
  ltr ax

// ---- Without paging: linear addresses are physical ones.
  try 1, "flat: nothing at the top reads as"
  mov eax, [HOLE + 0x2000]
  tried 1
  try 2, "flat: nothing at the top can be written"
  mov dword ptr [HOLE + 0x2000], 0
  mov eax, [HOLE + 0x2000]
  tried 2
  try 3, "flat: nothing at the top can be executed"
  mov eax, HOLE + 0x3000
  call eax
  tried 3
  try 4, "flat: a segment at the top"
  mov ax, 0x38
  mov fs, ax
  mov eax, fs:[0x10]
  tried 4

// ---- Paging: 8 MiB one to one in large pages, a window of small pages, a page table at the top.
  call make_tables
  mov eax, cr4
  or eax, 0x10                        // PSE
  mov cr4, eax
  mov eax, offset directory
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80010000                  // PG and WP
  mov cr0, eax
  jmp 1f
1:
  try 5, "large pages"
  mov eax, [0x00400000]
  tried 5
  try 6, "a small page is the frame it names"
  mov dword ptr [FRAMES + 0x1004], 0x1234abcd
  mov eax, [WINDOW + 0x1004]
  tried 6
  try 7, "accessed and dirty, untouched"
  mov eax, [window_table + 4*2]
  and eax, 0x60
  tried 7
  try 8, "accessed and dirty after a read"
  mov eax, [WINDOW + 0x2000]
  mov eax, [window_table + 4*2]
  and eax, 0x60
  tried 8
  try 9, "accessed and dirty after a write"
  mov dword ptr [WINDOW + 0x2000], 7
  mov eax, [window_table + 4*2]
  and eax, 0x60
  tried 9
  try 10, "cleared and flushed, then read again"
  and dword ptr [window_table + 4*2], 0xffffff9f
  invlpg [WINDOW + 0x2000]
  mov eax, [WINDOW + 0x2000]
  mov eax, [window_table + 4*2]
  and eax, 0x60
  tried 10
  try 11, "dirty in a large page"
  mov dword ptr [0x00700000], 1
  mov eax, [directory + 4]
  and eax, 0x60
  tried 11
  try 12, "a page that is not there"
  mov eax, [WINDOW + 0x3000]
  tried 12
  try 13, "a page that comes needs no flush"
  mov dword ptr [window_table + 4*3], FRAMES + 0x1003
  mov eax, [WINDOW + 0x3004]
  tried 13
  try 14, "a page that goes needs one"
  mov dword ptr [window_table + 4*3], 0
  invlpg [WINDOW + 0x3000]
  mov eax, [WINDOW + 0x3004]
  tried 14
  try 15, "a page that moves"
  mov dword ptr [FRAMES + 0x4000], 0x44444444
  mov dword ptr [window_table + 4*4], FRAMES + 0x1003
  mov eax, [WINDOW + 0x4004]
  mov dword ptr [window_table + 4*4], FRAMES + 0x4003
  invlpg [WINDOW + 0x4000]
  mov eax, [WINDOW + 0x4000]
  tried 15
  try 16, "a page table changed through the window itself"
  mov dword ptr [window_table + 4*5], offset window_table + 3
  mov dword ptr [WINDOW + 0x5000 + 4*6], FRAMES + 0x4003
  mov eax, [WINDOW + 0x6000]
  tried 16
  try 17, "another directory and back"
  mov eax, offset other
  mov cr3, eax
  mov dword ptr [WINDOW + 0x1004], 0x5555
  mov eax, offset directory
  mov cr3, eax
  mov eax, [WINDOW + 0x1004]
  tried 17
  try 18, "what the other directory wrote"
  mov eax, [FRAMES + 0x8004]
  tried 18
  try 19, "a page outside memory"
  mov dword ptr [window_table + 4*7], 0xe0000003
  mov eax, [WINDOW + 0x7000]
  tried 19
  try 20, "a page of the screen"
  mov dword ptr [window_table + 4*9], 0x000b8003
  mov dword ptr [WINDOW + 0x9000], 0x0f420f41
  mov eax, [0xb8000]
  tried 20
  try 21, "a read-only page"
  mov dword ptr [window_table + 4*10], FRAMES + 0x1001
  mov dword ptr [WINDOW + 0xa008], 1
  tried 21
  mov eax, cr0
  and eax, 0xfffeffff
  mov cr0, eax
  try 22, "a read-only page with WP off"
  mov dword ptr [WINDOW + 0xa008], 0x77
  mov eax, [FRAMES + 0x1008]
  tried 22
  mov eax, cr0
  or eax, 0x10000
  mov cr0, eax
  try 23, "a copy that faults in its middle stops there"
  mov esi, WINDOW + 0x1ff8
  mov edi, WINDOW + 0x2ff8
  mov ecx, 16
  mov dword ptr [window_table + 4*3], 0
  invlpg [WINDOW + 0x3000]
  rep movsb
  tried 23
  try 24, "and says how far it came"
  mov eax, [left]
  tried 24

// ---- The top of the address space is the guest's too.
  try 25, "the top: a page"
  mov dword ptr [HOLE + 0x10], 0xcafe
  mov eax, [FRAMES + 0x20010]
  tried 25
  try 26, "the top: nothing else was hit"
  mov eax, [HOLE + 0x2004]
  tried 26
  try 27, "the top: code"
  mov dword ptr [FRAMES + 0x23000], 0x000077b8
  mov dword ptr [FRAMES + 0x23004], 0x0000c300
  mov eax, HOLE + 0x3000
  call eax
  tried 27
  try 28, "the top: a segment"
  mov ax, 0x38
  mov fs, ax
  mov dword ptr fs:[0x20], 0xbeef
  mov eax, [FRAMES + 0x20020]
  tried 28
  try 29, "the top: a segment's limit"
  mov eax, fs:[0x1000]
  tried 29
  try 30, "the top: a stack"
  mov ax, 0x38
  mov edx, esp
  mov ss, ax
  mov esp, 0x800
  push 0x51ac
  pop eax
  mov cx, 0x10
  mov ss, cx
  mov esp, edx
  tried 30
  try 31, "the top: the GDT"
  mov esi, offset gdt
  mov edi, HOLE + 0x4000
  mov ecx, 13 * 8
  rep movsb
  lgdt [high_gdtr]
  mov ax, 0x38
  mov gs, ax
  mov eax, gs:[0x20]
  tried 31
  try 32, "the top: a descriptor changes"
  mov byte ptr [HOLE + 0x4000 + 0x38], 0x1f    // the limit's lowest byte
  mov byte ptr [HOLE + 0x4000 + 0x39], 0
  mov ax, 0x38
  mov gs, ax
  mov eax, gs:[0x20]
  tried 32
  try 33, "the top: the IDT"
  mov esi, offset idt
  mov edi, HOLE + 0x5000
  mov ecx, 256 * 8
  rep movsb
  lidt [high_idtr]
  ud2
  tried 33
  lgdt [gdtr]
  lidt [idtr]
  xor eax, eax
  mov gs, ax
  mov fs, ax
  try 35, "the top: nobody home"
  mov dword ptr [top_table + 4*0x80], 0
  invlpg [HOLE + 0x80000]
  mov eax, [HOLE + 0x80000]
  tried 35

// ---- Ring 3.
  try 36, "ring 3: a supervisor's page"
  call user
  mov eax, [magic]
  tried 36
  try 37, "ring 3: a page that is not there"
  call user
  mov dword ptr [WINDOW + 0x3f0000], 1
  tried 37
  try 38, "ring 3: a read-only page"
  call user
  mov dword ptr [WINDOW + 0xb000], 1
  tried 38
  try 39, "ring 3: the top"
  call user
  mov eax, [HOLE + 0x10]
  tried 39
  try 40, "ring 3: a page at the top that is its own"
  call user
  mov dword ptr [HOLE + 0x90000], 0x1234
  mov eax, [HOLE + 0x90000]
  int 0x30
  tried 40
  try 41, "ring 3: thread-local storage below a segment's base"
  call user
  mov ax, 0x33
  mov gs, ax
  mov ecx, 5000
1: add dword ptr gs:[-4], 3
  dec ecx
  jnz 1b
  mov eax, gs:[-4]
  int 0x30
  tried 41
  try 42, "ring 3: cli"
  call user
  cli
  tried 42
  try 43, "ring 3: hlt"
  call user
  hlt
  tried 43
  try 44, "ring 3: in"
  call user
  in al, 0x60
  tried 44
  try 45, "ring 3: an interrupt that is not for it"
  call user
  int 0x31
  tried 45
  try 46, "ring 3: a kernel's segment"
  call user
  mov ax, 0x10
  mov ds, ax
  tried 46
  try 47, "ring 3: a call gate"
  call user
  lcall 0x48, 0
  int 0x30
  tried 47
  try 48, "ring 3: conforming code"
  call user
  lcall 0x5b, offset conforming
  int 0x30
  tried 48
  try 49, "ring 3: a local descriptor"
  mov dword ptr [FRAMES + 0x8200], 0xaaaa
  mov dword ptr [FRAMES + 0x8300], 0xbbbb
  mov cx, 0x40
  lldt cx
  call user
  mov ax, 0x0f
  mov fs, ax
  mov eax, fs:[0]
  int 0x30
  tried 49
  try 50, "the same after the table has changed"
  mov word ptr [ldt + 8 + 2], 0x8300
  call user
  mov ax, 0x0f
  mov fs, ax
  mov eax, fs:[0]
  int 0x30
  tried 50
  try 51, "ring 3: an unaligned access"
  mov eax, cr0
  or eax, 0x40000                     // AM
  mov cr0, eax
  call user
  pushfd
  or dword ptr [esp], 0x40000         // AC
  popfd
  mov eax, [WINDOW + 0x8001]
  tried 51
  mov eax, cr0
  and eax, 0xfffbffff
  mov cr0, eax

// ---- What a kernel asks about itself.
  try 52, "flags"
  cli
  pushfd
  pop eax
  tried 52
  try 53, "flags with IOPL 3"
  push 0x3002
  popfd
  pushfd
  pop eax
  push 2
  popfd
  tried 53
  try 54, "cs"
  mov eax, cs
  tried 54
  try 55, "ss"
  push ss
  pop eax
  tried 55
  try 56, "sgdt"
  sgdt [scratch]
  mov eax, [scratch + 2]
  sub eax, offset gdt
  tried 56
  try 57, "sidt"
  sidt [scratch]
  mov eax, [scratch + 2]
  sub eax, offset idt
  tried 57
  try 58, "sldt"
  sldt eax
  tried 58
  try 59, "str"
  str eax
  tried 59
  try 60, "smsw"
  smsw eax
  tried 60
  try 61, "lar"
  lar eax, word ptr [eight]
  tried 61
  try 62, "lsl"
  lsl eax, word ptr [eight]
  tried 62
  try 63, "verw"
  mov cx, 0x10
  verw cx
  setz al
  tried 63
  try 64, "cr0"
  mov eax, cr0
  tried 64
  try 65, "dr7"
  mov eax, dr7
  tried 65

// ---- Exceptions.
  try 66, "divide"
  xor ecx, ecx
  div ecx
  tried 66
  try 67, "breakpoint"
  int3
  tried 67
  try 68, "overflow"
  mov al, 0x7f
  add al, 1
  into
  tried 68
  try 69, "bound"
  mov eax, 7
  bound eax, [bounds]
  tried 69
  try 70, "undefined"
  ud2
  tried 70
  try 71, "the monitor's own opcode"
  .byte 0x0f, 0x3f, 0, 0
  tried 71
  try 72, "no coprocessor"
  mov eax, cr0
  or eax, 8                           // TS
  mov cr0, eax
  fninit
  tried 72
  clts
  try 73, "a segment that is not present"
  mov ax, 0x50
  mov fs, ax
  tried 73
  try 74, "a stack that is not present"
  mov ax, 0x50
  mov ss, ax
  tried 74
  try 75, "beyond the GDT"
  mov ax, 0xff8
  mov fs, ax
  tried 75
  try 76, "beyond the IDT"
  lidt [short_idtr]
  int 0x30
  tried 76
  lidt [idtr]
  try 77, "single steps"
  mov dword ptr [steps], 0
  pushfd
  or dword ptr [esp], 0x100
  popfd
  nop
  nop
  pushfd
  and dword ptr [esp], 0xfffffeff
  popfd
  mov eax, [steps]
  tried 77
  try 78, "a breakpoint register"
  mov eax, offset watched
  mov dr0, eax
  mov eax, 2
  mov dr7, eax
  mov dword ptr [steps], 0
watched:
  mov ecx, 1
  xor eax, eax
  mov dr7, eax
  mov eax, [steps]
  tried 78

// ---- Code that changes.
  try 79, "the next instruction"
  mov byte ptr [changing + 1], 0x66
changing:
  mov eax, 0x55
  tried 79
  try 80, "code through another address"
  mov dword ptr [window_table + 4*12], offset patched
  and dword ptr [window_table + 4*12], 0xfffff000
  or dword ptr [window_table + 4*12], 3
  call patched
  mov edx, offset patched
  and edx, 0xfff
  mov byte ptr [WINDOW + 0xc001 + edx], 0x22
  call patched
  tried 80

// ---- Time.
  call start_timer
  try 81, "interrupts wake a halt"
  mov dword ptr [ticks], 0
1: sti
  hlt
  cli
  cmp dword ptr [ticks], 3
  jb 1b
  mov eax, [ticks]
  tried 81
  try 82, "and come between instructions"
  mov dword ptr [ticks], 0
  sti
1: inc ebx
  cmp dword ptr [ticks], 3
  jb 1b
  cli
  mov eax, [ticks]
  tried 82
  try 83, "none while they are off"
  mov dword ptr [ticks], 0
  mov ecx, 20000
1: loop 1b
  mov eax, [ticks]
  tried 83
  try 84, "a task switch"
  lcall 0x60, 0
  mov eax, [steps]
  tried 84

  mov esi, offset goodbye
  call print
  cli
1: hlt
  jmp 1b

patched:
  mov eax, 0x11
  ret
conforming:
  mov eax, cs
  retf
gate:
  mov eax, cs
  retf

// Goes on in ring 3 behind the call; the way back is a fault or INT 30h.
user:
  pop edx
  push 0x23
  mov ecx, offset user_top
  push ecx
  push 2
  push 0x1b
  push edx
  mov cx, 0x23
  mov ds, cx
  mov es, cx
  iretd

task_code:
  mov dword ptr [steps], 0x7a5c
  iretd                               // NT is set: back to the task that called
  jmp task_code

// ---- Faults: every gate leads to `caught`, with the vector on the stack.
// Each stub is 16 bytes: a push or two and a jump.
.p2align 4
stubs:
.set n, 0
.rept 256
  .if n == 8 || (n >= 10 && n <= 14) || n == 17
  nop
  nop
  .else
  push 0
  .endif
  push n
  jmp caught
  .p2align 4
  .set n, n + 1
.endr

caught:
  push eax
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov eax, [esp + 4]                  // the vector
  cmp eax, 1
  je debugged
  cmp eax, 0x20
  je ticked
  cmp eax, 0x30
  je returned
  mov [vector], eax
  mov eax, [esp + 8]
  mov [error], eax
  mov eax, [esp + 12]
  sub eax, offset _start
  mov [place], eax
  mov eax, cr2
  mov [address], eax
  mov [left], ecx
  pop eax
  jmp back
returned:
  mov dword ptr [vector], -2
  pop eax
back:
  mov dx, 0x10
  mov ss, dx
  mov esp, [stack]
  push dword ptr [recover]
  push 2                              // whatever EFLAGS were
  popfd
  ret
debugged:
  inc dword ptr [steps]
  or dword ptr [esp + 20], 0x10000    // RF
  xor eax, eax
  mov dr6, eax
  pop eax
  add esp, 8
  iretd
ticked:
  inc dword ptr [ticks]
  mov al, 0x20
  out 0x20, al
  pop eax
  add esp, 8
  iretd

make_descriptors:
  mov edi, offset gdt + 0x28
  mov edx, offset tss
  call set_base
  mov edi, offset gdt + 0x30
  mov edx, WINDOW + 0x8100
  call set_base
  mov edi, offset gdt + 0x38
  mov edx, HOLE
  call set_base
  mov edi, offset gdt + 0x40
  mov edx, offset ldt
  call set_base
  mov edi, offset gdt + 0x60
  mov edx, offset task
  call set_base
  mov edi, offset ldt + 8
  mov edx, WINDOW + 0x8200
  call set_base
  mov edx, offset gate
  mov [gdt + 0x48], dx
  shr edx, 16
  mov [gdt + 0x4e], dx
  mov dword ptr [tss + 4], offset fault_top
  mov dword ptr [tss + 8], 0x10
  mov dword ptr [tss + 28], offset directory
  mov dword ptr [tss + 96], 0x40      // the LDT by then
  mov word ptr [tss + 102], 104       // no port is for the user
  mov dword ptr [task + 28], offset directory
  mov dword ptr [task + 32], offset task_code
  mov dword ptr [task + 36], 2
  mov dword ptr [task + 56], offset task_top
  mov dword ptr [task + 72], 0x10
  mov dword ptr [task + 76], 8
  mov dword ptr [task + 80], 0x10
  mov dword ptr [task + 84], 0x10
  ret

// Puts the base EDX into the descriptor at EDI.
set_base:
  mov [edi + 2], dx
  shr edx, 16
  mov [edi + 4], dl
  mov [edi + 7], dh
  ret

make_gates:
  mov edi, offset idt
  mov edx, offset stubs
  mov ecx, 256
1: mov ax, dx
  stosw
  mov ax, 8
  stosw
  mov ax, 0x8e00
  cmp ecx, 256 - 3
  je 2f
  cmp ecx, 256 - 4
  je 2f
  cmp ecx, 256 - 0x30
  jne 3f
2: mov ax, 0xee00                     // INT3, INTO and INT 30h are for everybody
3: stosw
  mov eax, edx
  shr eax, 16
  stosw
  add edx, 16
  loop 1b
  ret

// The first 8 MiB in large pages, the window, and the top; the user's parts in the window and the top.
make_tables:
  mov dword ptr [directory + 4], 0x00400083
  mov eax, offset window_table
  or eax, 7
  mov [directory + 4*WINDOW_INDEX], eax
  mov eax, offset top_table
  or eax, 7
  mov [directory + 4*HOLE_INDEX], eax
  mov eax, FRAMES + 3                 // the supervisor's: all that is not named below
  mov edi, offset window_table
  mov ecx, 3
1: stosd
  add eax, 0x1000
  loop 1b
  mov dword ptr [window_table + 4*8], FRAMES + 0x8007
  mov dword ptr [window_table + 4*11], FRAMES + 0xb005
  mov eax, FRAMES + 0x20003
  mov edi, offset top_table
  mov ecx, 0x81
2: stosd
  add eax, 0x1000
  loop 2b
  mov dword ptr [top_table + 4*0x90], FRAMES + 0xb0007
  // Code and the user's stack are in the first 4 MiB, which ring 3 may use, but for `magic`'s page.
  mov dword ptr [directory], offset low_table + 7
  mov edi, offset low_table
  mov eax, 7
  mov ecx, 1024
3: stosd
  add eax, 0x1000
  loop 3b
  mov edx, offset magic
  shr edx, 12
  and dword ptr [low_table + edx*4], 0xfffffffb
  // The other directory has another window.
  mov esi, offset directory
  mov edi, offset other
  mov ecx, 1024
  rep movsd
  mov eax, offset other_window
  or eax, 3
  mov [other + 4*WINDOW_INDEX], eax
  mov dword ptr [other_window + 4], FRAMES + 0x8003
  ret

start_timer:
  mov al, 0x11
  out 0x20, al
  mov al, 0x20
  out 0x21, al
  mov al, 4
  out 0x21, al
  mov al, 1
  out 0x21, al
  mov al, 0xfe                        // the timer alone
  out 0x21, al
  mov al, 0x34
  out 0x43, al
  mov al, 0x00
  out 0x40, al
  mov al, 0x08                        // every 2048 of its periods
  out 0x40, al
  ret

begin:
  mov dword ptr [vector], -1
  mov dword ptr [error], 0
  lea eax, [esp + 4]
  mov [stack], eax
  xor eax, eax
  ret

// ---- Telling: title, then what was in EAX, or the fault.
tell:
  push eax
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov esi, [title]
  call print
  mov al, 58
  call put
  mov eax, [vector]
  cmp eax, -1
  je 1f
  cmp eax, -2
  je 1f
  mov esi, offset fault
  call print
  mov eax, [vector]
  call hex
  mov eax, [error]
  call hex
  mov eax, [place]
  call hex
  cmp dword ptr [vector], 14
  jne 2f
  mov eax, [address]
  call hex
  jmp 2f
1: mov eax, [esp]
  call hex
2: mov al, 10
  call put
  pop eax
  ret

hex:
  push eax
  mov al, 32
  call put
  pop eax
  mov ecx, 8
1: rol eax, 4
  push eax
  and al, 15
  cmp al, 10
  jb 2f
  add al, 39
2: add al, 48
  call put
  pop eax
  loop 1b
  ret

print:
  lodsb
  test al, al
  jz 1f
  call put
  jmp print
1: ret

put:
  push edx
  push eax
  mov dx, 0x3fd
1: in al, dx
  test al, 0x20
  jz 1b
  pop eax
  mov dx, 0x3f8
  out dx, al
  pop edx
  ret

.section .rodata
fault: .asciz " fault"
goodbye: .asciz "done\n"

.data
.p2align 3
gdt:
  .quad 0
  .quad 0x00cf9b000000ffff            // 08 the kernel's code
  .quad 0x00cf93000000ffff            // 10 and data
  .quad 0x00cffb000000ffff            // 18 the user's code
  .quad 0x00cff3000000ffff            // 20 and data
  .quad 0x0000890000000067            // 28 TSS
  .quad 0x00cff3000000ffff            // 30 the user's thread-local data: all of memory from its base on
  .quad 0x0040930000000fff            // 38 data at the top
  .quad 0x000082000000000f            // 40 LDT
  .quad 0x0000ec0000080000            // 48 a call gate to the kernel's code
  .quad 0x00cf13000000ffff            // 50 not present
  .quad 0x00cf9f000000ffff            // 58 conforming code
  .quad 0x0000890000000067            // 60 another TSS
gdt_end:
gdtr:
  .word gdt_end - gdt - 1
  .long gdt
high_gdtr:
  .word gdt_end - gdt - 1
  .long HOLE + 0x4000
idtr:
  .word 256 * 8 - 1
  .long idt
high_idtr:
  .word 256 * 8 - 1
  .long HOLE + 0x5000
short_idtr:
  .word 0x20 * 8 - 1
  .long idt
.p2align 3
ldt:
  .quad 0
  .quad 0x0040f30000000fff            // 0F data of the user
bounds: .long 1, 5
eight: .word 8
.p2align 12
magic: .long 0x600d
.p2align 12

.bss
.p2align 12
directory: .skip 4096
window_table: .skip 4096
top_table: .skip 4096
other: .skip 4096
other_window: .skip 4096
low_table: .skip 4096
idt: .skip 256 * 8
tss: .skip 104
task: .skip 104
scratch: .skip 8
vector: .long 0
error: .long 0
place: .long 0
address: .long 0
left: .long 0
stack: .long 0
recover: .long 0
title: .long 0
steps: .long 0
ticks: .long 0
.skip 4096
fault_top:
.skip 4096
user_top:
.skip 4096
task_top:
.skip 4096
top:
