; How the system fuzzer enters a case and gets the processor back (nasm, elf32); system.c is the rest.
;
; A case is entered with IRET, in whatever mode. Whatever ends it ends in a monitor: in protected
; mode every exception is a task gate to a task of its own, so that the TSS holds the whole state; in
; real mode the vectors lead to stubs in low memory that save it. A shutdown resets the processor,
; and the reset vector finds that a case was under way.
global vectorStubs, vectorStubsEnd, monitorEntries, enterProtected, enterVirtual, enterReal
global bootGDTR
extern main, captured, capturedReal, capturedReset
extern entry, saved

section .reset
bits 16
  jmp 0xF000:0

; Comes first in the ROM: an address of 16-bit code is its distance from `boot`.
section .start align=16
bits 16
boot:
  cli
  o32 lgdt [cs:bootGDTR - boot]
  mov eax, cr0
  and eax, 0x1FFFFFFF
  or al, 1
  mov cr0, eax
  jmp dword 8:flat
bits 32
flat:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov gs, ax
  mov ss, ax
  mov esp, 0x280000
  fninit
  mov al, 0xFF
  out 0x21, al
  out 0xA1, al
  xor eax, eax
  mov cr4, eax
  jmp main
align 8
bootGDT: dq 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
  ; 18, 20: 16-bit code at F0000h and data at 0, for the way to real mode
  dq 0x00009A0F0000FFFF, 0x000092000000FFFF
bootGDTR: dw 39
  dd bootGDT

; ---- entering; the fields of `entry` as in system.c
%define e_eip 0
%define e_cs 4
%define e_flags 8
%define e_esp 12
%define e_ss 16
%define e_es 20
%define e_ds 24
%define e_fs 28
%define e_gs 32
%define e_regs 36   ; EDI ESI EBP - EBX EDX ECX EAX as POPA wants them
%define e_outer 68
%define e_cr0 72
loadData:
  mov es, [entry + e_es]
  mov fs, [entry + e_fs]
  mov gs, [entry + e_gs]
  ret

; To protected mode; CR3, CR4, LDTR, TR and the tables are loaded.
enterProtected:
  call loadData
  cmp dword [entry + e_outer], 0
  je .same
  push dword [entry + e_ss]
  push dword [entry + e_esp]
  jmp .frame
.same:
  lss esp, [entry + e_esp]
.frame:
  mov eax, [entry + e_cr0]
  mov cr0, eax
  push dword [entry + e_flags]
  push dword [entry + e_cs]
  push dword [entry + e_eip]
  mov edi, [entry + e_regs]
  mov esi, [entry + e_regs + 4]
  mov ebp, [entry + e_regs + 8]
  mov ebx, [entry + e_regs + 16]
  mov edx, [entry + e_regs + 20]
  mov ecx, [entry + e_regs + 24]
  mov eax, [entry + e_regs + 28]
  mov ds, [entry + e_ds]
  iret

enterVirtual:
  mov eax, [entry + e_cr0]
  mov cr0, eax
  push dword [entry + e_gs]
  push dword [entry + e_fs]
  push dword [entry + e_ds]
  push dword [entry + e_es]
  push dword [entry + e_ss]
  push dword [entry + e_esp]
  push dword [entry + e_flags]
  push dword [entry + e_cs]
  push dword [entry + e_eip]
  mov edi, [entry + e_regs]
  mov esi, [entry + e_regs + 4]
  mov ebp, [entry + e_regs + 8]
  mov ebx, [entry + e_regs + 16]
  mov edx, [entry + e_regs + 20]
  mov ecx, [entry + e_regs + 24]
  mov eax, [entry + e_regs + 28]
  iret

; To real mode. `entry` is copied to 600h, where 16-bit code reaches it.
%define low 0x600
enterReal:
  mov esi, entry
  mov edi, low
  mov ecx, 20
  rep movsd
  lgdt [bootGDTR]
  lidt [realIDTR]
  mov ax, 0x20
  mov ds, ax
  mov es, ax
  mov fs, ax
  mov gs, ax
  mov ss, ax
  jmp 0x18:.to16 - boot
bits 16
.to16:
  mov eax, [low + e_cr0]
  mov cr0, eax
  jmp 0xF000:.real - boot
.real:
  mov es, [low + e_es]
  mov fs, [low + e_fs]
  mov gs, [low + e_gs]
  lss esp, [low + e_esp]
  push word [low + e_flags]
  push word [low + e_cs]
  push word [low + e_eip]
  mov edi, [low + e_regs]
  mov esi, [low + e_regs + 4]
  mov ebp, [low + e_regs + 8]
  mov ebx, [low + e_regs + 16]
  mov edx, [low + e_regs + 20]
  mov ecx, [low + e_regs + 24]
  mov eax, [low + e_regs + 28]
  mov ds, [low + e_ds]
  iret
bits 32
align 4
realIDTR: dw 0x3FF
  dd 0

; ---- coming back in real mode: these stubs are copied to 700:0
bits 16
align 8
%define s(x) [cs:x - vectorStubs]
vectorStubs:
%assign v 0
%rep 32
  push byte v
  jmp near commonStub
  align 8, nop
%assign v v+1
%endrep
commonStub:
  mov s(realEAX), eax
  pop word s(realVector)
  mov s(realECX), ecx
  mov s(realEDX), edx
  mov s(realEBX), ebx
  mov s(realESP), esp
  mov s(realEBP), ebp
  mov s(realESI), esi
  mov s(realEDI), edi
  mov s(realES), es
  mov s(realSS), ss
  mov s(realDS), ds
  mov s(realFS), fs
  mov s(realGS), gs
  mov eax, cr0
  mov s(realCR0), eax
  o32 lgdt s(realGDTR)
  mov eax, cr0
  and eax, 0x1FFFFFFF
  or al, 1
  mov cr0, eax
  jmp dword 8:backFromReal
align 4
realEAX: dd 0
realECX: dd 0
realEDX: dd 0
realEBX: dd 0
realESP: dd 0
realEBP: dd 0
realESI: dd 0
realEDI: dd 0
realES: dw 0
realSS: dw 0
realDS: dw 0
realFS: dw 0
realGS: dw 0
realVector: dw 0
realCR0: dd 0
realGDTR: dw 39
  dd bootGDT
vectorStubsEnd:
global realFrame
realFrame: dd 0x7000 + realEAX - vectorStubs
bits 32
backFromReal:
  mov ax, 0x10
  mov ds, ax
  mov es, ax
  mov ss, ax
  mov fs, ax
  mov gs, ax
  mov esp, 0x280000
  push dword 2
  popfd
  call capturedReal
  jmp $

; ---- coming back in protected mode: the tasks' first instructions
%macro monitor 2
entry%1:
  %if %2
  pop eax
  %else
  mov eax, 0xEEEE
  %endif
  push eax
  push dword %1
  call captured
  jmp $
%endmacro
%assign v 0
%rep 33
  %if v = 8 || (v >= 10 && v <= 14) || v = 17
  monitor v, 1
  %else
  monitor v, 0
  %endif
%assign v v+1
%endrep
align 4
monitorEntries:
%assign v 0
%rep 33
  dd entry%[v]
%assign v v+1
%endrep
