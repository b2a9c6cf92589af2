import Machine
import Monitors
import Panes
import X86

/// What a processor's registers, stack and page tables hold, as values for the screen.
extension MachineView.Registers {
  @inline(never)
  fileprivate init(of cpu: borrowing CPU) {
    self.init()
    general.eax = cpu[.eax]
    general.ebx = cpu[.ebx]
    general.ecx = cpu[.ecx]
    general.edx = cpu[.edx]
    general.esi = cpu[.esi]
    general.edi = cpu[.edi]
    general.ebp = cpu[.ebp]
    general.esp = cpu[.esp]
    eip = cpu.eip
    eflags = cpu.eflags.rawValue
    let names = [
      ("CS", SegmentRegister.cs), ("SS", SegmentRegister.ss), ("DS", SegmentRegister.ds),
      ("ES", SegmentRegister.es), ("FS", SegmentRegister.fs), ("GS", SegmentRegister.gs),
    ]
    for (name, index) in names {
      segments.append(MachineView.Segment(name: name, cpu.segment(index)))
    }
    cr0 = cpu.cr0.rawValue
    cr2 = cpu.cr2
    cr3 = cpu.cr3
    cr4 = cpu.cr4.rawValue
    gdtr = MachineView.Table(base: cpu.gdtBase, limit: cpu.gdtLimit)
    idtr = MachineView.Table(base: cpu.idtBase, limit: cpu.idtLimit)
    ldtr = MachineView.Segment(name: "LDTR", cpu.segment(SegmentRegister.ldtr))
    tr = MachineView.Segment(name: "TR", cpu.segment(SegmentRegister.tr))
  }
}

extension MachineView.Segment {
  fileprivate init(name: String, _ segment: Segment) {
    self.init(
      name: name, selector: segment.selector, base: segment.base, limit: segment.limit,
      dpl: segment.dpl, isPresent: segment.isUsable)
  }
}

extension Machine {
  /// What the guest's processor holds: under a monitor, what the guest believes.
  @inline(never)
  var guestRegisters: MachineView.Registers { MachineView.Registers(of: cpu) }

  /// What the lab processor holds; nil in emulation.
  @inline(never)
  var labRegisters: MachineView.Registers? {
    (monitor as? any LabMonitor)?.labRegisters
  }

  /// The lab processor is in the monitor, and not in the guest.
  var isInMonitor: Bool {
    (monitor as? any LabMonitor)?.isMonitorRunning ?? (monitor != nil && ring == 0)
  }

  /// Whether the processor is in AMD-V's guest mode; nil if it has none.
  var isInGuestMode: Bool? {
    if let hardware = monitor as? SVMMonitor { return hardware.lab.isInGuest }
    guard configuration.profile.features.contains(.virtualMachines) else { return nil }
    return cpu.isInGuest
  }

  /// Fields of the VMCB from which the guest is run, in the manual's names; empty in other modes.
  var fieldsOfControlBlock: [MachineView.Field] {
    guard let block = (monitor as? SVMMonitor)?.block else { return [] }
    let fields: [(String, VMCBField, Int)] = [
      ("EXITCODE", .exitCode, 8), ("EXITINFO1", .exitInfo1, 16), ("EXITINFO2", .exitInfo2, 16),
      ("CPL", .cpl, 1), ("RIP", .rip, 8), ("RSP", .rsp, 8), ("RFLAGS", .rflags, 8),
      ("CR0", .cr0, 8), ("CR3", .cr3, 8), ("CR4", .cr4, 8), ("nCR3", .nestedCR3, 8),
      ("ASID", .guestASID, 4), ("EVENTINJ", .eventInjection, 16),
    ]
    return fields.map { name, field, digits in
      MachineView.Field(name: name, value: block[field], digits: digits)
    }
  }

  /// All of the VMCB across its last exit; nil without AMD-V.
  var wholeControlBlock: MachineView.ControlBlock? {
    guard let monitor = monitor as? SVMMonitor else { return nil }
    let last = monitor.lastExit
    return MachineView.ControlBlock(
      entry: last.entry, exit: last.exit, now: ControlBlockImage(monitor.block),
      hasExited: monitor.counters.allExits > 0)
  }

  /// What the monitor did, in words; empty in emulation.
  var countersOfMonitor: [MachineView.Counter] {
    (monitor?.counts ?? []).filter { $0.count > 0 }.map { name, count in
      MachineView.Counter(String(name.map { $0 == "_" ? " " : $0 }), count)
    }
  }

  private static let stackWords = 24

  /// The words on top of the guest's stack. `newest` is its latest event: if that entered the present
  /// handler, the words that it pushed are named.
  func stack(newest: Transition?) -> [MachineView.StackWord] {
    let segment = cpu.segment(SegmentRegister.ss)
    let esp = segment.isBig ? cpu[.esp] : cpu[.esp] & 0xFFFF
    let roles = newest.map { Self.frame(pushedBy: $0, at: esp) } ?? []
    return (0..<Self.stackWords).map { place in
      let offset = esp &+ UInt32(place * 4)
      return MachineView.StackWord(
        offset: offset, value: cpu.peekWord(segment.base &+ offset),
        role: place < roles.count ? roles[place] : nil)
    }
  }

