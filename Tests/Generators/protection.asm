; A ROM that tries random set-ups of protection and prints what the processor did (nasm).
;
; For each test a monitor task draws descriptors, gates, TSSs, selectors, stacks and flags from a
; generator of random numbers and returns to the test's task, which executes one operation (`ops`,
; `v86ops`) in ring 0-3 or in virtual-8086 mode and then INT 50h. That interrupt and every exception
; go through task gates to monitors of their own, so that the whole state is saved whatever broke.
; The monitor prints, to port E9h: the test's number, operation, ring and selector, the vector
; (20h: INT 50h, it went well) and error code, the link to the interrupted task, its registers, and
; hashes of the descriptor tables and of the stacks.
;
;   nasm -w-all -DSEED=0x777777 -DCOUNT=4000 -f bin protection.asm
;
; Tests/Generators/protection.py runs it on Bochs and writes Tests/X86Tests/Vectors/protection.txt.
%ifndef COUNT
%define COUNT 2000
%endif
%ifndef SEED
%define SEED 0x12345678
%endif
%define v_seed 0x500
%define v_vector 0x504
%define v_err 0x508
%define v_count 0x50C
%define v_op 0x510
%define v_ring 0x514
%define v_sel 0x518
%define v_brk 0x51C
%define memop 0x600
%define GDT 0x1000
%define IDT 0x2000
%define LDT 0x3000
%define TSS 0x4000
%define TSS2 0x4100
%define TSS16 0x4180
%define MT 0x5000
%define STUB 0x8000
org 0xF0000
bits 16
start:
  cli
  mov al, 0xFF
  out 0x21, al
  out 0xA1, al
  mov ax, 0xF000
  mov ds, ax
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
  ; clear low memory
  xor edi, edi
  xor eax, eax
  mov ecx, 0x24000/4
  rep stosd
  mov dword [v_seed], SEED
  ; stubs
  mov esi, stubs
  mov edi, STUB
  mov ecx, (stubs_end-stubs+3)/4
  rep movsd
  ; monitor tasks
  mov ebx, 0
.mt:
  cmp ebx, 0x20
  jne .m1
  mov ebp, 0x50
  jmp .m2
.m1: mov ebp, ebx
.m2:
  ; TSS at MT+ebx*0x80
  mov edi, ebx
  shl edi, 7
  add edi, MT
  mov eax, ebx
  shl eax, 4            ; stub size 16? table below
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
  ; GDT entry 0x400+ebx*8
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
  mov dword [v_brk], 0
  mov ebx, MT
  call prepare
  jmp mstub0_iret
align 4
gdtr: dw 0x7FF
  dd GDT
idtr: dw 0x50*8+7
  dd IDT

; selector
rndsel:
  push ecx
  mov ecx, 16
  call rndn
  cmp eax, 13
  jb .any
  je .ldt
  cmp eax, 14
  je .null
  ; ring-fitting data/code
  mov eax, [v_ring]
  shl eax, 4
  add eax, 8
  push eax
  call rnd
  and eax, 8
  add eax, [esp]
  add esp, 4
  or eax, [v_ring]
  pop ecx
  ret
.any:
  mov ecx, 17
  call rndn
  cmp eax, 16
  jne .a1
  mov eax, 0x1FFF
.a1: shl eax, 3
.rpl:
  push eax
  mov ecx, 4
  call rndn
  cmp eax, 1
  jb .r0
  je .r3
  mov eax, [v_ring]
  jmp .r
.r3: push eax
  call rnd
  and eax, 3
  add esp, 4
  jmp .r
.r0: xor eax, eax
.r: or eax, [esp]
  add esp, 4
  pop ecx
  ret
.ldt:
  mov ecx, 3
  call rndn
  shl eax, 3
  or eax, 4
  jmp .rpl
.null:
  call rnd
  and eax, 3
  pop ecx
  ret
; random descriptor at edi
rnddesc:
  push ebx
  push ecx
  push edx
  mov ecx, 8
  call rndn
  cmp eax, 4
  jb .seg
  cmp eax, 6
  jb .gate
  je .sys
  ; anything
  call rnd
  mov edx, eax
  and edx, 0xFF
  or edx, 0x80
  test edx, 0x10
  jnz .seg2
  mov eax, edx
  and eax, 15
  cmp eax, 4
  jb .sys2
  cmp eax, 8
  jb .gate2
  cmp eax, 12
  jb .sys2
  jmp .gate2
