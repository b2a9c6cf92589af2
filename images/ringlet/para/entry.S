// The ways in and out that only a hypervisor's guest has.
.intel_syntax noprefix
.text

// Events wait: the hypervisor has put us here, as if by an interrupt, and masked further ones.
// Which event it is, and with that the vector, is found out in para_event.
.globl para_upcall
para_upcall:
  push 0                              // no error code
  push 0
  push ds
  push es
  pusha
  cld
  mov eax, ss
  mov ds, eax
  mov es, eax
  push esp
  call para_event

// Back to where a trap came from, ESP at its struct frame. The interrupt flag of that place is one
// in memory now, and IRET does not know it: the hypervisor's iret restores both in one moment.
// To ring 3 there is a way without it. When interrupts come on one instruction too early, an event
// is simply told here, on this stack, and then it goes on; that one returns the long way, so this
// cannot pile up.
.globl para_return
para_return:
  popa
  pop es
  pop ds
  add esp, 8                          // vector and error code
  test byte ptr [esp + 4], 2          // CS: ring 3?
  jz through_hypervisor
  test byte ptr [esp + 9], 2          // EFLAGS: IF?
  jz through_hypervisor
  mov byte ptr ss:[shared_info + 1], 0      // DS is the program's, and could be anything
  test byte ptr ss:[shared_info], 0xff
  jnz event_waits
  iretd
event_waits:
  mov byte ptr ss:[shared_info + 1], 1
through_hypervisor:
  jmp hypercall_page + 23 * 32        // IRET
