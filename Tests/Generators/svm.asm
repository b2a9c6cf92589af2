; A ROM that leaves a guest in every way there is, and prints why it was left (nasm).
;
; A case has a name, what the host prepares in the VMCB, and what the guest executes:
;
;     case "hlt"
;       intercept 0x78
;     guest
;       hlt
;
; The VMCB starts as a 32-bit guest at CPL 0 without paging, VMRUN, VMMCALL and shutdown
; intercepted. What the guest does not leave by itself ends in VMMCALL with EAX = D04E; the guest's
; exception handlers end there too, with the vector in bits 31-16 of EAX and, below, the top of their
; stack, addresses counted from the guest's start. Printed to port E9h, in hexadecimal:
;
;     name EXITCODE EXITINFO1 EXITINFO2 EXITINTINFO RIP nRIP extra
;
; RIP and nRIP count from the guest's start; `extra` is RAX, or the field that `show` chose. A host
; case has no guest: its line has the exception raised, its error code, EAX and EDX.
;
; Tests/Generators/svm.py runs this on Bochs and QEMU.

%define VARS 0x500
%define v_guest 0x500
%define v_extra 0x504
%define v_vector 0x508
%define v_error 0x50C
%define v_stack 0x510
%define v_resume 0x514
%define v_case 0x518
%define v_hostflags 0x51C
%define v_far 0x520
%define v_scratch 0x530
%define GDT 0x1000
%define IDTG 0x2000
%define IDTH 0x2800
%define TSS 0x3000
%define TSS2 0x3100
%define TSS16 0x3200
%define VMCB 0x10000
%define HSAVE 0x11000
%define IOPM 0x12000
%define MSRPM 0x16000
%define VMCB2 0x18000
%define NPD 0x20000
%define NPT 0x21000
%define NPDPT 0x24000
%define NPD8 0x25000
%define NPT8 0x26000
%define GPD 0x28000
%define GPT 0x29000
%define GPDPT 0x2A000
%define GPD8 0x2B000
%define GPT8 0x2C000
%define GSTACK 0x34000
%define G3STACK 0x36000
%define HSTACK 0x38000
%define HPD 0x3A000
%define HPT 0x3B000
%define HPDPT 0x3C000
%define HPD8 0x3D000
%define DATA 0x40000

; VMCB fields
%define ASID VMCB+0x58
%define TLBCONTROL VMCB+0x5C
%define VTPR VMCB+0x60
%define VIRQ VMCB+0x61
%define VPRIO VMCB+0x62
%define VMASKING VMCB+0x63
%define VVECTOR VMCB+0x64
%define SHADOW VMCB+0x68
%define EVENTINJ VMCB+0xA8
%define NPENABLE VMCB+0x90
%define NCR3 VMCB+0xB0
%define NRIP VMCB+0xC8
%define CSATTR VMCB+0x412
%define EFER VMCB+0x4D0
%define CR4F VMCB+0x548
%define CR3F VMCB+0x550
%define CR0F VMCB+0x558
%define DR7F VMCB+0x560
%define DR6F VMCB+0x568
%define RFLAGS VMCB+0x570
%define RIPF VMCB+0x578
%define RSPF VMCB+0x5D8
%define CR2F VMCB+0x640
%define GPAT VMCB+0x668

%assign n 0
%macro case 1
%assign n n+1
[section .cases]
  dd name%[n], setup%[n], guest%[n]
[section .names]
name%[n]: db %1, 0
[section .text]
setup%[n]:
%endmacro
%macro guest 0
  ret
guest%[n]:
%endmacro
; ends a guest that did not leave by itself
%macro finish 0
  jmp done
%endmacro
%macro intercept 1
  or dword [VMCB+(%1)/32*4], 1 << ((%1)&31)
%endmacro
%macro show 1
  mov dword [v_extra], %1
%endmacro
; a host case: the routine may fault
%macro hostcase 1
%assign n n+1
[section .cases]
  dd name%[n], setup%[n], 0
[section .names]
name%[n]: db %1, 0
[section .text]
setup%[n]:
%endmacro
%macro vmrun 0
  db 0x0F, 0x01, 0xD8
%endmacro
%macro vmmcall 0
  db 0x0F, 0x01, 0xD9
%endmacro
%macro vmload 0
  db 0x0F, 0x01, 0xDA
%endmacro
%macro vmsave 0
  db 0x0F, 0x01, 0xDB
%endmacro
%macro stgi 0
  db 0x0F, 0x01, 0xDC
%endmacro
%macro clgi 0
  db 0x0F, 0x01, 0xDD
%endmacro
%macro invlpga 0
  db 0x0F, 0x01, 0xDF