.seg:
  call rnd
  and eax, 0x1F|0x60
  or eax, 0x10
  mov edx, eax
  mov ecx, 8
  call rndn
  test eax, eax
  jz .seg1
  or edx, 0x80
.seg1:
  ; often the ring's own DPL
  call rnd
  test eax, 3
  jz .seg2
  and edx, ~0x60
  mov eax, [v_ring]
  shl eax, 5
  or edx, eax
.seg2:
  mov ecx, 6
  call rndn
  mov ebx, [limits+eax*8]
  mov eax, [limits+eax*8+4]
  mov [edi], ebx
  shl edx, 8
  or edx, eax
  push edx
  call rnd
  and eax, 0x400000
  pop edx
  or edx, eax
  mov [edi+4], edx
  jmp .done
.gate:
  mov ecx, 6
  call rndn
  movzx edx, byte [gatetypes+eax]
  call rnd
  test eax, 3
  jz .g1
  or edx, 0x60
  jmp .g2
.g1: shr eax, 3
  and eax, 0x60
  or edx, eax
.g2:
  mov ecx, 8
  call rndn
  test eax, eax
  jz .gate2
  or edx, 0x80
.gate2:
  shl edx, 8
  push edx
  call rnd
  and eax, 3
  pop edx
  or edx, eax
  mov [edi+4], edx
  call rndsel
  shl eax, 16
  or eax, STUB+landing-stubs
  mov [edi], eax
  jmp .done
.sys:
  mov ecx, 5
  call rndn
  movzx edx, byte [systypes+eax]
  call rnd
  and eax, 0x60
  or edx, eax
  mov ecx, 8
  call rndn
  test eax, eax
  jz .sys2
  or edx, 0x80
.sys2:
  mov eax, edx
  and eax, 15
  mov ebx, LDT
  cmp eax, 2
  je .s2
  mov ebx, TSS2
  test eax, 8
  jnz .s2
  mov ebx, TSS16
.s2:
  mov ecx, 5
  call rndn
  movzx eax, byte [tsslimits+eax]
  shl ebx, 16
  or eax, ebx
  mov [edi], eax
  shl edx, 8
  mov [edi+4], edx
.done:
  pop edx
  pop ecx
  pop ebx
  ret
gatetypes: db 4, 0xC, 0xC, 5, 0xE, 7
systypes: db 1, 9, 3, 2, 0xB
tsslimits: db 0x67, 0x67, 0xFF, 0x2B, 0x66
align 4
limits: dd 0xFFFF, 0xCF0000, 0xFFFF, 0xCF0000, 0xFFFF, 0, 0x8FFF, 0x10000, 0xFF, 0, 0xFFFF, 0x8F0000

; ---- tables for each test
resettables:
  mov esi, template
  mov edi, GDT
  mov ecx, 32
  rep movsd
  ; IDT: all task gates to the monitors
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
  ret
align 8
template:
  dq 0
  dq 0x00CF9A000000FFFF, 0x00CF92000000FFFF
  dq 0x00CFBA000000FFFF, 0x00CFB2000000FFFF
  dq 0x00CFDA000000FFFF, 0x00CFD2000000FFFF
  dq 0x00CFFA000000FFFF, 0x00CFF2000000FFFF
  dw 15, LDT
  db 0, 0x82, 0, 0
  dw 0x67, TSS
  db 0, 0x8B, 0, 0
  times 5 dq 0

; ---- prepare; ebx = TSS of this monitor
prepare:
  push ebx
  call resettables
  mov ecx, 5
  call rndn
  cmp eax, 4
  jne .ringok
  mov eax, 3
.ringok:
  mov [v_ring], eax
%ifdef OP
  mov eax, OP
%else
  mov ecx, 28
  call rndn
%endif
  mov [v_op], eax
  ; free descriptors: 58 60 68 70 78
  mov edi, GDT+0x58
.fd: call rnddesc
  add edi, 8
  cmp edi, GDT+0x80
  jb .fd
  mov edi, LDT
  call rnddesc
  mov edi, LDT+8
  call rnddesc
  ; the IDT's gate 40
  mov edi, IDT+0x40*8
  call rnddesc
  mov ecx, 4
  call rndn
  test eax, eax
  jz .nogate
