; A ROM that tries random page tables and prints what the processor did (nasm).
;
; Like protection.asm: monitor tasks behind task gates prepare a test and print its outcome. Here
; each test draws the paging mode (32-bit, with 4 MiB pages, PAE with or without NX), CR0.WP, CR4.PGE
; and the flags of the entries that map two neighbouring pages at 40_5000h, and executes one
; operation on them in ring 0, 1 or 3: `ops`. Printed are the vector, the error code, CR2, registers,
; the entries afterwards (A and D bits) and hashes of what the pages hold.
;
;   nasm -w-all -DSEED=0x777777 -DCOUNT=4000 -f bin paging.asm
;
; Tests/Generators/protection.py runs it on Bochs.
%define NOPS 26
%define v_seed 0x500
%define v_vector 0x504
%define v_err 0x508
%define v_count 0x50C
%define v_op 0x510
%define v_ring 0x514
%define v_mode 0x518
%define v_addr 0x51C
%define v_pde 0x520
%define v_pte 0x524
%define GDT 0x1000
%define IDT 0x2000
%define TSS 0x4000
%define MT 0x5000
%define STUB 0x8000
%define PD 0x50000
%define PT0 0x51000
%define PT1 0x52000
%define PDPT 0x53000
%define PD8 0x54000
%define PT0A 0x55000
%define PT0B 0x56000
%define PT8 0x57000
%define PAGEA 0x61000
%define PAGEB 0x62000
%define LINEAR 0x405000
org 0xF0000
bits 16
start:
  cli
  mov al, 0xFF
  out 0x21, al
  out 0xA1, al
  o32 lgdt [cs:bootgdtr-0xF0000]
  mov eax, cr0
  or al, 1
  and eax, 0x9FFFFFFF
  mov cr0, eax
  jmp dword 8:pm
align 8
bootgdtr: dw 23
  dd bootgdt
align 8
bootgdt: dq 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
bits 32
pm:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov gs, ax
  mov ss, ax
  mov esp, 0x30000
  cld
  xor edi, edi
  xor eax, eax
  mov ecx, 0x70000/4
  rep stosd
  mov dword [v_seed], SEED
  mov esi, stubs
  mov edi, STUB
  mov ecx, (stubs_end-stubs+3)/4
  rep movsd
  mov ebx, 0
.mt:
  mov edi, ebx
  shl edi, 7
  add edi, MT
  mov eax, [mstubs+ebx*4]
  mov [edi+0x20], eax
  mov dword [edi+0x24], 2
  mov eax, ebx
  shl eax, 8
  add eax, 0x20100
  mov [edi+0x38], eax
  mov dword [edi+0x48], 0x10
  mov dword [edi+0x4C], 8
  mov dword [edi+0x50], 0x10
  mov dword [edi+0x54], 0x10
  mov dword [edi+0x58], 0x10
  mov dword [edi+0x5C], 0x10
  mov word [edi+0x66], 0x68
  mov eax, edi
  shl eax, 16
  or eax, 0x67
  mov [GDT+0x400+ebx*8], eax
  mov eax, edi
  shr eax, 16
  and eax, 0xFF
  or eax, 0x8900
  mov [GDT+0x404+ebx*8], eax
  inc ebx
  cmp ebx, 0x21
  jne .mt
  ; IDT: task gates to the monitors; 40h is an interrupt gate for ring 3
  xor ebx, ebx
.i:
  mov eax, ebx
  cmp ebx, 0x20
  jb .i1
  mov eax, 0x20
.i1:
  shl eax, 3
  add eax, 0x400
  shl eax, 16
  mov [IDT+ebx*8], eax
  mov dword [IDT+ebx*8+4], 0x8500
  inc ebx
  cmp ebx, 0x50
  jb .i
  mov dword [IDT+0x50*8], (0x400+0x20*8)<<16
  mov dword [IDT+0x50*8+4], 0xE500
  mov dword [IDT+0x40*8], 8<<16 | (STUB+landing-stubs)
  mov dword [IDT+0x40*8+4], 0xEE00
  ; identity tables for the first 4 MiB, open to all
  mov edi, PT0
  mov eax, 0x67
  mov ecx, 1024
.p0: stosd
  add eax, 0x1000
  loop .p0
  mov edi, PT0A
  mov eax, 0x67
  mov ecx, 1024
