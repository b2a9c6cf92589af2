import X86

/// The hypercalls by the ABI's names, and what each asks for.
struct HypercallName {
  /// As in HYPERVISOR_mmu_update, without the prefix.
  let name: String
  /// A sentence.
  let sentence: String

  init(_ number: UInt32) {
    (name, sentence) =
      Self.table[number]
      ?? ("\(number)", "The guest's kernel made a hypercall that this hypervisor does not have.")
  }

  private static let table: [UInt32: (String, String)] = [
    0: ("set_trap_table", "The kernel told where its traps go: what LIDT is for in ring 0."),
    1: ("mmu_update", "The kernel asked for changes of page tables; each was checked first."),
    2: ("set_gdt", "The kernel gave pages for its descriptor table: what LGDT is for in ring 0."),
    3: ("stack_switch", "The kernel told where its stack is: SS1:ESP1 in the hypervisor's TSS."),
    4: ("set_callbacks", "The kernel told where events are to be announced."),
    5: ("fpu_taskswitch", "The kernel set or cleared TS in CR0: MOV CR0 and CLTS in ring 0."),
    10: ("update_descriptor", "The kernel asked for another descriptor; it was checked first."),
    12: ("memory_op", "The kernel asked about its memory, gave some back or wanted more."),
    13: ("multicall", "Several hypercalls in one: they enter the hypervisor only once."),
    14: ("update_va_mapping", "The kernel asked for another page behind a linear address."),
    15: ("set_timer_op", "The kernel told when it wants an event from the timer."),
    17: ("xen_version", "The kernel asked who its hypervisor is."),
    18: ("console_io", "The kernel wrote to the hypervisor's own console."),
    20: ("grant_table_op", "The kernel used pages that another domain has granted, or gave some."),
    23: ("iret", "The kernel returned from a trap; the event mask came back in the same moment."),
    24: ("vcpu_op", "The kernel asked for something about its virtual processor."),
    26: ("mmuext_op", "The kernel pinned a page table, loaded one, or flushed the TLB."),
    29: ("sched_op", "The kernel gave the processor away: HLT, or the end."),
    32: ("event_channel_op", "The kernel bound, used or closed an event channel."),
    33: ("physdev_op", "The kernel asked for something about the real devices."),
  ]

  /// An answer: a number, or the name of an error.
  static func answer(_ result: UInt32) -> String {
    guard Int32(bitPattern: result) < 0 else { return "\(result)" }
    return errors[0 &- result].map { "-" + $0 } ?? "\(Int32(bitPattern: result))"
  }

  private static let errors: [UInt32: String] = [
    1: "EPERM", 2: "ENOENT", 3: "ESRCH", 12: "ENOMEM", 14: "EFAULT", 16: "EBUSY", 17: "EEXIST",
    22: "EINVAL", 28: "ENOSPC", 38: "ENOSYS", 62: "ETIME",
  ]
}
