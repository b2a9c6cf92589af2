/// From a bare processor to a running guest, step by step.
#include "tinysvm.h"

enum { EFER = 0xc0000080, EFER_SVME = 1 << 12, VM_CR = 0xc0010114, VM_CR_DISABLED = 1 << 4 };
enum { VM_HSAVE_PA = 0xc0010117, EXIT_PORT = 0xf4, COM1 = 0x3f8 };

PAGE_ALIGNED static struct vmcb vmcb, host;
PAGE_ALIGNED static uint8_t host_save_area[4096], io_permissions[3 * 4096];
PAGE_ALIGNED static uint8_t msr_permissions[2 * 4096];

static uint64_t read_msr(uint32_t number) {
  uint32_t low, high;
  __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
  return (uint64_t)high << 32 | low;
}

static void write_msr(uint32_t number, uint64_t value) {
  __asm__ volatile(
    "wrmsr" : : "c"(number), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

/// Whether this processor has what we need: SVM, and nested paging.
static int can_run_guests(void) {
  enum { SVM = 1 << 2, NESTED_PAGING = 1 };
  uint32_t eax = 0x80000000, ebx, ecx, edx;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
  if (eax < 0x8000000a) return 0;
  eax = 0x80000001;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
  if (!(ecx & SVM) || read_msr(VM_CR) & VM_CR_DISABLED) return 0;
  eax = 0x8000000a;
  __asm__("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
  return edx & NESTED_PAGING;
}

static void intercept(enum exit code) { vmcb.intercepts[code / 32] |= 1u << code % 32; }

/// What the guest must not do without us.
static void set_intercepts(void) {
  for (enum exit code = EXIT_VMRUN; code <= EXIT_SKINIT; code++) intercept(code);
  intercept(EXIT_INVLPGA);
  intercept(EXIT_INTERRUPT);
  intercept(EXIT_HLT);
  intercept(EXIT_CPUID);
  intercept(EXIT_MSR);
  intercept(EXIT_IO);
  intercept(EXIT_SHUTDOWN);
  memset(msr_permissions, 0xff, sizeof msr_permissions);
  io_permissions[COM1 / 8] = 0xff;
  io_permissions[EXIT_PORT / 8] = 1 << EXIT_PORT % 8;
  vmcb.msr_permissions = (uint32_t)msr_permissions;
  vmcb.io_permissions = (uint32_t)io_permissions;
}

/// Whether the command line has this word behind `without`.
static int is_left_out(const char *line, const char *word) {
  static const char key[] = "without ";
  const char *place = line;
  uint32_t matched = 0;
  while (key[matched]) {
    if (!*place) return 0;
    matched = *place++ == key[matched] ? matched + 1 : 0;
  }
  for (;;) {
    uint32_t length = 0;
    while (word[length] && place[length] == word[length]) length++;
    if (!word[length] && (place[length] == ' ' || !place[length])) return 1;
    while (*place && *place != ' ') place++;
    if (!*place) return 0;
    place++;
  }
}

/// To see what an intercept is good for, go without: after `without hlt port` on the command line
/// the guest does these by itself.
static void leave_out(const uint32_t *information) {
  enum { FLAGS = 0, COMMAND_LINE = 4, HAS_COMMAND_LINE = 4 };
  static const struct {
    const char *word;
    enum exit code;
  } words[] = {
    {"interrupt", EXIT_INTERRUPT}, {"hlt", EXIT_HLT}, {"cpuid", EXIT_CPUID}, {"msr", EXIT_MSR},
    {"port", EXIT_IO}, {"vmmcall", EXIT_VMMCALL}, {"vmrun", EXIT_VMRUN},
  };
  if (!(information[FLAGS] & HAS_COMMAND_LINE)) return;
  for (uint32_t index = 0; index < sizeof words / sizeof *words; index++) {
    if (!is_left_out((const char *)information[COMMAND_LINE], words[index].word)) continue;
    vmcb.intercepts[words[index].code / 32] &= ~(1u << words[index].code % 32);
    print("tinysvm: without intercept %x\n", words[index].code);
  }
}

/// The registers with which a Multiboot loader enters a kernel.
static void set_registers(uint32_t entry) {
  const struct segment data = {0x10, 0xc93, 0xffffffff, 0};
  vmcb.es = vmcb.ss = vmcb.ds = vmcb.fs = vmcb.gs = data;
  vmcb.cs = (struct segment){0x08, 0xc9b, 0xffffffff, 0};
  vmcb.tr = (struct segment){0, 0x8b, 0xffff, 0};
  vmcb.efer = EFER_SVME;  // a rule: without it VMRUN refuses
  vmcb.cr0 = 0x11;        // protected mode, and ET
  vmcb.dr6 = 0xffff0ff0;
  vmcb.dr7 = 0x400;
  vmcb.rflags = 2;
  vmcb.pat = 0x0007040600070406;
  vmcb.rip = entry;
  vmcb.rax = MULTIBOOT_MAGIC;
  registers.ebx = INFORMATION;
}

/// A guest that the loader brought as a module, or our own.
static uint32_t load_guest(const uint32_t *information) {
  enum { FLAGS = 0, MODULES = 5, MODULE_LIST = 6, HAS_MODULES = 8 };
  if (!(information[FLAGS] & HAS_MODULES) || !information[MODULES])
    return load(payload, payload_end);
  const uint32_t *module = (const uint32_t *)information[MODULE_LIST];
  return load((const uint8_t *)module[0], (const uint8_t *)module[1]);
}

static _Noreturn void end(void) {
  outb(EXIT_PORT, (uint8_t)status);
  for (;;) halt_forever();
}

_Noreturn void main(uint32_t magic, const uint32_t *information) {
  enum { MEMORY_HIGH = 2 };
  status = 1;
  load_tables();
  console_start();
  print("tinysvm: a hypervisor for AMD's Secure Virtual Machine\n");
  if (magic != MULTIBOOT_MAGIC || information[MEMORY_HIGH] < (GUEST_START + GUEST_SIZE) / 1024) {
    print("tinysvm: 33 MiB of memory and a Multiboot loader are needed\n");
    end();
  }
  if (!can_run_guests()) {
    print("tinysvm: this processor cannot run guests; try --cpu amd-svm\n");
    end();
  }
  uint32_t entry = load_guest(information);
  if (!entry) {
    print("tinysvm: the guest is not an ELF kernel that fits into its memory\n");
    end();
  }
  start_interrupts();
  start_paging();
  write_msr(EFER, read_msr(EFER) | EFER_SVME);
  write_msr(VM_HSAVE_PA, (uint32_t)host_save_area);

  set_intercepts();
  leave_out(information);
  set_registers(entry);
  vmcb.asid = 1;  // 0 is ours
  vmcb.v_masking = 1;
  vmcb.nested_paging = 1;
  vmcb.nested_cr3 = nested_tables();
  print("tinysvm: entering the guest at %x\n", entry);
  status = 0;
  do {
    offer_interrupt(&vmcb);
    run_guest(&vmcb, &host);
  } while (handle_exit(&vmcb));
  print_summary();
  end();
}
