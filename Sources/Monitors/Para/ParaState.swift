public import X86

/// The hypervisor between two runs as a value. Its tables are bytes in the machine's memory, and saved
/// with that; here is what only it knows.
extension Paravirtualization {
  /// Words for `restore`.
  public func save(_ guest: borrowing CPU) -> [UInt64] {
    precondition(
      !needsFlush && pagesToFlush.isEmpty && !mustYield && ended.isEmpty,
      "all is done when a run ends")
    var coder = WordWriter()
    var state = Kept(of: self)
    state.exchange(&coder)
    return coder.words
  }

  /// Makes the hypervisor what it was, after processor, log and memory have been restored. False if no
  /// such hypervisor can have saved these words.
  public func restore(_ words: [UInt64], _ guest: inout CPU) -> Bool {
    var coder = WordReader(words)
    var state = Kept(of: self)
    state.exchange(&coder)
    guard coder.isComplete, state.isPossible(at: time(guest)) else { return false }
    let before = Kept(of: self)
    take(state)
    // What it says of frames must be what the page tables in memory say.
    guard audit(&guest).isEmpty else {
      take(before)
      return false
    }
    seenPlace = guest.log.end
    return true
  }

  private func take(_ state: Kept) {
    counters = state.counters
    frames.take(state.frames, free: state.free)
    domains = state.domains
    (running, isIdle, fpuOwner) = (state.running, state.isIdle, state.fpuOwner)
    (portsAreOpen, grants, heardLines) = (state.portsAreOpen, state.grants, state.heardLines)
    (armedFor, sliceEnd) = (state.armedFor, state.sliceEnd)
    (chargedUntil, periodEnd) = (state.chargedUntil, state.periodEnd)
    consoleInput = state.consoleInput
    unsupported =
      state.unsupported.isEmpty ? nil : String(decoding: state.unsupported, as: UTF8.self)
  }

  /// Between runs, all of the guest is in the machine's processor.
  public func release(_ guest: inout CPU) {}
  public func passWatchedInstruction() {}
  public func withdrawWrites() {}
}

/// What is kept.
private struct Kept {
  var counters: ParaCounters
  var frames: [FrameTable.Frame]
  var free: [UInt32]
  var domains: [Domain]
  var running: Int
  var isIdle: Bool
  var fpuOwner: Int?
  var portsAreOpen: Bool
  var grants: [GrantMapping?]
  var heardLines: UInt16
  var consoleInput: [UInt8]
  var armedFor: UInt64
  var sliceEnd: UInt64
  var chargedUntil: UInt64
  var periodEnd: UInt64
  var unsupported: [UInt8]

