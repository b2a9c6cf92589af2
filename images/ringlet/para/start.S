// The other way in: a hypervisor brings us here, in ring 1, paging on, flat segments, ESI at
// start_info. Notes in the file tell it so.
.intel_syntax noprefix
#include "../../common/xen.inc"

.text
.globl para_start
para_start:
  mov esp, offset boot_stack_top
  cld
  push esi
  push 0x2d6e6578                     // PARA_MAGIC
  call kernel_main

hypervisor_pages
hypervisor_notes "Ringlet", para_start