.mkgate:
  ; make sure it is a gate
  call rnd
  and eax, 0x0900
  or eax, 0xE600
  mov [edi+4], eax
  call rndsel
  shl eax, 16
  or eax, STUB+landing-stubs
  mov [edi], eax
.nogate:
  mov ecx, 4
  call rndn
  test eax, eax
  jnz .nobad
  mov edi, IDT+13*8
  call rnddesc
  mov edi, IDT+11*8
  call rnddesc
  mov edi, IDT+10*8
  call rnddesc
.nobad:
  cmp dword [v_op], 12
  jne .noltr
  ; LTR: keep limits big enough to leave the task again
  mov edi, GDT+0x58
.lt: mov eax, [edi+4]
  test eax, 0x1000
  jnz .ltn
  test eax, 0x400
  jnz .ltn
  mov word [edi], 0xFF
.ltn: add edi, 8
  cmp edi, GDT+0x80
  jb .lt
  test dword [LDT+4], 0x1000
.noltr:
  ; clear TSS areas
  mov edi, TSS
  mov ecx, 0x200/4
  xor eax, eax
  rep stosd
  ; stacks
  mov edi, 0x10000
  mov ecx, 0x400/4
  rep stosd
  mov edi, 0x0
  mov ecx, 0x400/4
  rep stosd
  ; TSS of the test
  mov dword [TSS+4], 0x10100
  mov dword [TSS+8], 0x10
  mov dword [TSS+0xC], 0x10180
  mov dword [TSS+0x10], 0x21
  mov dword [TSS+0x14], 0x10200
  mov dword [TSS+0x18], 0x32
  mov ecx, 2
  call rndn
  test eax, eax
  jz .goodstacks
  call rndsel
  mov [TSS+8], eax
  call rndsel
  mov [TSS+0x10], eax
  call rndsel
  mov [TSS+0x18], eax
.goodstacks:
  mov ecx, [v_op]
  mov eax, [ops+ecx*4]
  mov [TSS+0x20], eax
  call rnd
  and eax, 0x3000
  or eax, 2
  mov [TSS+0x24], eax
  call rnd
  test eax, 3
  jnz .nont
  or dword [TSS+0x24], 0x4000
.nont:
  call rndsel
  mov [TSS], ax
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
  mov [TSS+0x58], ecx
  mov [TSS+0x5C], ecx
  mov dword [TSS+0x60], 0x48
  mov word [TSS+0x66], 0x68
  shl eax, 7
  add eax, 0x10100
  mov [TSS+0x38], eax
  call rndsel
  mov [v_sel], eax
  mov [TSS+0x28], eax   ; EAX
  mov dword [TSS+0x2C], 0x11111111
  call rnd
  and eax, 0x3FF
  mov [TSS+0x30], eax   ; EDX
  mov dword [TSS+0x34], 0
  mov dword [TSS+0x3C], 0x55555555
  mov dword [TSS+0x40], 0x66666666
  mov dword [TSS+0x44], 0x77777777
  ; TSS2 and TSS16
  mov dword [TSS2+0x20], STUB+landing-stubs
  mov dword [TSS2+0x24], 2
  mov dword [TSS2+0x38], 0x10100
  mov dword [TSS2+4], 0x10100
  mov dword [TSS2+8], 0x10
  mov word [TSS16+0xE], STUB+landing-stubs
  mov word [TSS16+0x10], 2
  mov word [TSS16+0x1A], 0x1800
  mov word [TSS16+2], 0x1800
  mov word [TSS16+4], 0x10
  mov ecx, 4
  call rndn
  push eax
  mov esi, eax
  shl esi, 4
  add esi, 8
  or esi, eax
  pop eax
  mov [TSS2+0x4C], esi
  mov [TSS16+0x24], si
  add esi, 8
  mov [TSS2+0x50], esi
  mov [TSS2+0x48], esi
  mov [TSS2+0x54], esi
  mov [TSS16+0x26], si
  mov [TSS16+0x22], si
  mov [TSS16+0x28], si
  mov ecx, 2
  call rndn
  test eax, eax
  jz .t2
  ; one selector is random
  mov ecx, 7
  call rndn
  mov edi, eax
  call rndsel
  mov [TSS2+0x48+edi*4], eax
  cmp edi, 5
  jae .t2
  mov [TSS16+0x22+edi*2], ax
