/// The virtual machine control block: a page in which the hypervisor writes what the guest may
/// do and what its registers are, and in which it finds why the guest came out.
/// AMD64 Architecture Programmer's Manual, volume 2, appendix B.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// A segment register with its hidden part. Attributes are the descriptor's bits 40-47 and 52-55.
struct segment {
  uint16_t selector, attributes;
  uint32_t limit;
  uint64_t base;
};

struct vmcb {
  // Intercepts. Counted from here, the number of a bit is the code of the exit it asks for.
  uint32_t intercepts[5];
  uint8_t reserved1[0x040 - 0x014];
  uint64_t io_permissions, msr_permissions;  // bitmaps
  uint64_t tsc_offset;
  uint32_t asid;                             // tags the guest's translations in the TLB
  uint8_t tlb_control, reserved2[3];
  uint8_t v_tpr, v_irq;                      // v_irq: an interrupt waits for the guest
  uint8_t v_priority;                        // bit 4: whatever v_tpr says
  uint8_t v_masking;                         // the guest's IF masks only v_irq
  uint8_t v_vector, reserved3[3];
  uint64_t interrupt_shadow;
  uint64_t exit_code, exit_info1, exit_info2, exit_interrupt;
  uint64_t nested_paging;
  uint8_t reserved4[0x0a8 - 0x098];
  uint32_t inject, inject_error;             // delivered at the next entry
  uint64_t nested_cr3;
  uint8_t reserved5[0x400 - 0x0b8];

  // The guest's registers, as far as VMRUN and VMLOAD load them.
  struct segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
  uint8_t reserved6[0x4cb - 0x4a0], cpl, reserved7[4];
  uint64_t efer;
  uint8_t reserved8[0x548 - 0x4d8];
  uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
  uint8_t reserved9[0x5d8 - 0x580];
  uint64_t rsp;
  uint8_t reserved10[0x5f8 - 0x5e0];
  uint64_t rax;
  uint8_t reserved11[0x640 - 0x600];
  uint64_t cr2;
  uint8_t reserved12[0x668 - 0x648];
  uint64_t pat;
  uint8_t reserved13[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmcb, exit_code) == 0x070, "the manual's layout");
_Static_assert(offsetof(struct vmcb, inject) == 0x0a8, "the manual's layout");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "the manual's layout");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "the manual's layout");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "the manual's layout");
_Static_assert(sizeof(struct vmcb) == 0x1000, "a page");

/// Exit codes; those below A0h are numbers of intercept bits, too.
enum exit {
  EXIT_INTERRUPT = 0x60, EXIT_CPUID = 0x72, EXIT_HLT = 0x78, EXIT_INVLPGA = 0x7a, EXIT_IO = 0x7b,
  EXIT_MSR = 0x7c, EXIT_SHUTDOWN = 0x7f, EXIT_VMRUN = 0x80, EXIT_VMMCALL = 0x81,
  EXIT_VMLOAD = 0x82, EXIT_VMSAVE = 0x83, EXIT_STGI = 0x84, EXIT_CLGI = 0x85, EXIT_SKINIT = 0x86,
  EXIT_NESTED_PAGE_FAULT = 0x400,
};

/// What `inject` is made of: a vector, and these.
enum { INJECT_EXCEPTION = 3 << 8, INJECT_ERROR_CODE = 1 << 11, INJECT_VALID = 1u << 31 };