  init(of hypervisor: Paravirtualization) {
    counters = hypervisor.counters
    (frames, free) = (hypervisor.frames.frames, hypervisor.frames.free)
    domains = hypervisor.domains
    (running, isIdle) = (hypervisor.running, hypervisor.isIdle)
    (fpuOwner, portsAreOpen) = (hypervisor.fpuOwner, hypervisor.portsAreOpen)
    (grants, heardLines) = (hypervisor.grants, hypervisor.heardLines)
    (armedFor, sliceEnd) = (hypervisor.armedFor, hypervisor.sliceEnd)
    (chargedUntil, periodEnd) = (hypervisor.chargedUntil, hypervisor.periodEnd)
    consoleInput = hypervisor.consoleInput
    unsupported = Array((hypervisor.unsupported ?? "").utf8)
  }

  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    counters.exchange(&coder)
    coder.runs(&frames, empty: FrameTable.Frame()) { $1.exchange(&$0) }
    coder.numbers(&free)
    for index in domains.indices { domains[index].exchange(&coder) }
    var (runs, owner) = (UInt16(running), fpuOwner.map { UInt16($0) })
    coder.field(&runs)
    coder.flag(&isIdle)
    coder.optional(&owner, empty: 0) { $0.field(&$1) }
    (running, fpuOwner) = (Int(runs), owner.map { Int($0) })
    coder.flag(&portsAreOpen)
    coder.array(&grants, empty: nil) { coder, grant in
      coder.optional(&grant, empty: GrantMapping()) { $1.exchange(&$0) }
    }
    coder.field(&heardLines)
    coder.numbers(&consoleInput)
    coder.field(&armedFor)
    coder.field(&sliceEnd)
    coder.field(&chargedUntil)
    coder.field(&periodEnd)
    coder.numbers(&unsupported)
  }

  /// Whether a hypervisor can be like this at a time, as far as it is not said by page tables.
  func isPossible(at now: UInt64) -> Bool {
    // Longer than a century: differences of times fit into whatever they are added to.
    guard now < 1 << 62, counters.isPossible, domains.indices.contains(running),
      fpuOwner.map(domains.indices.contains) ?? true, grants.count <= 1024,
      grants.allSatisfy({ $0.map(isPossible) ?? true }),
      consoleInput.count <= Paravirtualization.consoleRoom,
      domains.allSatisfy({ $0.isPossible(at: now) })
    else { return false }
    return areTimesPossible(at: now) && heardLines == linesOfDomains && areFramesPossible
      && domains.allSatisfy(hasItsPages)
  }

  /// A slice and a period end at most one of them from now, and the timer is set for what comes first.
  private func areTimesPossible(at now: UInt64) -> Bool {
    let deadlines = domains.filter(\.isAlive).flatMap {
      [$0.timeout, $0.pollEnd, $0.period > 0 ? $0.nextPeriod : nil].compactMap { $0 }
    }
    return chargedUntil <= now && (sliceEnd == .max || sliceEnd <= now + Paravirtualization.slice)
      && periodEnd <= now + Paravirtualization.period && armedFor <= sliceEnd
      && deadlines.allSatisfy { armedFor <= $0 }
  }

  /// The timer, the second interrupt controller, what domains have bound, and the line of a console that
  /// Domain 0 wants to hear of.
  private var linesOfDomains: UInt16 {
    let console: UInt16 = domains[0].virtualInterrupts[VirtualInterrupt.console] == 0 ? 0 : 1 << 4
    return domains.reduce(1 << 0 | 1 << 2 | console) { lines, domain in
      domain.physicalInterrupts.indices.reduce(lines) {
        domain.physicalInterrupts[$1] == 0 ? $0 : $0 | 1 << UInt16($1)
      }
    }
  }

  /// The hypervisor's frames are where they always are, a domain's are none of them, and the others
  /// are free.
  private var areFramesPossible: Bool {
    let fresh = FrameTable(frames: frames.count).frames
    for (kept, fresh) in zip(frames, fresh) {
      if fresh.owner != FrameTable.nobody {
        let isUnused = kept.kind == .none && kept.kindReferences == 0 && !kept.isPinned
        guard kept.owner == fresh.owner, isUnused else { return false }
      } else if kept.owner != FrameTable.nobody {
        guard domains.contains(where: { $0.id == kept.owner }) else { return false }
      } else if kept != fresh {
        return false
      }
    }
    return free.allSatisfy { $0 < frames.count && frames[Int($0)].owner == FrameTable.nobody }
      && Set(free).count == free.count
      && free.count == frames.count { $0.owner == FrameTable.nobody }
  }

  /// A domain's directory and descriptor tables are its own pages, used as that. One that is gone has
  /// none, and only pages that are in use.
  private func hasItsPages(_ domain: Domain) -> Bool {
    guard !domain.isGone else {
      return !domain.isAlive && !domain.isPrivileged && domain.directory == 0 && domain.pages == 0
        && domain.gdtPages.isEmpty && domain.ldtPages.isEmpty && domain.movedInfo == nil
        && frames.allSatisfy { $0.owner != domain.id || $0.references > 0 && !$0.isPinned }
    }
    func isUsed(_ frame: UInt32, as kind: FrameTable.Kind) -> Bool {
      guard frame < frames.count else { return false }
      let kept = frames[Int(frame)]
      return kept.owner == domain.id && kept.kind == kind && kept.kindReferences > 0
    }
    return isUsed(domain.directory, as: .directory)
      && (domain.gdtPages + domain.ldtPages).allSatisfy { isUsed($0, as: .descriptors) }
      && domain.movedInfo.map {
        $0 & 0xFFF <= 4096 - ProcessorInfo.size
          && isUsed(UInt32(clamping: $0 >> 12), as: .writable)
      } ?? true
      && frames.count { $0.owner == domain.id } == Int(domain.pages)
  }

  private func isPossible(_ grant: GrantMapping) -> Bool {
    grant.frame < frames.count && grant.entry < UInt64(frames.count) << 12 && grant.entry & 3 == 0
      && grant.reference < Paravirtualization.Grant.count && grant.address & 0xFFF == 0
      && grant.address < HypervisorLayout.hole
      && [grant.user, grant.owner].allSatisfy { id in domains.contains { $0.id == id } }
  }
}