  /// The words of a frame, lowest first, if it is still where it was pushed.
  private static func frame(pushedBy event: Transition, at esp: UInt32) -> [String] {
    let kinds: [TransitionKind] = [.fault, .interrupt, .softwareInterrupt]
    guard kinds.contains(event.kind), event.toESP == esp,
      event.marks.contains(.delivered)
        || event.kind == .softwareInterrupt, !event.marks.contains(.frame16)
    else { return [] }
    let code = event.hasErrorCode ? ["error code"] : []
    let outer = event.marks.contains(.stackSwitched) ? ["ESP", "SS"] : []
    return code + ["EIP", "CS", "EFLAGS"] + outer
  }

  /// How the addresses of the next instruction and of the stack are translated.
  var walks: [MachineView.PageWalk] {
    [
      ("EIP", cpu.segment(SegmentRegister.cs).base &+ cpu.eip),
      ("ESP", cpu.segment(SegmentRegister.ss).base &+ cpu[.esp]),
    ].map { register, linear in
      var walk = MachineView.PageWalk(
        register: register, linear: linear,
        root: cpu.cr0.contains(.paging) ? cpu.cr3 : nil, physical: cpu.peekTranslate(linear))
      if walk.root != nil { walk.entries = entries(for: linear) }
      walk.machine = (monitor as? any LabMonitor)?.machineAddress(of: linear)
      walk.pseudoPhysical = walk.physical.flatMap { pseudoPhysical($0) }
      return walk
    }
  }

  @inline(never)
  private func pseudoPhysical(_ address: UInt64) -> UInt64? {
    (monitor as? Paravirtualization)?.pseudoPhysical(address, cpu)
  }

  /// Why the monitor executes the guest's next instruction itself; nil where the processor does.
  var interpretation: String? {
    (monitor as? FullVirtualization)?.interpretation(of: cpu)?.words
  }

  /// The hypervisor's domains; empty without one.
  @inline(never)
  var domains: [DomainReport] { (monitor as? Paravirtualization)?.domainReports(cpu) ?? [] }

  /// The block of translated code that the guest is in; empty if it is in none.
  var translationAtEIP: [TranslationRow] {
    guard cpu.cpl == 0, let monitor = monitor as? FullVirtualization else { return [] }
    return monitor.translation(of: cpu.eip) ?? []
  }

  /// The entries that a walk reads (Intel SDM volume 3, 4.3 and 4.4).
  private func entries(for linear: UInt32) -> [MachineView.PageWalk.Entry] {
    let isWide = cpu.cr4.contains(.physicalAddressExtension)
    let size: UInt64 = isWide ? 8 : 4
    var levels: [(name: String, shift: UInt32, bits: UInt32)] =
      isWide
      ? [("PDPT", 30, 2), ("PDE", 21, 9), ("PTE", 12, 9)] : [("PDE", 22, 10), ("PTE", 12, 10)]
    var table = UInt64(cpu.cr3 & (isWide ? 0xFFFF_FFE0 : 0xFFFF_F000))
    var entries: [MachineView.PageWalk.Entry] = []
    while !levels.isEmpty {
      let level = levels.removeFirst()
      let index = linear >> level.shift & (1 << level.bits - 1)
      let address = table + UInt64(index) * size
      guard let value = cpu.peekPhysical(address, size: Int(size)) else { break }
      entries.append(.init(name: level.name, index: index, address: address, value: value))
      if value & 1 == 0 || level.name == "PDE" && value & 0x80 != 0 { break }
      table = value & (isWide ? 0xF_FFFF_FFFF_F000 : 0xFFFF_F000)
    }
    return entries
  }

  /// How often each kind of event has happened, those that have, in words.
  var countersOfEvents: [MachineView.Counter] {
    TransitionKind.allCases.compactMap { kind in
      let count = cpu.log.total(of: kind)
      guard count > 0 else { return nil }
      return MachineView.Counter(kind.name(separator: " "), count)
    }
  }
}

extension LabMonitor {
  @inline(never)
  fileprivate var labRegisters: MachineView.Registers { MachineView.Registers(of: lab) }
}

extension CPU {
  /// Four bytes at a linear address; nil if they cannot be read.
  fileprivate func peekWord(_ linear: UInt32) -> UInt32? {
    var value: UInt32 = 0
    for place: UInt32 in 0..<4 {
      guard let byte = peekByte(linear &+ place) else { return nil }
      value |= UInt32(byte) << (8 * place)
    }
    return value
  }

  /// Bytes of memory at a physical address, as a number; nil where there is none.
  fileprivate func peekPhysical(_ address: UInt64, size: Int) -> UInt64? {
    guard let host = memory.host(at: address) else { return nil }
    return (0..<size).reduce(0) { value, place in
      value | UInt64(host.load(fromByteOffset: place, as: UInt8.self)) << (8 * UInt64(place))
    }
  }
}
