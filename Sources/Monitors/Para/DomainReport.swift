public import X86

/// What the hypervisor knows of one of its domains, for whoever wants to see it: its own books, and what
/// lies in the pages that it shares with the domain.
public struct DomainReport: Equatable, Sendable {
  /// What it does.
  public enum Activity: Equatable, Sendable {
    /// It has the processor.
    case running
    /// It would like to have it.
    case runnable
    /// It waits for an event.
    case blocked
    /// It has ended itself; the ABI's SHUTDOWN reason.
    case shutDown(reason: UInt32)
    /// The hypervisor has ended it; why.
    case crashed(String)
  }

  /// What a port is an end of.
  public enum ChannelEnd: Equatable, Sendable {
    /// It waits for a domain to bind to it.
    case unbound(domain: UInt16)
    /// The other end, in another domain.
    case interdomain(domain: UInt16, port: UInt32)
    /// An IRQ line, 0 to 15.
    case physical(line: UInt32)
    /// A virtual interrupt, by the ABI's number.
    case virtual(UInt32)
    /// From one virtual processor to another, of which there is one.
    case interprocessor
  }

  /// An event channel's end in this domain.
  public struct Channel: Equatable, Sendable {
    /// 1 to 1023.
    public var port: UInt32
    public var end: ChannelEnd
    /// Its bits in the shared page.
    public var isPending: Bool
    public var isMasked: Bool

    public init(port: UInt32, end: ChannelEnd, isPending: Bool = false, isMasked: Bool = false) {
      (self.port, self.end, self.isPending, self.isMasked) = (port, end, isPending, isMasked)
    }
  }

  /// A frame of the machine's memory, and which page of its domain's it is.
  public struct Frame: Equatable, Sendable {
    /// Machine frame number.
    public var machine: UInt32
    /// Pseudo-physical frame number, from the machine-to-physical table; nil where that has none.
    public var pseudoPhysical: UInt32?

    public init(machine: UInt32, pseudoPhysical: UInt32?) {
      (self.machine, self.pseudoPhysical) = (machine, pseudoPhysical)
    }
  }

  /// An entry of the domain's grant table that permits access to a page.
  public struct Grant: Equatable, Sendable {
    /// The entry's number, 0 to 511.
    public var reference: UInt32
    /// Who may use the page.
    public var user: UInt16
    public var frame: Frame
    public var isReadOnly: Bool
    public var mappings: [Mapping]

    public init(
      reference: UInt32, user: UInt16, frame: Frame, isReadOnly: Bool = false,
      mappings: [Mapping] = []
    ) {
      (self.reference, self.user, self.frame) = (reference, user, frame)
      (self.isReadOnly, self.mappings) = (isReadOnly, mappings)
    }
  }

  /// Where a granted page is mapped.
  public struct Mapping: Equatable, Sendable {
    /// In which domain.
    public var domain: UInt16
    /// Linear address there.
    public var linear: UInt32
    public var isWritable: Bool

    public init(domain: UInt16, linear: UInt32, isWritable: Bool) {
      (self.domain, self.linear, self.isWritable) = (domain, linear, isWritable)
    }
  }

  /// 0 to 7.
  public var id: UInt16
  /// It has the devices.
  public var isPrivileged = false
  /// As the scheduler sees it.
  public var activity = Activity.runnable
  /// Its share of the processor against the others'.
  public var weight: UInt32 = 0
  /// What it has in hand of that, in nanoseconds, when the scheduler last looked; below 0 it owes.
  public var credit: Int64 = 0
  /// An event has just woken it: it comes before others with credit.
  public var isBoosted = false
  /// Pages that it has, and may have. One that has ended has those that others have mapped.
  public var pages: UInt32 = 0
  public var mostPages: UInt32 = 0
  /// How many of them are page tables and page directories now.
  public var tables = 0
  public var directories = 0
  /// Its page directory; nil when its memory has been taken back.
  public var directory: Frame?
  /// In the shared page: events wait to be told, and it does not want to be told.
  public var isPending = false
  public var isMasked = false
  /// Its event channels, by port.
  public var channels: [Channel] = []
  /// What it grants to others, by reference.
  public var grants: [Grant] = []

  public init(id: UInt16, directory: Frame?) { (self.id, self.directory) = (id, directory) }
}

extension Paravirtualization {
  /// All domains, by their numbers.
  public func domainReports(_ cpu: borrowing CPU) -> [DomainReport] {
    var reports: [DomainReport] = []
    for index in domains.indices { reports.append(report(on: index, cpu)) }
    for frame in frames.frames where frame.kindReferences > 0 && Int(frame.owner) < reports.count {
      switch frame.kind {
      case .table: reports[Int(frame.owner)].tables += 1
      case .directory: reports[Int(frame.owner)].directories += 1
      case .none, .writable, .descriptors: break
      }
    }
    return reports
  }