extension ParaCounters {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.numbers(&entries)
    coder.numbers(&hypercalls)
    for path in [
      \Self.refused, \.updates, \.extendedOperations, \.multicalls, \.bounces,
      \.bouncedSystemCalls, \.upcalls, \.events, \.validatedTables, \.validatedDirectories, \.pins,
      \.refusedKinds, \.portOpenings, \.worldSwitches, \.crashes, \.monitorInstructions,
    ] {
      coder.field(&self[keyPath: path])
    }
  }

  /// Whether the lists have the lengths that they always have, and can be added up.
  fileprivate var isPossible: Bool {
    entries.count == 256 && hypercalls.count == 64
      && (entries + hypercalls).allSatisfy { $0 < 1 << 48 }
  }
}

extension FrameTable.Frame {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&owner)
    coder.field(&references)
    var raw = kind.rawValue
    coder.field(&raw)
    if let read = FrameTable.Kind(rawValue: raw) { kind = read } else { coder.fail() }
    coder.field(&kindReferences)
    coder.flag(&isPinned)
  }
}

extension GrantMapping {
  fileprivate init() {
    self.init(
      user: 0, owner: 0, reference: 0, frame: 0, address: 0, entry: 0, isWritable: false)
  }

  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&user)
    coder.field(&owner)
    coder.field(&reference)
    coder.field(&frame)
    coder.field(&address)
    coder.field(&entry)
    coder.flag(&isWritable)
  }
}

