// The other way in: a hypervisor brings us here, in ring 1, paging on, flat segments, ESI at
// start_info. Notes in the file tell it so.
.intel_syntax noprefix

.text
.globl para_start
para_start:
  mov esp, offset boot_stack_top
  cld
  push esi
  push 0x2d6e6578                     // PARA_MAGIC
  call kernel_main

// The hypervisor writes the hypercalls here: number n begins at n * 32.
.balign 4096
.globl hypercall_page
hypercall_page:
  .skip 4096

// This page becomes the one that we share with the hypervisor.
.section .bss
.balign 4096
.globl shared_info
shared_info:
  .skip 4096

// A note: the lengths of name and description, its type, and both, in words of four bytes.
.macro text type, description
  .long 4, 2f - 1f, \type
  .asciz "Xen"
1:.asciz "\description"
2:.balign 4
.endm
.macro number type, description
  .long 4, 4, \type
  .asciz "Xen"
  .long \description
.endm

.section .note.Xen, "a", @note
  text 6, "Ringlet"                   // GUEST_OS
  text 5, "xen-3.0"                   // XEN_VERSION
  text 8, "generic"                   // LOADER
  text 9, "no"                        // PAE_MODE
  number 1, para_start                // ENTRY
  number 2, hypercall_page            // HYPERCALL_PAGE
  number 3, 0                         // VIRT_BASE: addresses are pseudo-physical ones
  number 4, 0                         // PADDR_OFFSET