.p1: stosd
  mov dword [edi], 0
  add edi, 4
  add eax, 0x1000
  loop .p1
  mov dword [PD], PT0|0x67
  mov dword [PDPT], PD8|1
  mov dword [PD8], PT0A|0x67
  mov dword [PD8+8], PT0B|0x67
  call resettables
  lgdt [gdtr]
  lidt [idtr]
  jmp 8:.reload
.reload:
  mov ax, 0x400
  ltr ax
  mov esp, 0x20100
  pushf
  or dword [esp], 0x4000
  popf
  mov ebx, MT
  call prepare
  jmp mstub0_iret
align 4
gdtr: dw 0x7FF
  dd GDT
idtr: dw 0x50*8+7
  dd IDT
resettables:
  mov esi, template
  mov edi, GDT
  mov ecx, 32
  rep movsd
  ret
align 8
template:
  dq 0
  dq 0x00CF9B000000FFFF, 0x00CF93000000FFFF
  dq 0x00CFBB000000FFFF, 0x00CFB3000000FFFF
  dq 0x00CFDB000000FFFF, 0x00CFD3000000FFFF
  dq 0x00CFFB000000FFFF, 0x00CFF3000000FFFF
  dq 0
  dw 0x67, TSS
  db 0, 0x8B, 0, 0
  times 5 dq 0

; flags of an entry: present in 15 of 16, A and D clear more often than not
rndentry:
  call rnd
  and eax, 0x67
  push eax
  mov ecx, 16
  call rndn
  cmp eax, 1
  pop eax
  jb .notpresent
  or eax, 1
  jmp .rights
.notpresent:
  and eax, ~1
.rights:
  push eax
  call rnd
  and eax, 6
  test eax, 2
  pop eax
  jz .done
  or eax, 6
.done:
  ret
; high half of a PAE entry
rndhigh:
  mov ecx, 12
  call rndn
  cmp eax, 3
  jb .nx
  cmp eax, 4
  jb .reserved
  xor eax, eax
  ret
.nx:
  mov eax, 0x80000000
  ret
.reserved:
  call rnd
  and eax, 23
  mov ecx, eax
  and ecx, 15
  mov eax, 0x100
  shl eax, cl
  and eax, 0x7FFFFF00
  ret

prepare:
  push ebx
  ; paging off: every translation is forgotten
  mov eax, cr0
  and eax, 0x7FFFFFFF
  mov cr0, eax
  mov eax, cr4
  and eax, ~0xB0
  mov cr4, eax
  call resettables
  mov ecx, 4
  call rndn
  cmp eax, 2
  jne .r1
  mov eax, 3
.r1:
  mov [v_ring], eax
  mov ecx, NOPS
  call rndn
  mov [v_op], eax
  mov ecx, 5
  call rndn
  mov [v_mode], eax    ; 0 32-bit, 1 32-bit with PSE, 2 PAE, 3 and 4 PAE with NXE
  ; the pages
  mov edi, PAGEA
  mov ecx, 0x2000/4
  call fill
  mov edi, LINEAR
  mov ecx, 0x2000/4
  call fill
  mov edi, TSS
  mov ecx, 0x100/4
  xor eax, eax
  rep stosd
  ; the address: inside the first page, across, or in the second
  mov ecx, 4
  call rndn
  ; several items at once: which of them faults first is the processor's own affair
  cmp dword [v_op], 13
  je .inside
  cmp dword [v_op], 14
  je .inside
  cmp dword [v_op], 15
  je .inside
  cmp dword [v_op], 18
  jne .place
.inside:
  and eax, 2
.place:
  mov eax, [places+eax*4]
  add eax, LINEAR
  mov [v_addr], eax
  mov edx, eax
  mov word [PAGEA+0x100], 0x50CD
  mov word [LINEAR+0x100], 0x50CD
  mov word [PAGEA+0xFFF], 0x50CD
  mov word [LINEAR+0xFFF], 0x50CD
  mov word [PAGEA+0x1100], 0x50CD
  mov word [LINEAR+0x1100], 0x50CD
  cmp dword [v_mode], 2
  jae .pae
  call rndentry
  or eax, PT1
  mov ebx, eax
  cmp dword [v_mode], 1
  jne .nops
  call rnd
  test eax, 1
  jz .nops
  and ebx, 0xFFF
  or ebx, 0x400080
  mov ecx, 8
  call rndn
  test eax, eax
  jnz .nops
  call rnd
  and eax, 0x200000
  or ebx, eax