  /// The pseudo-physical address of a machine address; nil where the machine-to-physical table has none.
  public func pseudoPhysical(_ address: PhysicalAddress, _ cpu: borrowing CPU) -> PhysicalAddress? {
    let frame = address >> 12
    guard frame < UInt64(frames.frames.count) else { return nil }
    let page = peek(HypervisorLayout.machineToPhysical + frame * 4, cpu)
    return page == .max ? nil : UInt64(page) << 12 | address & 0xFFF
  }

  private func report(on index: Int, _ cpu: borrowing CPU) -> DomainReport {
    let domain = domains[index]
    var report = DomainReport(
      id: domain.id, directory: domain.isGone ? nil : frame(domain.directory, cpu))
    report.isPrivileged = domain.isPrivileged
    report.activity =
      switch domain.state {
      case .runnable: index == running && !isIdle ? .running : .runnable
      case .blocked: .blocked
      case .shutDown(let reason): .shutDown(reason: reason)
      case .crashed(let reason): .crashed(reason)
      }
    (report.weight, report.credit) = (domain.weight, domain.credit)
    report.isBoosted = domain.isBoosted
    (report.pages, report.mostPages) = (domain.pages, domain.mostPages)
    if domain.isGone { report.pages = UInt32(frames.frames.count { $0.owner == domain.id }) }
    let upcall = peek(domain.processorInfo + ProcessorInfo.upcallPending, cpu)
    (report.isPending, report.isMasked) = (upcall & 0xFF != 0, upcall >> 8 & 0xFF != 0)
    report.channels = channels(of: domain, cpu)
    report.grants = grants(of: domain, cpu)
    return report
  }

  private func channels(of domain: Domain, _ cpu: borrowing CPU) -> [DomainReport.Channel] {
    var channels: [DomainReport.Channel] = []
    for (port, channel) in domain.channels.enumerated() {
      guard let end = DomainReport.ChannelEnd(channel) else { continue }
      let (word, bit) = (UInt64(port / 32 * 4), UInt32(1) << UInt32(port & 31))
      channels.append(
        DomainReport.Channel(
          port: UInt32(port), end: end,
          isPending: peek(domain.sharedInfo + SharedInfo.pending + word, cpu) & bit != 0,
          isMasked: peek(domain.sharedInfo + SharedInfo.mask + word, cpu) & bit != 0))
    }
    return channels
  }

  private func grants(of domain: Domain, _ cpu: borrowing CPU) -> [DomainReport.Grant] {
    let mapped = grants.compactMap { $0 }.filter { $0.owner == domain.id }
    var found: [DomainReport.Grant] = []
    for reference in 0..<Grant.count {
      let place = grant(reference, of: domain.id)
      let head = peek(place, cpu)
      let flags = UInt16(truncatingIfNeeded: head)
      guard flags & Grant.typeMask == Grant.permitAccess else { continue }
      let mappings = mapped.filter { $0.reference == reference }
      // What the dead have granted and nobody has mapped is nothing any more.
      guard !domain.isGone || !mappings.isEmpty else { continue }
      found.append(
        DomainReport.Grant(
          reference: reference, user: UInt16(head >> 16), frame: frame(peek(place + 4, cpu), cpu),
          isReadOnly: flags & Grant.readOnly != 0,
          mappings: mappings.map {
            DomainReport.Mapping(
              domain: $0.user, linear: $0.address, isWritable: $0.isWritable)
          }))
    }
    return found
  }

  private func frame(_ number: UInt32, _ cpu: borrowing CPU) -> DomainReport.Frame {
    DomainReport.Frame(
      machine: number,
      pseudoPhysical: pseudoPhysical(UInt64(number) << 12, cpu).map { UInt32($0 >> 12) })
  }

  /// A word of what the hypervisor shares or keeps, without what a processor's access would do besides.
  private func peek(_ address: PhysicalAddress, _ cpu: borrowing CPU) -> UInt32 {
    guard let host = cpu.memory.host(at: address) else {
      preconditionFailure("what is shared is RAM")
    }
    return UInt32(littleEndian: host.loadUnaligned(as: UInt32.self))
  }
}

extension DomainReport.ChannelEnd {
  /// Nil for a port that is no channel.
  fileprivate init?(_ channel: EventChannel) {
    switch channel {
    case .free, .reserved: return nil
    case .unbound(let remote): self = .unbound(domain: remote)
    case .interdomain(let remote, let port): self = .interdomain(domain: remote, port: port)
    case .physical(let line): self = .physical(line: line)
    case .virtual(let interrupt): self = .virtual(interrupt)
    case .interprocessor: self = .interprocessor
    }
  }
}