%endmacro

org 0xF0000
section .text
section .names follows=.text
section .cases follows=.names align=4
cases:
section .text
bits 16
start:
  cli
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
  mov esp, HSTACK
  call setpic
  mov dword [v_case], cases
next:
  mov ebx, [v_case]
  cmp ebx, cases_end
  jae finished
  mov dword [v_resume], next_resume
  call resethost
  mov ebx, [v_case]
  mov esi, [ebx]
  call puts
  mov eax, [ebx+8]
  mov [v_guest], eax
  test eax, eax
  jz host
  mov [RIPF], eax
  call [ebx+4]
  mov eax, [v_hostflags]
  push eax
  popf
  xor ecx, ecx
  xor edx, edx
  xor ebx, ebx
  xor esi, esi
  xor edi, edi
  xor ebp, ebp
  mov eax, VMCB
  vmrun
  cli
  call printexit
next_resume:
  add dword [v_case], 12
  jmp next
host:
  mov [v_stack], esp
  mov dword [v_resume], .after
  mov dword [v_vector], 0xFF
  mov dword [v_error], 0
  xor eax, eax
  xor edx, edx
  call [ebx+4]
.after:
  cli
  push edx
  push eax
  mov eax, [v_vector]
  call number
  mov eax, [v_error]
  call number
  pop eax
  call number
  pop eax
  call number
  mov al, 10
  call putc
  add dword [v_case], 12
  jmp next
finished:
  mov esi, goodbye
  call puts
  mov al, 10
  call putc
  ; QEMU and Ringside end a run at their exit ports; Bochs is ended by its script
  mov al, 0
  out 0xF4, al
.stop:
  cli
  hlt
  jmp .stop

; ---- printing
putc:
  out 0xE9, al
  ret
puts:
  lodsb
  test al, al
  jz .done
  call putc
  jmp puts
.done:
  ret
; a space and EAX
number:
  push eax
  mov al, ' '
  call putc
  pop eax
digits:
  push eax
  push ecx
  push edx
  mov edx, eax
  mov ecx, 28
.skip:
  mov eax, edx
  shr eax, cl
  jnz .digit
  sub ecx, 4
  jnz .skip
.digit:
  mov eax, edx
  shr eax, cl
  and eax, 15
  cmp al, 10
  jb .decimal
  add al, 'a'-'0'-10
.decimal:
  add al, '0'
  call putc
  sub ecx, 4
  jns .digit
  pop edx
  pop ecx
  pop eax
  ret
; all eight digits of EAX
digits8:
  push ecx
  mov ecx, 8
.next:
  rol eax, 4
  push eax
  and eax, 15
  cmp al, 10
  jb .decimal
  add al, 'a'-'0'-10
.decimal:
  add al, '0'
  call putc
  pop eax
  loop .next
  pop ecx
  ret
; a space and the 64 bits at ESI
number64:
  mov eax, [esi+4]
  test eax, eax
  jz .low
  call number
  mov eax, [esi]
  jmp digits8
.low:
  mov eax, [esi]
  jmp number
; an address counted from the guest's start, or a dash when it is elsewhere
place:
  sub eax, [v_guest]
  cmp eax, 0x1000
  jb number
  mov al, ' '
  call putc
  mov al, '-'
  jmp putc
printexit:
  mov esi, VMCB+0x70
  call number64
  mov esi, VMCB+0x78
  call number64
  mov esi, VMCB+0x80
  mov eax, [VMCB+0x70]
  cmp eax, 0x7B
  jne .plain
  mov eax, [esi]         ; IOIO: the address of the next instruction
  sub eax, [v_guest]
  call number
  jmp .event
.plain:
  call number64
.event:
  mov esi, VMCB+0x88
  call number64
  mov eax, [RIPF]
  call place
  mov eax, [NRIP]
  test eax, eax
  jz .nonext
  call place
  jmp .extra
.nonext:
  call number
.extra:
  mov eax, [v_extra]
  mov eax, [eax]
  call number
  mov al, 10
  jmp putc

; ---- the host's state before each case
resethost:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  cld
  mov eax, cr0
  and eax, 0x7FFFFFFF
  or eax, 0x20
  mov cr0, eax
  xor eax, eax
  mov cr3, eax
  mov cr4, eax
  mov dr7, eax
  mov eax, 0xFFFF0FF0
  mov dr6, eax
  xor eax, eax
  mov edi, 0x1000
  mov ecx, (0x37000-0x1000)/4          ; up to the host's stack
  rep stosd
  mov edi, HPD
  mov ecx, 0x10000/4
  rep stosd
  mov ecx, 0xC0000080
  mov eax, 0x1000
  xor edx, edx
  wrmsr
  mov ecx, 0xC0010117
  mov eax, HSAVE
  wrmsr
  ; descriptors
  mov esi, template
  mov edi, GDT
  mov ecx, (template_end-template)/4
  rep movsd
  lgdt [gdtr]
  lidt [idtrh]
  jmp 8:.cs
