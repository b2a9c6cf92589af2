public import X86

/// Something that a predicate is asked about, with the place and time of it.
public struct Moment: Sendable, Equatable {
  /// What happens.
  public var subject: Word.Subject
  /// The event; meaningless for the others.
  public var transition = Transition(kind: .reset)
  /// Linear address of the instruction or of the access.
  public var linear: UInt32 = 0
  /// Bytes accessed.
  public var size: UInt32 = 1
  /// The access is a write.
  public var isWrite = false
  /// The class of the instruction.
  public var sensitivity = Sensitivity.innocuous
  /// The ring, the one the guest believes in, and who is at work.
  public var cpl: UInt8 = 0
  public var virtualRing: UInt8 = 0
  public var actor = Actor.guestKernel
  public var tick: UInt64 = 0
  public var guestTick: UInt64 = 0
  /// Guest instructions executed until then.
  public var instructions: UInt64 = 0
  public var eip: UInt32 = 0
  public var cs: UInt16 = 0

  /// A moment with nothing in it yet.
  public init(_ subject: Word.Subject) { self.subject = subject }

  /// An event of the ledger. How many instructions there were is not in it.
  public init(_ transition: Transition, instructions: UInt64 = 0) {
    subject = .event
    self.transition = transition
    self.instructions = instructions
    cpl = transition.fromCPL
    virtualRing = transition.fromVirtualRing
    actor = transition.actor
    tick = transition.tick
    guestTick = transition.guestTick
    eip = transition.eip
    cs = transition.cs
  }
}

extension Atom {
  /// Whether this word is true of a moment.
  func matches(_ moment: Moment) -> Bool {
    switch word.subject {
    case .state: matchesState(moment)
    case .event: moment.subject == .event && matchesEvent(moment.transition)
    case .instruction: moment.subject == .instruction && matchesInstruction(moment)
    case .access: moment.subject == .access && matchesAccess(moment)
    }
  }

  private func contains(_ value: some FixedWidthInteger) -> Bool {
    switch operand {
    case .none: true
    case .range(let range): range.contains(UInt64(truncatingIfNeeded: value))
    case .name(let index): Int(truncatingIfNeeded: value) == index
    case .rings: false
    }
  }

  private func matchesState(_ moment: Moment) -> Bool {
    switch word {
    case .actor: contains(moment.actor.rawValue)
    case .cpl: contains(moment.cpl)
    case .vcpl: contains(moment.virtualRing)
    case .tick: contains(moment.tick)
    case .guesttick: contains(moment.guestTick)
    case .instruction: contains(moment.instructions)
    case .eip: contains(moment.eip)
    default: contains(moment.cs)
    }
  }

  private func matchesInstruction(_ moment: Moment) -> Bool {
    if word == .exec { return contains(moment.linear) }
    guard case .name(let index) = operand else { return moment.sensitivity != .innocuous }
    return Sensitivity.allCases.firstIndex(of: moment.sensitivity) == index + 1
  }

  private func matchesAccess(_ moment: Moment) -> Bool {
    guard case .range(let range) = operand else { return false }
    if word != .access && moment.isWrite != (word == .write) { return false }
    return range.overlaps(UInt64(moment.linear), size: UInt64(moment.size))
  }

  private func matchesEvent(_ event: Transition) -> Bool {
    guard word.kinds.contains(KindSet(event.kind)) else { return false }
    switch word {
    case .fault, .interrupt, .int, .vector: return contains(event.vector)
    case .cr0: return event.code == 0 && contains(event.detail)
    case .cr2: return event.code == 2 && contains(event.detail)
    case .cr3: return contains(event.detail)
    case .cr4: return event.code == 4 && contains(event.detail)
    case .lgdt: return event.code == TableRegister.gdtr.rawValue
    case .lidt: return event.code == TableRegister.idtr.rawValue
    case .lldt: return event.code == TableRegister.ldtr.rawValue
    case .ltr: return event.code == TableRegister.tr.rawValue
    case .dr, .msr, .edge, .hypercall, .exit: return contains(event.code)
    case .invlpg: return contains(event.detail)
    case .in, .out, .port, .mmio:
      guard case .range(let range) = operand else { return true }
      return range.overlaps(event.info, size: UInt64(max(1, event.code)))
    case .kind: return contains(event.kind.rawValue)
    case .cause: return contains(event.cause.rawValue)
    case .ring: return changes(event.fromCPL, event.toCPL)
    case .vring: return changes(event.fromVirtualRing, event.toVirtualRing)
    case .event: return contains(event.sequence)
    case .error: return event.hasErrorCode && contains(event.code)
    case .eax: return contains(UInt32(truncatingIfNeeded: event.info))
    default: return true
    }
  }

  private func changes(_ from: UInt8, _ to: UInt8) -> Bool {
    guard from != to else { return false }
    guard case .rings(let wantedFrom, let wantedTo) = operand else { return true }
    return (wantedFrom ?? from) == from && (wantedTo ?? to) == to
  }
}
