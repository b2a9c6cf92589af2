public import X86

/// The words of the language; the raw value is how they are written.
public enum Word: String, CaseIterable, Sendable {
  // Events of the ledger
  case fault, interrupt, int, vector, iret, far, sysenter, sysexit, task
  case cr0, cr2, cr3, cr4, dr, msr, lgdt, lidt, lldt, ltr, invlpg
  case `in`, out, port, mmio, edge, speaker, halt, reset, shutdown
  case hypercall, exit, entry, shadow, translation, injection, world
  case any, kind, cause, ring, vring, event, error, eax
  // The instruction about to be executed
  case exec, sensitive
  // Memory accesses
  case read, write, access
  // Where and when
  case actor, cpl, vcpl, tick, guesttick, instruction, eip, cs

  /// What a word is about.
  public enum Subject: Sendable {
    /// Something that the ledger records.
    case event
    /// An instruction that is about to be executed.
    case instruction
    /// An access to memory that has been made.
    case access
    /// The place or the time of any of these.
    case state
  }

  /// What may stand behind a word.
  enum Expects {
    case nothing
    /// A number, a range or a comparison; `hexadecimal` is how it is printed.
    case numbers(optional: Bool, limit: UInt64, hexadecimal: Bool)
    case faultName
    case names([String], optional: Bool)
    case rings
  }

  /// What the word is about.
  public var subject: Subject {
    switch self {
    case .exec, .sensitive: .instruction
    case .read, .write, .access: .access
    case .actor, .cpl, .vcpl, .tick, .guesttick, .instruction, .eip, .cs: .state
    default: .event
    }
  }

  var expects: Expects {
    switch self {
    case .fault: .faultName
    case .interrupt, .int: .numbers(optional: true, limit: 0xFF, hexadecimal: true)
    case .vector: .numbers(optional: false, limit: 0xFF, hexadecimal: true)
    case .cr0, .cr2, .cr3, .cr4, .msr, .invlpg, .hypercall:
      .numbers(optional: true, limit: 0xFFFF_FFFF, hexadecimal: true)
    case .dr: .numbers(optional: true, limit: 7, hexadecimal: false)
    case .in, .out, .port: .numbers(optional: true, limit: 0xFFFF, hexadecimal: true)
    case .mmio: .numbers(optional: true, limit: .max, hexadecimal: true)
    case .exit: .numbers(optional: true, limit: .max, hexadecimal: true)
    case .edge: .numbers(optional: true, limit: 15, hexadecimal: false)
    case .kind: .names(TransitionKind.allCases.map(\.name), optional: false)
    case .cause: .names(Cause.allCases.map(\.name), optional: false)
    case .actor: .names(Actor.allCases.map(\.name), optional: false)
    case .sensitive: .names(Self.sensitivities, optional: true)
    case .ring, .vring: .rings
    case .error, .eax, .eip: .numbers(optional: false, limit: 0xFFFF_FFFF, hexadecimal: true)
    case .exec, .read, .write, .access:
      .numbers(optional: false, limit: 0xFFFF_FFFF, hexadecimal: true)
    case .cs: .numbers(optional: false, limit: 0xFFFF, hexadecimal: true)
    case .cpl, .vcpl: .numbers(optional: false, limit: 3, hexadecimal: false)
    case .event, .tick, .guesttick, .instruction:
      .numbers(optional: false, limit: .max, hexadecimal: false)
    default: .nothing
    }
  }

  /// The classes of sensitive instructions, in the order of `Sensitivity` without the innocuous.
  static let sensitivities = ["privileged", "io", "silent"]

  /// The kinds of events that a word without an operand stands for; empty if it is not about events.
  var kinds: KindSet {
    switch self {
    case .fault: [.fault]
    case .interrupt: [.interrupt]
    case .int: [.softwareInterrupt]
    case .vector: [.fault, .interrupt, .softwareInterrupt]
    case .iret: [.interruptReturn]
    case .far: [.farTransfer]
    case .sysenter: [.systemEnter]
    case .sysexit: [.systemExit]
    case .task: [.taskSwitch]
    case .cr0, .cr2, .cr4: [.controlRegisterWrite]
    case .cr3: [.cr3Load]
    case .dr: [.debugRegisterWrite]
    case .msr: [.machineSpecificWrite]
    case .lgdt, .lidt, .lldt, .ltr: [.tableLoad]
    case .invlpg: [.pageInvalidation]
    case .in: [.portRead]
    case .out: [.portWrite]
    case .port: [.portRead, .portWrite]
    case .mmio: [.memoryMappedRead, .memoryMappedWrite]
    case .edge: [.deviceEdge]
    case .speaker: [.speaker]
    case .halt: [.halt]
    case .reset: [.reset]
    case .shutdown: [.shutdown]
    case .hypercall: [.hypercall]
    case .exit: [.vmExit]
    case .entry: [.vmEntry]
    case .shadow: [.shadowPaging]
    case .translation: [.translation]
    case .injection: [.injection]
    case .world: [.worldSwitch]
    case .error: [.fault]
    case .eax: [.softwareInterrupt, .systemEnter]
    case .any, .cause, .ring, .vring, .event, .kind: .all
    default: []
    }
  }
}

/// Kinds of transitions, as bits.
public struct KindSet: OptionSet, Sendable {
  public let rawValue: UInt64
  public init(rawValue: UInt64) { self.rawValue = rawValue }

  /// One kind.
  public init(_ kind: TransitionKind) { rawValue = 1 << UInt64(kind.rawValue) }
  /// These kinds.
  public init(arrayLiteral kinds: TransitionKind...) {
    rawValue = kinds.reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  }

  /// Every kind.
  public static let all = KindSet(
    rawValue: TransitionKind.allCases.reduce(0) { $0 | 1 << UInt64($1.rawValue) })
  /// Those that the ledger keeps only when asked.
  public static let accesses = KindSet(
    rawValue: TransitionKind.allCases.filter(\.isAccess).reduce(0) { $0 | 1 << UInt64($1.rawValue) }
  )
}