extension Domain {
  fileprivate func isPossible(at now: UInt64) -> Bool {
    let hasSizes =
      virtualInterrupts.count == VirtualInterrupt.count && physicalInterrupts.count == 16
      && times.count == 4 && context.general.count == 8 && context.selectors.count == 4
      && gdtPages.count <= 14 && ldtCount <= 8192 && ldtPages.count == (ldtCount + 511) / 512
    let ports = virtualInterrupts + physicalInterrupts + polled
    guard hasSizes, ports.allSatisfy({ $0 < 1024 }) else { return false }
    let isBound = physicalInterrupts.indices.allSatisfy {
      let port = physicalInterrupts[$0]
      return port == 0 || isPrivileged && channels[Int(port)] == .physical(UInt32($0))
    }
    return isBound && traps.allSatisfy { $0.level < 4 } && ioPrivilege < 4
      && stateSince <= now && lastRun <= now
      && (period == 0 || (1_000_000...1 << 62).contains(period))
      && (-(1 << 60)...1 << 60).contains(credit) && context.frame.eflags.contains(.interrupt)
      && context.frame.eflags.isDisjoint(with: [.virtual8086, .ioPrivilegeLevel])
  }

  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    exchangeState(&coder)
    coder.flag(&isGone)
    coder.field(&weight)
    var words = UInt64(bitPattern: credit)
    coder.field(&words)
    credit = Int64(bitPattern: words)
    coder.flag(&isBoosted)
    coder.field(&lastRun)
    coder.runs(&traps, empty: TrapEntry()) { $1.exchange(&$0) }
    coder.field(&kernelStack)
    coder.field(&kernelStackSelector)
    eventCallback.exchange(&coder)
    failsafeCallback.exchange(&coder)
    coder.field(&directory)
    coder.numbers(&gdtPages)
    coder.numbers(&ldtPages)
    coder.field(&ldtCount)
    coder.flag(&isTaskSwitched)
    coder.field(&ioPrivilege)
    coder.optional(&movedInfo, empty: 0) { $0.field(&$1) }
    coder.field(&runstateArea)
    coder.field(&timeArea)
    coder.flag(&isNMIPending)
    coder.flag(&isInNMI)
    coder.runs(&channels, empty: .free) { $1.exchange(&$0) }
    coder.numbers(&virtualInterrupts)
    coder.numbers(&physicalInterrupts)
    coder.numbers(&polled)
    coder.optional(&pollEnd, empty: 0) { $0.field(&$1) }
    coder.field(&pages)
    coder.field(&mostPages)
    coder.optional(&timeout, empty: 0) { $0.field(&$1) }
    coder.field(&period)
    coder.field(&nextPeriod)
    coder.field(&stateSince)
    coder.numbers(&times)
    exchangeContext(&coder)
  }

  private mutating func exchangeState<Coder: WordCoder>(_ coder: inout Coder) {
    var (kind, reason, text): (UInt8, UInt32, [UInt8]) =
      switch state {
      case .runnable: (0, 0, [])
      case .blocked: (1, 0, [])
      case .shutDown(let reason): (2, reason, [])
      case .crashed(let why): (3, 0, Array(why.utf8))
      }
    coder.field(&kind)
    coder.field(&reason)
    coder.numbers(&text)
    switch kind {
    case 0: state = .runnable
    case 1: state = .blocked
    case 2: state = .shutDown(reason: reason)
    case 3: state = .crashed(String(decoding: text, as: UTF8.self))
    default: coder.fail()
    }
  }

  private mutating func exchangeContext<Coder: WordCoder>(_ coder: inout Coder) {
    coder.numbers(&context.general)
    coder.field(&context.frame.vector)
    coder.field(&context.frame.errorCode)
    coder.field(&context.frame.eip)
    coder.field(&context.frame.cs)
    coder.option(&context.frame.eflags)
    coder.field(&context.frame.esp)
    coder.field(&context.frame.ss)
    coder.numbers(&context.selectors)
    fpu.exchange(&coder)
  }
}

extension TrapEntry {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&selector)
    coder.field(&address)
    coder.field(&level)
    coder.flag(&masksEvents)
  }
}

extension Callback {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&selector)
    coder.field(&address)
  }
}

extension EventChannel {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    var (kind, first, second): (UInt8, UInt32, UInt32) =
      switch self {
      case .free: (0, 0, 0)
      case .reserved: (1, 0, 0)
      case .unbound(let remote): (2, UInt32(remote), 0)
      case .interdomain(let remote, let port): (3, UInt32(remote), port)
      case .physical(let line): (4, line, 0)
      case .virtual(let interrupt): (5, interrupt, 0)
      case .interprocessor: (6, 0, 0)
      }
    coder.field(&kind)
    coder.field(&first)
    coder.field(&second)
    let remote = UInt16(truncatingIfNeeded: first)
    switch kind {
    case 0: self = .free
    case 1: self = .reserved
    case 2: self = .unbound(remote: remote)
    case 3 where second < 1024: self = .interdomain(remote: remote, port: second)
    case 4 where first < 16: self = .physical(first)
    case 5 where first < UInt32(VirtualInterrupt.count): self = .virtual(first)
    case 6: self = .interprocessor
    default: coder.fail()
    }
  }
}