.t2:
  ; far pointer in memory
  mov dword [memop], STUB+landing-stubs
  call rndsel
  mov [memop+4], ax
  cmp dword [v_op], 3
  jne .nolss
  mov eax, [TSS+0x38]
  mov [memop], eax
.nolss:
  cmp dword [v_op], 18
  je .o16
  cmp dword [v_op], 19
  jne .no16
.o16:
  mov ax, [memop+4]
  mov [memop+2], ax
.no16:
  ; stack of the test
  mov edi, [TSS+0x38]
  mov eax, [v_op]
  cmp eax, 6
  je .retf
  cmp eax, 7
  je .retf
  cmp eax, 8
  je .iret
  cmp eax, 20
  je .retf16
  cmp eax, 21
  je .iret16
  cmp eax, 24
  je .iretv86
  ; POP, POPF
  cmp eax, 15
  je .popf
  call rndsel
  mov [edi], eax
  call rndsel
  mov [edi+4], eax
  jmp .stackdone
.popf:
  call rndflags
  mov [edi], eax
  jmp .stackdone
.retf:
  mov dword [edi], STUB+landing-stubs
  call rndcs
  mov [edi+4], eax
  cmp dword [v_op], 7
  jne .retf1
  add edi, 8
.retf1:
  mov dword [edi+8], 0x10280
  call rndss
  mov [edi+12], eax
  jmp .stackdone
.iret:
  mov dword [edi], STUB+landing-stubs
  call rndcs
  mov [edi+4], eax
  call rndflags
  mov [edi+8], eax
  mov dword [edi+12], 0x10280
  call rndss
  mov [edi+16], eax
  jmp .stackdone
.retf16:
  mov word [edi], STUB+landing-stubs
  call rndcs
  mov [edi+2], ax
  mov word [edi+4], 0x280
  call rndss
  mov [edi+6], ax
  jmp .stackdone
.iret16:
  mov word [edi], STUB+landing-stubs
  call rndcs
  mov [edi+2], ax
  call rndflags
  mov [edi+4], ax
  mov word [edi+6], 0x280
  call rndss
  mov [edi+8], ax
  jmp .stackdone
.iretv86:
  mov dword [edi], landing-stubs
  mov dword [edi+4], STUB>>4
  call rndflags
  or eax, 0x20000
  mov [edi+8], eax
  mov dword [edi+12], 0x280
  mov dword [edi+16], 0x1000
  mov dword [edi+20], 0x1111
  mov dword [edi+24], 0x2222
  mov dword [edi+28], 0x3333
  mov dword [edi+32], 0x4444
  jmp .stackdone
.stackdone:
  cmp dword [v_op], 25
  jb .nov86
  cmp dword [v_op], 27
  ja .nov86
  ; the test itself in V86 mode
  mov ecx, 8
  call rndn
  mov eax, [v86ops+eax*4]
  mov [TSS+0x20], eax
  or dword [TSS+0x24], 0x20200
  mov dword [TSS+0x4C], STUB>>4
  mov dword [TSS+0x50], 0x1000
  mov dword [TSS+0x54], 0x3333
  mov dword [TSS+0x38], 0x180
  mov word [0x10180], landing-stubs
  mov word [0x10182], STUB>>4
  call rndflags
  mov [0x10184], ax
.nov86:
  ; link this monitor to the test
  pop ebx
  mov word [ebx], 0x50
  ret
rndflags:
  call rnd
  push eax
  call rnd
  shl eax, 16
  xor eax, [esp]
  add esp, 4
  and eax, ~(0x20000|0x180000)
  test eax, 0x80000000
  jz .notf
  and eax, ~0x100
.notf:
  ret
rndcs:
  push ecx
  mov ecx, 2
  call rndn
  test eax, eax
  jz .sel
  mov ecx, 4
  call rndn
  mov ecx, eax
  shl ecx, 4
  add ecx, 8
  or eax, ecx
  pop ecx
  ret
.sel: pop ecx
  jmp rndsel