.cs:
  mov eax, 0x10
  mov ss, ax
  mov fs, ax
  mov gs, ax
  mov word [TSS+0x66], 0x68
  mov dword [TSS+4], GSTACK-0x800
  mov dword [TSS+8], 0x10
  mov word [TSS2+0x66], 0x68
  mov byte [GDT+0x28+5], 0x89
  mov ax, 0x28
  ltr ax
  ; gates
  xor ecx, ecx
.gates:
  mov eax, ecx
  shl eax, 4
  lea edx, [eax+gueststubs]
  mov [IDTG+ecx*8], dx
  mov word [IDTG+ecx*8+2], 8
  mov word [IDTG+ecx*8+4], 0x8E00
  shr edx, 16
  mov [IDTG+ecx*8+6], dx
  lea edx, [eax+hoststubs]
  mov [IDTH+ecx*8], dx
  mov word [IDTH+ecx*8+2], 8
  mov word [IDTH+ecx*8+4], 0x8E00
  shr edx, 16
  mov [IDTH+ecx*8+6], dx
  inc ecx
  cmp ecx, 0x40
  jb .gates
  mov byte [IDTG+0x33*8+5], 0xEE   ; INT 33h from ring 3
  ; a VMCB for a flat guest at CPL 0
  mov dword [VMCB+0x0C], 0x80000000
  mov dword [VMCB+0x10], 3
  mov dword [VMCB+0x40], IOPM
  mov dword [VMCB+0x48], MSRPM
  mov dword [ASID], 1
  mov dword [TLBCONTROL], 1
  mov esi, segments
  mov edi, VMCB+0x400
  mov ecx, (segments_end-segments)/4
  rep movsd
  mov dword [EFER], 0x1000
  mov dword [CR0F], 0x31
  mov dword [DR6F], 0xFFFF0FF0
  mov dword [DR7F], 0x400
  mov dword [RFLAGS], 2
  mov dword [RSPF], GSTACK
  mov dword [GPAT], 0x00070406
  mov dword [GPAT+4], 0x00070406
  mov dword [v_extra], VMCB+0x5F8
  mov dword [v_hostflags], 2
  ; what page tables there may be: identity for 4 MiB
  mov edi, NPT
  mov eax, 7
  call fill4
  mov edi, GPT
  mov eax, 7
  call fill4
  mov edi, HPT
  mov eax, 7
  call fill4
  mov dword [NPD], NPT|7
  mov dword [GPD], GPT|7
  mov dword [HPD], HPT|7
  mov dword [NPDPT], NPD8|1
  mov dword [GPDPT], GPD8|1
  mov dword [HPDPT], HPD8|1
  mov dword [NPD8], NPT8|7
  mov dword [NPD8+8], 0x2000E7       ; 2 MiB pages
  mov dword [GPD8], GPT8|7
  mov dword [GPD8+8], 0x2000E7
  mov dword [HPD8], 0x0000E7
  mov dword [HPD8+8], 0x2000E7
  mov edi, NPT8
  mov eax, 7
  call fill8
  mov edi, GPT8
  mov eax, 7
  call fill8
  ret
fill4:
  mov ecx, 1024
.next:
  stosd
  add eax, 0x1000
  loop .next
  ret
fill8:
  mov ecx, 512
.next:
  stosd
  mov dword [edi], 0
  add edi, 4
  add eax, 0x1000
  loop .next
  ret

; ---- turning nested paging on: the host's own paging says which kind
nest32:
  mov eax, 0x10
  mov cr4, eax
  mov eax, HPD
  mov cr3, eax
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov byte [NPENABLE], 1
  mov dword [NCR3], NPD
  ret
nestpae:
  mov eax, 0x20
  mov cr4, eax
  mov eax, HPDPT
  mov cr3, eax
  mov ecx, 0xC0000080
  mov eax, 0x1800
  xor edx, edx
  wrmsr
  mov eax, cr0
  or eax, 0x80000000
  mov cr0, eax
  mov byte [NPENABLE], 1
  mov dword [NCR3], NPDPT
  ret
; the guest's paging
page32:
  or dword [CR0F], 0x80000000
  mov dword [CR3F], GPD
  ret