.nops:
  mov [PD+4], ebx
  call rndentry
  or eax, PAGEA
  mov [PT1+5*4], eax
  call rndentry
  or eax, PAGEB
  mov [PT1+6*4], eax
  mov dword [v_pde], PD+4
  mov dword [v_pte], PT1+5*4
  mov eax, PD
  jmp .tables
.pae:
  mov edi, PD8+16
  call rndentry
  or eax, PT8
  mov [edi], eax
  call rndhigh
  mov [edi+4], eax
  call rnd
  test eax, 3
  jnz .nops8
  mov eax, [edi]
  and eax, 0xFFF
  or eax, 0x400080
  mov [edi], eax
.nops8:
  call rndentry
  or eax, PAGEA
  mov [PT8+5*8], eax
  call rndhigh
  mov [PT8+5*8+4], eax
  call rndentry
  or eax, PAGEB
  mov [PT8+6*8], eax
  call rndhigh
  mov [PT8+6*8+4], eax
  mov dword [v_pde], PD8+16
  mov dword [v_pte], PT8+5*8
  mov eax, PDPT
.tables:
  mov cr3, eax
  ; every task has the same tables
  mov edi, MT+0x1C
  mov ecx, 0x21
.cr3: mov [edi], eax
  add edi, 0x80
  loop .cr3
  mov [TSS+0x1C], eax
  ; the test's task
  mov ecx, [v_op]
  mov eax, [ops+ecx*4]
  mov [TSS+0x20], eax
  mov dword [TSS+0x24], 2
  mov eax, [v_ring]
  mov ecx, eax
  shl ecx, 4
  add ecx, 8
  or ecx, eax
  mov [TSS+0x4C], ecx
  add ecx, 8
  mov [TSS+0x50], ecx
  mov [TSS+0x48], ecx
  mov [TSS+0x54], ecx
  mov word [TSS+0x66], 0x68
  mov dword [TSS+0x28], 4
  mov dword [TSS+0x2C], 3
  mov dword [TSS+0x30], 0x12345678
  mov eax, [v_addr]
  mov [TSS+0x34], eax
  mov [TSS+0x38], eax
  add dword [TSS+0x38], 8
  mov dword [TSS+0x3C], 0x55555555
  mov [TSS+0x40], eax
  mov [TSS+0x44], eax
  add eax, 12
  mov [TSS+4], eax
  mov dword [TSS+8], 0x10
  ; operations on strings use a copy of the pages
  cmp dword [v_op], 6
  jne .str
  mov dword [TSS+0x44], 0x9000
.str:
  cmp dword [v_op], 7
  jne .str2
  mov dword [TSS+0x40], 0x9000
.str2:
  ; IRET's frame
  cmp dword [v_op], 15
  jne .noiret
  mov edi, [v_addr]
  add edi, 8
  mov ecx, edi
  sub ecx, LINEAR-PAGEA
.frame:
  mov dword [edi], STUB+landing-stubs
  mov eax, [TSS+0x4C]
  mov [edi+4], eax
  mov dword [edi+8], 0x246
  cmp edi, ecx
  je .noiret
  mov edi, ecx
  jmp .frame
.noiret:
  ; an LDT in the pages
  mov eax, [v_addr]
  mov edx, eax
  shl edx, 16
  or edx, 0xF
  mov [GDT+0x48], edx
  mov edx, eax
  shr edx, 16
  and edx, 0xFF
  or edx, 0x8200
  and eax, 0xFF000000
  or edx, eax
  mov [GDT+0x4C], edx
  cmp dword [v_op], 8
  jne .noldt
  mov dword [TSS+0x60], 0x48
  mov edi, [v_addr]
  mov dword [edi], 0x0000FFFF
  mov dword [edi+4], 0x00CFF200
  sub edi, LINEAR-PAGEA
  mov dword [edi], 0x0000FFFF
  mov dword [edi+4], 0x00CFF200
.noldt:
  mov dword [TSS+0x28], 7
  ; CR4, EFER, CR0
  mov ebx, 0
  cmp dword [v_mode], 1
  jne .m2
  or ebx, 0x10