rndss:
  push ecx
  mov ecx, 2
  call rndn
  test eax, eax
  jz rndcs.sel
  mov eax, [v_op]
  mov ecx, [TSS+0x38]
  ; the level of the CS that was just put on the stack
  cmp eax, 20
  jae .h
  movzx eax, byte [ecx+4]
  jmp .h2
.h: movzx eax, byte [ecx+2]
.h2: and eax, 3
  mov ecx, eax
  shl ecx, 4
  add ecx, 16
  or eax, ecx
  pop ecx
  ret

record:
  push ebx
  mov eax, [v_count]
  call hex
  mov eax, [v_op]
  call hex8
  mov eax, [v_ring]
  call hex8
  mov eax, [v_sel]
  call hex16
  mov eax, [v_vector]
  call hex8
  mov eax, [v_err]
  call hex16
  mov ebx, [esp]
  movzx eax, word [ebx]
  call hex16
  mov ebx, [esp]
  cmp word [ebx], 0x50
  jne .other
  mov eax, [TSS+0x20]
  call hex
  mov eax, [TSS+0x24]
  call hex
  mov eax, [TSS+0x28]
  call hex
  mov eax, [TSS+0x2C]
  call hex
  mov eax, [TSS+0x30]
  call hex
  mov eax, [TSS+0x34]
  call hex16
  mov eax, [TSS+0x38]
  call hex
  mov eax, [TSS+0x48]
  call hex16
  mov eax, [TSS+0x4C]
  call hex16
  mov eax, [TSS+0x50]
  call hex16
  mov eax, [TSS+0x54]
  call hex16
  mov eax, [TSS+0x58]
  call hex16
  jmp .hash
.other:
  mov ecx, 0x200
  mov esi, TSS
  call hash
.hash:
  mov al, 'G'
  out 0xE9, al
  mov esi, GDT
  mov ecx, 0x80
  call hash
  mov esi, LDT
  mov ecx, 16
  call hash
  mov al, 'S'
  out 0xE9, al
  mov esi, 0x10000
  mov ecx, 0x400
  call hash
  mov esi, 0
  mov ecx, 0x400
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
%macro op 1
op%1:
%endmacro
op 0
  mov ds, ax
  int 0x50
op 1
  mov es, ax
  int 0x50
op 2
  mov ss, ax
  int 0x50
op 3
  lss esp, [memop]
  int 0x50
op 4
  jmp far [memop]
op 5
  call far [memop]
  int 0x50
op 6
  retf
op 7
  retf 8
op 8
  iret
op 9
  int 0x40
  int 0x50
op 10
  mov esi, eax
  mov edx, 0x22222222
  lar ecx, esi
  setz bl
  lsl edx, esi
  setz bh
  verr si
  setz al
  verw si
  setz ah
  int 0x50
op 11
  lldt ax
  int 0x50
op 12
  ltr ax
  int 0x50
op 13
  pop ds
  int 0x50
op 14
  pop ss
  int 0x50
op 15
  popf
  int 0x50
op 16
  cli
  int 0x50
op 17
  sti
  int 0x50
op 18
  o16 jmp far [memop]
op 19
  o16 call far [memop]
  int 0x50
op 20
  o16 retf
op 21
  o16 iret
op 22
  mov ecx, edx
  arpl ax, cx
  setz bl
  int 0x50
op 23
  in al, dx
  mov al, 0
  int 0x50
op 24
  iret
op 25
op 26
op 27
  int 0x50
v0: db 0xCD, 0x40, 0xCD, 0x50
v1: db 0x9C, 0xCD, 0x50
v2: db 0x83, 0xC4, 0x04, 0x9D, 0xCD, 0x50
v3: db 0xCF
v4: db 0xFA, 0xCD, 0x50
v5: db 0xFB, 0x90, 0xCD, 0x50
v6: db 0xCC, 0xCD, 0x50
v7: db 0xF4, 0xCD, 0x50
stubs_end:
align 4
ops:
%assign k 0
%rep 28
  dd STUB + op%[k] - stubs
%assign k k+1
%endrep
v86ops:
%assign k 0
%rep 8
  dd v%[k] - stubs
%assign k k+1
%endrep
times 0xFFF0-($-$$) db 0x90
bits 16
  jmp 0xF000:0
times 0x10000-($-$$) db 0