pagepae:
  or dword [CR0F], 0x80000000
  or dword [CR4F], 0x20
  mov dword [CR3F], GPDPT
  ret
ring3:
  mov byte [VMCB+0x4CB], 3
  mov dword [VMCB+0x410], 0x0CFB001B
  mov dword [VMCB+0x420], 0x0CF30023
  mov dword [VMCB+0x430], 0x0CF30023
  mov dword [VMCB+0x400], 0x0CF30023
  mov dword [RSPF], G3STACK
  mov esi, VMCB+0x490                ; TR comes by VMLOAD
  ret

; ---- the guest's handlers
align 16
gueststubs:
%assign v 0
%rep 0x40
align 16
  mov ebp, v
  jmp guestfault
%assign v v+1
%endrep
align 16
guestfault:
  mov eax, [ss:esp]
  cmp eax, 0xF0000
  jb .code
  sub eax, [ss:v_guest]
.code:
  and eax, 0xFFFF
  shl ebp, 16
  or eax, ebp
  vmmcall
done:
  mov eax, 0xD04E
  vmmcall

; ---- the host's handlers
align 16
hoststubs:
%assign v 0
%rep 0x40
align 16
  push dword v
  jmp hostfault
%assign v v+1
%endrep
align 16
hostfault:
  push eax
  mov eax, [esp+4]
  mov [v_vector], eax
  cmp eax, 8
  je .code
  cmp eax, 10
  jb .nocode
  cmp eax, 14
  jbe .code
  cmp eax, 17
  jne .nocode
.code:
  mov eax, [esp+8]
  mov [v_error], eax
.nocode:
  cmp dword [v_vector], 0x20
  jb .eoi
  mov al, 0x20
  out 0x20, al
.eoi:
  pop eax
  mov esp, [v_stack]
  push dword 2
  popf
  jmp [v_resume]

; ---- the interrupt controllers and the timer
setpic:
  mov al, 0x11
  out 0x20, al
  out 0xA0, al
  mov al, 0x20
  out 0x21, al
  mov al, 0x28
  out 0xA1, al
  mov al, 4
  out 0x21, al
  mov al, 2
  out 0xA1, al
  mov al, 1
  out 0x21, al
  out 0xA1, al
  mov al, 0xFF
  out 0x21, al
  out 0xA1, al
  ret
; makes IRQ 0 request, and waits until it does
raiseirq:
  mov al, 0x20                       ; whatever was in service
  out 0x20, al
  mov al, 0x30
  out 0x43, al
  mov al, 100
  out 0x40, al
  mov al, 0
  out 0x40, al
  mov al, 0xFE
  out 0x21, al
.wait:
  mov al, 0x0A
  out 0x20, al
  in al, 0x20
  test al, 1
  jz .wait
  ret
; takes the request away again
dropirq:
  mov al, 0x30
  out 0x43, al
  mov al, 0xFF
  out 0x21, al
  ret

align 4
gdtr: dw 0x7F
  dd GDT
idtrh: dw 0x1FF
  dd IDTH
align 8
template:
  dq 0
  dq 0x00CF9B000000FFFF, 0x00CF93000000FFFF    ; 08, 10
  dq 0x00CFFB000000FFFF, 0x00CFF3000000FFFF    ; 18, 20
  dw 0x67, TSS                                 ; 28
  db 0, 0x89, 0, 0
  dw 0x67, TSS2                                ; 30
  db 0, 0x89, 0, 0
  dw 0, 0x30                                   ; 38: a task gate
  db 0, 0x85, 0, 0
  dq 0x00CF13000000FFFF                        ; 40: not present
  dq 0x0040930400000FFF                        ; 48: 4 KiB at 40000
  dw 0x07, GDT                                 ; 50: an LDT
  db 0, 0x82, 0, 0
  times 5 dq 0
template_end:
segments:
  dd 0x0C930010, 0xFFFFFFFF, 0, 0              ; ES
  dd 0x0C9B0008, 0xFFFFFFFF, 0, 0              ; CS
  dd 0x0C930010, 0xFFFFFFFF, 0, 0              ; SS
  dd 0x0C930010, 0xFFFFFFFF, 0, 0              ; DS
  dd 0x0C930010, 0xFFFFFFFF, 0, 0              ; FS
  dd 0x0C930010, 0xFFFFFFFF, 0, 0              ; GS
  dd 0, 0x7F, GDT, 0
  dd 0, 0, 0, 0                                ; LDTR
  dd 0, 0x1FF, IDTG, 0
  dd 0x008B0028, 0x67, TSS, 0                  ; TR
segments_end:
goodbye: db "end", 0

%include "svm-cases.inc"

section .cases
cases_end:
