import X86

/// Making a domain: memory for it, its kernel there, and what it finds when it begins.
///
///     pseudo-physical, and linear from the image's base on
///     0        …the kernel's segments, where they want to be…
///     behind   the list of the machine frames of all its pages (P2M)
///              the page with start_info, and one for a console that others read
///              a page directory and as many page tables as map all of this
///              a page of stack
///     to the next 4 MiB, half a MiB at least: free, and mapped
extension Paravirtualization {
  /// Builds domain `id` with so many pages, for the first time or in place of one that is gone.
  func build(_ id: UInt16, pages count: Int, _ cpu: inout CPU) throws(DomainError) {
    var domain = Domain(id: id, isPrivileged: id == 0)
    domain.weight = id < weights.count ? weights[Int(id)] : Self.usualWeight
    var plan = try Plan(image, pages: count)
    for page in 0..<count {
      guard let frame = frames.allocate(for: id) else {
        throw DomainError("domain \(id) needs \(count) pages, and there are \(page)")
      }
      plan.frames.append(frame)
      setPseudoPhysical(frame, UInt32(page), &cpu)
      HypervisorMemory.clear(UInt64(frame) << 12, &cpu)
    }
    (domain.pages, domain.mostPages) = (UInt32(count), UInt32(count))
    // Whoever has had these frames before may have translations for them.
    needsFlush = true
    HypervisorMemory.clear(domain.sharedInfo, &cpu)
    HypervisorMemory.clear(HypervisorLayout.grantTable(Int(id)), &cpu)
    load(image, plan, &cpu)
    storeFrameList(plan, &cpu)
    storeTables(plan, &cpu)
    storeStartInfo(domain, image, plan, &cpu)
    storeSharedInfo(domain, plan, &cpu)
    if !domain.isPrivileged { shareConsole(&domain, plan, &cpu) }
    domain.directory = plan.frames[plan.tables]
    domain.context.frame.vector = 0
    domain.context.frame.eip = image.entry
    domain.context.frame.cs = HypervisorLayout.guestCode
    domain.context.frame.eflags = [.alwaysSet, .interrupt]
    domain.context.frame.esp = plan.linear(plan.stack + 1)
    domain.context.frame.ss = HypervisorLayout.guestData
    domain.context.selectors = [UInt16](repeating: HypervisorLayout.guestData, count: 4)
    domain.context.general[Register.esi.rawValue] = plan.linear(plan.startInfo)
    domain.kernelStack = domain.context.frame.esp
    domain.stateSince = time(cpu)
    if id < domains.count { domains[Int(id)] = domain } else { domains.append(domain) }
    let before = running
    running = Int(id)
    defer { running = before }
    do throws(HypercallError) {
      // Its tables are checked like any that a guest makes; in CR3 they count once more.
      try pin(current.directory, as: .directory, &cpu)
      try use(current.directory, as: .directory, of: id, &cpu)
    } catch {
      preconditionFailure("the builder makes valid tables")
    }
  }

  /// What lies where, in pages from 0.
  struct Plan {
    var base: UInt32
    var frameList = 0
    var startInfo = 0
    var console = 0
    var tables = 0
    var tableCount = 0
    var stack = 0
    /// Pages that are mapped at first.
    var mapped = 0
    /// Its machine frames by page.
    var frames: [UInt32] = []

    init(_ image: DomainImage, pages count: Int) throws(DomainError) {
      base = image.virtualBase
      let end = image.segments.map { UInt64($0.address) + UInt64($0.size) }.max() ?? 0
      frameList = Int((end + 0xFFF) >> 12)
      startInfo = frameList + (count * 4 + 0xFFF) >> 12
      console = startInfo + 1
      tables = console + 1
      // The tables map themselves too.
      var guess = 1
      repeat {
        tableCount = guess
        stack = tables + 1 + tableCount
        mapped = (stack + 1 + 128 + 1023) & ~1023
        guess = mapped >> 10
      } while guess != tableCount
      guard stack < count, UInt64(base) + UInt64(mapped) << 12 <= UInt64(HypervisorLayout.hole)
      else {
        throw DomainError("its kernel needs \(stack + 1) pages of memory, and it has \(count)")
      }
      mapped = min(mapped, count)
      if let page = image.hypercallPage, Int(page &- base) >> 12 >= frameList {
        throw DomainError("its page for hypercalls, \(hexadecimal(page)), is not in its kernel")
      }
    }

    func linear(_ page: Int) -> UInt32 { base &+ UInt32(page << 12) }
    /// The machine address of a pseudo-physical one.
    func machine(_ address: UInt64) -> UInt64 {
      UInt64(frames[Int(address >> 12)]) << 12 | address & 0xFFF
    }
    func machine(page: Int) -> UInt64 { UInt64(frames[page]) << 12 }
  }

  private func load(_ image: DomainImage, _ plan: Plan, _ cpu: inout CPU) {
    for segment in image.segments {
      for (offset, byte) in segment.bytes.enumerated() {
        cpu.store(byte, at: plan.machine(UInt64(segment.address) + UInt64(offset)))
      }
    }
    guard let page = image.hypercallPage else { return }
    storeHypercallPage(plan.machine(UInt64(page &- plan.base)) & ~0xFFF, &cpu)
  }

  /// Number n at n * 32: MOV EAX, n; INT 82h; RET. The one that returns from a trap is jumped to, and
  /// saves EAX first.
  private func storeHypercallPage(_ page: UInt64, _ cpu: inout CPU) {
    for number in UInt8(0)..<128 {
      var bytes: [UInt8] = [0xB8, number, 0, 0, 0, 0xCD, 0x82]
      if number == UInt8(HypercallNumber.iret.rawValue) {
        bytes.insert(0x50, at: 0)
      } else {
        bytes.append(0xC3)
      }
      for (index, byte) in bytes.enumerated() {
        cpu.store(byte, at: page + UInt64(number) * 32 + UInt64(index))
      }
    }
  }

  private func storeFrameList(_ plan: Plan, _ cpu: inout CPU) {
    for (page, frame) in plan.frames.enumerated() {
      cpu.store(frame, at: plan.machine(UInt64(plan.frameList << 12 + page * 4)))
    }
  }

  /// Everything mapped is writable but the tables themselves.
  private func storeTables(_ plan: Plan, _ cpu: inout CPU) {
    let tables = plan.tables...plan.tables + plan.tableCount
    for table in 0..<plan.tableCount {
      cpu.store(
        plan.frames[plan.tables + 1 + table] << 12 | 0x63,
        at: plan.machine(page: plan.tables) + UInt64(Int(plan.base >> 22) + table) * 4)
    }
    for page in 0..<plan.mapped {
      let rights: UInt32 = tables.contains(page) ? 0x61 : 0x63
      cpu.store(
        plan.frames[page] << 12 | rights,
        at: plan.machine(page: plan.tables + 1 + page >> 10) + UInt64(page & 1023) * 4)
    }
  }

  /// What the guest is told first, in Xen's structure `start_info`.
  private func storeStartInfo(
    _ domain: Domain, _ image: DomainImage, _ plan: Plan, _ cpu: inout CPU
  ) {
    let place = plan.machine(page: plan.startInfo)
    store("xen-3.0-x86_32", size: 32, at: place, &cpu)
    for (offset, value) in [
      (32, UInt32(plan.frames.count)), (36, UInt32(domain.sharedInfo)),
      // Flags: privileged, and the first of all.
      (40, domain.isPrivileged ? 3 : 0), (60, plan.linear(plan.tables)),
      (64, UInt32(plan.tableCount + 1)), (68, plan.linear(plan.frameList)),
    ] {
      cpu.store(value, at: place + UInt64(offset))
    }
    store(image.commandLine, size: 1024, at: place + 80, &cpu)
  }

  /// Grants the console's page to Domain 0, with the first entry of the table, and opens the first port
  /// for it.
  private func shareConsole(_ domain: inout Domain, _ plan: Plan, _ cpu: inout CPU) {
    let frame = plan.frames[plan.console]
    let start = plan.machine(page: plan.startInfo)
    cpu.store(frame, at: start + 52)
    cpu.store(UInt32(1), at: start + 56)
    let entry = grant(0, of: domain.id)
    cpu.store(Grant.permitAccess, at: entry)
    cpu.store(UInt16(0), at: entry + 2)
    cpu.store(frame, at: entry + 4)
    domain.channels[1] = .unbound(remote: 0)
  }

  private func store(_ text: String, size: Int, at place: UInt64, _ cpu: inout CPU) {
    for (index, byte) in text.utf8.prefix(size - 1).enumerated() {
      cpu.store(byte, at: place + UInt64(index))
    }
  }

  /// Events are masked at first, on every processor there could be.
  private func storeSharedInfo(_ domain: Domain, _ plan: Plan, _ cpu: inout CPU) {
    for processor in 0..<SharedInfo.processors {
      let info = domain.sharedInfo + UInt64(processor) * ProcessorInfo.size
      cpu.store(UInt8(1), at: info + ProcessorInfo.upcallMask)
    }
    cpu.store(UInt32(plan.frames.count), at: domain.sharedInfo + SharedInfo.highestFrame)
    storeWallClock(of: domain, &cpu)
  }
}
