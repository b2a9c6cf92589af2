// The memory: counted on the screen during POST, described by INT 15h.
.intel_syntax noprefix
#include "bios.inc"
.code16
.text

// A segment register that was loaded in protected mode keeps its limit in real mode. So FS can
// reach 4 GiB from base 0 after this; the next call with the other selector takes it back.
#define FLAT 0x08
#define REAL 0x10
// Clobbers EAX, BX.
.globl widen_fs
widen_fs:
  mov bx, FLAT
  jmp 1f
.globl narrow_fs
narrow_fs:
  mov bx, REAL
1:
  pushf
  cli
  lgdt cs:[table_pointer]
  mov eax, cr0
  or al, 1
  mov cr0, eax
  jmp 2f
2:
  mov fs, bx
  and al, 0xfe
  mov cr0, eax
  jmp 3f
3:
  xor ax, ax
  mov fs, ax
  popf
  ret

.section .rodata
.balign 4
table_pointer:
  .word 0x17
  .long 0xf0000 + table
table:
  .quad 0
  .quad 0x00cf93000000ffff            // data, base 0, 4 GiB
  .quad 0x000093000000ffff            // data, base 0, 64 KiB
.text

// EAX: KiB above 1 MiB, from what the battery-backed memory says.
.globl extended_memory
extended_memory:
  mov al, CMOS_HIGH_MEMORY + 1        // 64 KiB blocks above 16 MiB
  call read_cmos
  mov ah, al
  mov al, CMOS_HIGH_MEMORY
  call read_cmos
  test ax, ax
  jz 1f
  movzx eax, ax
  shl eax, 6
  add eax, 15 * 1024
  ret
1:
  mov al, CMOS_EXTENDED_LOW + 1
  call read_cmos
  mov ah, al
  mov al, CMOS_EXTENDED_LOW
  call read_cmos
  movzx eax, ax
  ret

// Counts on the screen, a MiB at a time. In each 64 KiB one place is tried with two patterns and
// gets its old value back. A place that fails ends the count, and the machine. After Control, Alt
// and Delete nothing is tried.
.globl count_memory
count_memory:
  call extended_memory
  mov esi, eax
  shl esi, 10
  add esi, 0x100000                   // ESI: the end
  cmp word ptr [RESET_FLAG], 0x1234
  je known
  call widen_fs
  xor edi, edi
1:
  cmp edi, 0xa0000                    // the adapters' part of the first MiB is not RAM
  jb 2f
  cmp edi, 0x100000
  jb 3f
2:
  mov eax, fs:[edi + 0xfff0]
  mov edx, 0x55aa55aa
  mov fs:[edi + 0xfff0], edx
  cmp fs:[edi + 0xfff0], edx
  jne failed
  not edx
  mov fs:[edi + 0xfff0], edx
  cmp fs:[edi + 0xfff0], edx
  jne failed
  mov fs:[edi + 0xfff0], eax
3:
  add edi, 0x10000
  test edi, 0xfffff
  jnz 4f
  call show_count
4:
  cmp edi, esi
  jb 1b
  call narrow_fs
  mov eax, edi
  shr eax, 10
  call print_number
  PRINT good
  ret
known:
  mov eax, esi
  shr eax, 10
  call print_number
  PRINT as_before
  ret
failed:
  mov eax, edi
  shr eax, 10
  call print_number
  PRINT bad
  POST_CODE 0xe9
1:
  cli
  hlt
  jmp 1b

// EDI in KiB at the line's beginning, on the screen only.
show_count:
  pushad
  mov eax, edi
  shr eax, 10
  mov ebx, 10
  xor cx, cx
1:
  xor edx, edx
  div ebx
  push dx
  inc cx
  test eax, eax
  jnz 1b
2:
  pop ax
  add al, '0'
  call 3f
  loop 2b
  mov al, 13
  call 3f
  popad
  ret
3:
  mov ah, 0x0e
  mov bx, 0x0007
  int 0x10
  ret

.section .rodata
good:
  .asciz " KiB of memory, good\r\n"
as_before:
  .asciz " KiB of memory, as before\r\n"
bad:
  .asciz " KiB of memory, then a place that does not keep what is written to it\r\n"
.text

// INT 15h, AH = 88h. AX: KiB above 1 MiB, no more than 63 MiB, so that 16-bit arithmetic works.
.globl extended_size
extended_size:
  call extended_memory
  cmp eax, 63 * 1024
  jbe 1f
  mov ax, 63 * 1024
1:
  mov [bp + R_AX], ax
  jmp success_with_ah

// AX = E801h. AX = CX: KiB from 1 to 16 MiB; BX = DX: 64 KiB blocks above that.
.globl memory_sizes
memory_sizes:
  call extended_memory
  xor ecx, ecx
  cmp eax, 15 * 1024
  jbe 2f
  lea ecx, [eax - 15 * 1024]
  shr ecx, 6
  mov ax, 15 * 1024
2:
  mov [bp + R_AX], ax
  mov [bp + R_CX], ax
  mov [bp + R_BX], cx
  mov [bp + R_DX], cx
  jmp success_with_ah

#define AREAS 5
// AX = E820h. EBX: the entry, 0 first; ES:DI: 20 bytes for it; EDX = "SMAP". EBX: the next one, 0
// after the last; ECX: 20.
.globl memory_map
memory_map:
  cmp dword ptr [bp + R_DX], 0x534d4150
  jne 4f
  cmp dword ptr [bp + R_CX], 20
  jb 4f
  call extended_memory
  mov ecx, eax
  mov eax, [bp + R_BX]
  cmp eax, AREAS
  jae 4f
  imul si, ax, 12
  add si, offset areas
  inc ax
  cmp ax, AREAS
  jae 5f
  test ecx, ecx
  jnz 1f
  cmp ax, AREAS - 1
  jb 1f
5:
  xor ax, ax
1:
  movzx eax, ax
  mov [bp + R_BX], eax
  mov dword ptr [bp + R_AX], 0x534d4150
  mov dword ptr [bp + R_CX], 20
  mov di, [bp + R_DI]
  mov es, [bp + R_ES]
  lods eax, dword ptr cs:[si]         // base
  stosd
  xor eax, eax
  stosd
  lods eax, dword ptr cs:[si]         // length
  test eax, eax
  jnz 3f
  mov eax, ecx
  shl eax, 10
3:
  stosd
  xor eax, eax
  stosd
  lods eax, dword ptr cs:[si]         // 1: RAM, 2: reserved
  stosd
  jmp success_with_ah
4:
  mov byte ptr [bp + R_AH], 0x86
  jmp failure

.section .rodata
.balign 4
areas:
  .long 0, EBDA * 16, 1
  .long EBDA * 16, 0xa0000 - EBDA * 16, 2
  .long 0xe0000, 0x20000, 2
  .long 0xffff0000, 0x10000, 2
  .long 0x100000, 0, 1                // as long as the memory is; not there if there is none
