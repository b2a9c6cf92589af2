/// What the guest comes out for, and what we do about it.
#include "tinysvm.h"

static uint32_t counts[0x401];
int status;

static const struct {
  uint16_t code;
  const char *name;
} names[] = {
  {EXIT_INTERRUPT, "interrupt"}, {EXIT_CPUID, "CPUID"}, {EXIT_HLT, "HLT"},
  {EXIT_INVLPGA, "INVLPGA"}, {EXIT_IO, "port"}, {EXIT_MSR, "RDMSR, WRMSR"},
  {EXIT_SHUTDOWN, "shutdown"}, {EXIT_VMRUN, "VMRUN"}, {EXIT_VMMCALL, "VMMCALL"},
  {EXIT_VMLOAD, "VMLOAD"}, {EXIT_VMSAVE, "VMSAVE"}, {EXIT_STGI, "STGI"}, {EXIT_CLGI, "CLGI"},
  {EXIT_SKINIT, "SKINIT"}, {EXIT_NESTED_PAGE_FAULT, "nested page fault"},
};
enum { NAMES = sizeof names / sizeof names[0] };

/// The lengths of instructions that have one encoding without prefixes that make sense.
enum { HLT_LENGTH = 1, CPUID_LENGTH = 2, VMMCALL_LENGTH = 3 };

static void inject(struct vmcb *vmcb, unsigned vector, int has_code) {
  vmcb->inject = INJECT_VALID | INJECT_EXCEPTION | (has_code ? INJECT_ERROR_CODE : 0) | vector;
  vmcb->inject_error = 0;
}

/// The guest waits for an interrupt, so we do. With its IF clear it waits for ever.
static int handle_hlt(struct vmcb *vmcb) {
  enum { IF = 0x200 };
  if (!(vmcb->rflags & IF)) {
    print("tinysvm: the guest halted for good\n");
    return 0;
  }
  vmcb->rip += HLT_LENGTH;
  vmcb->interrupt_shadow = 0;
  while (!vmcb->v_irq && !interrupt_waits()) wait_for_interrupt();
  return 1;
}

/// The processor's own answer, without what we do not pass on.
static int handle_cpuid(struct vmcb *vmcb) {
  enum { MODEL_REGISTERS = 1 << 5, SYSENTER = 1 << 11, HYPERVISOR = 1u << 31, SVM = 1 << 2 };
  uint32_t leaf = (uint32_t)vmcb->rax, eax = leaf, ebx, ecx = registers.ecx, edx;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
  if (leaf == 1) {
    ecx |= HYPERVISOR;
    edx &= ~(uint32_t)(MODEL_REGISTERS | SYSENTER);
  } else if (leaf == 0x40000000) {
    eax = leaf;
    memcpy(&ebx, "tiny", 4);
    memcpy(&ecx, "svm ", 4);
    memcpy(&edx, "here", 4);
  } else if (leaf == 0x80000001) {
    ecx &= ~(uint32_t)SVM;
  }
  vmcb->rax = eax;
  registers.ebx = ebx;
  registers.ecx = ecx;
  registers.edx = edx;
  vmcb->rip += CPUID_LENGTH;
  return 1;
}

/// A byte to or from a port that we watch. The serial line is the real one; the exit port ends
/// the guest, and the machine after it.
static int handle_port(struct vmcb *vmcb) {
  enum { INPUT = 1, STRING = 4, BYTE = 0x10, EXIT_PORT = 0xf4 };
  uint16_t port = (uint16_t)(vmcb->exit_info1 >> 16);
  if (vmcb->exit_info1 & STRING || !(vmcb->exit_info1 & BYTE)) {
    print("tinysvm: port %x is there for single bytes only\n", port);
    status = 1;
    return 0;
  }
  if (port == EXIT_PORT) {
    status = (int)(vmcb->rax & 0xff);
    print("tinysvm: the guest ended with status %x\n", status);
    return 0;
  }
  if (vmcb->exit_info1 & INPUT)
    vmcb->rax = (vmcb->rax & ~(uint64_t)0xff) | inb(port);
  else
    outb(port, (uint8_t)vmcb->rax);
  vmcb->rip = vmcb->exit_info2;
  return 1;
}

int handle_exit(struct vmcb *vmcb) {
  enum { INVALID_OPCODE = 6, GENERAL_PROTECTION = 13 };
  uint32_t code = (uint32_t)vmcb->exit_code;
  if (code < sizeof counts / sizeof counts[0]) counts[code]++;
  switch (code) {
    case EXIT_INTERRUPT: return 1;  // our handlers have taken it by now
    case EXIT_HLT: return handle_hlt(vmcb);
    case EXIT_CPUID: return handle_cpuid(vmcb);
    case EXIT_IO: return handle_port(vmcb);
    case EXIT_VMMCALL:  // how often did I come out? Anyone may ask.
      vmcb->rax = 0;
      for (unsigned index = 0; index < NAMES; index++) vmcb->rax += counts[names[index].code];
      vmcb->rip += VMMCALL_LENGTH;
      return 1;
    case EXIT_MSR: inject(vmcb, GENERAL_PROTECTION, 1); return 1;
    case EXIT_VMRUN: case EXIT_VMLOAD: case EXIT_VMSAVE: case EXIT_STGI: case EXIT_CLGI:
    case EXIT_SKINIT: case EXIT_INVLPGA:  // CPUID told it that there is no such thing
      inject(vmcb, INVALID_OPCODE, 0);
      return 1;
    case EXIT_NESTED_PAGE_FAULT:
      print("tinysvm: the guest reached for %x, which is outside its memory\n",
            (uint32_t)vmcb->exit_info2);
      break;
    case EXIT_SHUTDOWN: print("tinysvm: the guest shut its processor down\n"); break;
    default: print("tinysvm: exit %x at %x was not asked for\n", code, (uint32_t)vmcb->rip);
  }
  status = 1;
  return 0;
}

void print_summary(void) {
  print("exits  code  why\n");
  for (unsigned index = 0; index < NAMES; index++) {
    uint32_t count = counts[names[index].code];
    if (count) print("%u  %x  %s\n", count, names[index].code, names[index].name);
  }
}