.m2:
  cmp dword [v_mode], 2
  jb .m3
  or ebx, 0x20
  mov ecx, 0xC0000080
  rdmsr
  and eax, ~0x800
  cmp dword [v_mode], 2
  je .efer
  or eax, 0x800
.efer:
  wrmsr
.m3:
  call rnd
  and eax, 0x80
  or ebx, eax
  mov cr4, ebx
  call rnd
  and eax, 0x10000
  mov edx, cr0
  and edx, ~0x10000
  or eax, edx
  or eax, 0x80000000
  mov cr0, eax
  pop ebx
  mov word [ebx], 0x50
  ret
; a pattern that no operation writes
fill:
  mov eax, 0x90909090
.l: stosd
  add eax, 0x01010101
  loop .l
  ret
align 4
places: dd 0x100, 0xFFF, 0x1100, 0xFF4

record:
  push ebx
  mov eax, [v_count]
  call hex
  mov eax, [v_op]
  call hex8
  mov eax, [v_ring]
  call hex8
  mov eax, [v_mode]
  call hex8
  mov eax, [v_vector]
  call hex8
  mov eax, [v_err]
  call hex16
  xor eax, eax
  cmp dword [v_vector], 14
  jne .nocr2
  mov eax, cr2
  ; POPA and IRET: of CR2 only the page
  mov ecx, [v_op]
  and ecx, ~1
  cmp ecx, 14
  jne .nocr2
  and eax, 0xFFFFF000
.nocr2:
  call hex
  mov eax, cr0
  shr eax, 16
  call hex8
  ; paging off: the entries and pages as they are in memory
  mov eax, cr0
  and eax, 0x7FFFFFFF
  mov cr0, eax
  mov esi, TSS+0x20
.regs:
  mov eax, [esi]
  call hex
  add esi, 4
  cmp esi, TSS+0x48
  jne .regs
  mov eax, [TSS+0x4C]
  call hex16
  mov esi, [v_pde]
  mov eax, [esi]
  call hex
  mov eax, [esi+4]
  call hex
  mov esi, [v_pte]
  mov eax, [esi]
  call hex
  mov eax, [esi+4]
  call hex
  mov eax, [esi+8]
  call hex
  mov eax, [esi+12]
  call hex
  mov esi, PAGEA
  mov ecx, 0x2000
  call hash
  mov esi, LINEAR
  mov ecx, 0x2000
  call hash
  mov esi, 0x9000
  mov ecx, 0x20
  call hash
  mov al, 10
  out 0xE9, al
  inc dword [v_count]
  cmp dword [v_count], COUNT
  jae finish
  pop ebx
  call prepare
  ret
%include "monitors.inc"

; ---- what runs in the test task, at 8000h
bits 32
align 4
stubs:
landing: int 0x50
  jmp landing
op0: mov eax, [ebx]
  int 0x50
op1: mov [ebx], edx
  int 0x50
op2: inc dword [ebx]
  int 0x50
op3: jmp ebx
op4: push edx
  int 0x50
op5: lodsd
  int 0x50
op6: rep movsd
  int 0x50
op7: rep movsd
  int 0x50
op8: mov es, ax
  int 0x50
op9: cmpxchg [ebx], ecx
  int 0x50
op10: bts dword [ebx], 9
  int 0x50
op11: xchg edx, [ebx]
  int 0x50
op12: call landing
  int 0x50
op13: pusha
  int 0x50
op14: popa
  int 0x50
op15: iret
op16: sgdt [ebx]
  int 0x50
op17: mov al, [ebx]
  mov [ebx+1], al
  int 0x50
op18: int 0x40
  int 0x50
op19: cmpxchg8b [ebx]
  int 0x50
op20: enter 4, 2
  int 0x50
op21: xadd [ebx], ecx
  int 0x50
op22: setc [ebx]
  int 0x50
op23: pop dword [ebx]
  int 0x50
op24: std
  rep stosd
  int 0x50
op25: fnstenv [ebx]
  int 0x50
stubs_end:
align 4
ops:
%assign k 0
%rep NOPS
  dd STUB + op%[k] - stubs
%assign k k+1
%endrep
times 0xFFF0-($-$$) db 0x90
bits 16
  jmp 0xF000:0
times 0x10000-($-$$) db 0
