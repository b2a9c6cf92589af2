/// EFLAGS.
///     21 20  19  18 17 16   14 13-12 11 10  9  8  7  6   4   2   0
///     ID VIP VIF AC VM RF   NT IOPL  OF DF IF TF SF ZF  AF  PF  CF
public struct EFLAGS: OptionSet, Sendable {
  public let rawValue: UInt32
  @inline(__always) public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let carry = EFLAGS(rawValue: 1 << 0)
  /// Bit 1 always reads 1.
  public static let alwaysSet = EFLAGS(rawValue: 1 << 1)
  public static let parity = EFLAGS(rawValue: 1 << 2)
  public static let adjust = EFLAGS(rawValue: 1 << 4)
  public static let zero = EFLAGS(rawValue: 1 << 6)
  public static let sign = EFLAGS(rawValue: 1 << 7)
  public static let trap = EFLAGS(rawValue: 1 << 8)
  public static let interrupt = EFLAGS(rawValue: 1 << 9)
  public static let direction = EFLAGS(rawValue: 1 << 10)
  public static let overflow = EFLAGS(rawValue: 1 << 11)
  public static let ioPrivilegeLevel = EFLAGS(rawValue: 3 << 12)
  public static let nestedTask = EFLAGS(rawValue: 1 << 14)
  public static let resume = EFLAGS(rawValue: 1 << 16)
  public static let virtual8086 = EFLAGS(rawValue: 1 << 17)
  public static let alignmentCheck = EFLAGS(rawValue: 1 << 18)
  public static let virtualInterrupt = EFLAGS(rawValue: 1 << 19)
  public static let virtualInterruptPending = EFLAGS(rawValue: 1 << 20)
  public static let identification = EFLAGS(rawValue: 1 << 21)

  /// CF PF AF ZF SF OF: kept lazily, see `LazyFlags`.
  public static let arithmetic: EFLAGS = [.carry, .parity, .adjust, .zero, .sign, .overflow]
}

/// CR0.
///     31 30 29   18   16   5  4  3  2  1  0
///     PG CD NW   AM   WP   NE ET TS EM MP PE
public struct CR0: OptionSet, Sendable {
  public let rawValue: UInt32
  @inline(__always) public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let protection = CR0(rawValue: 1 << 0)
  public static let monitorCoprocessor = CR0(rawValue: 1 << 1)
  public static let emulation = CR0(rawValue: 1 << 2)
  public static let taskSwitched = CR0(rawValue: 1 << 3)
  public static let extensionType = CR0(rawValue: 1 << 4)
  public static let numericError = CR0(rawValue: 1 << 5)
  public static let writeProtect = CR0(rawValue: 1 << 16)
  public static let alignmentMask = CR0(rawValue: 1 << 18)
  public static let notWriteThrough = CR0(rawValue: 1 << 29)
  public static let cacheDisable = CR0(rawValue: 1 << 30)
  public static let paging = CR0(rawValue: 1 << 31)
}

/// CR4.
///     9    8   7   6   5   4   3  2   1   0
///     FXSR PCE PGE MCE PAE PSE DE TSD PVI VME
public struct CR4: OptionSet, Sendable {
  public let rawValue: UInt32
  @inline(__always) public init(rawValue: UInt32) { self.rawValue = rawValue }

  public static let virtual8086Extensions = CR4(rawValue: 1 << 0)
  public static let protectedVirtualInterrupts = CR4(rawValue: 1 << 1)
  public static let timeStampDisable = CR4(rawValue: 1 << 2)
  public static let debuggingExtensions = CR4(rawValue: 1 << 3)
  public static let pageSizeExtensions = CR4(rawValue: 1 << 4)
  public static let physicalAddressExtension = CR4(rawValue: 1 << 5)
  public static let machineCheck = CR4(rawValue: 1 << 6)
  public static let pageGlobal = CR4(rawValue: 1 << 7)
  public static let performanceCounters = CR4(rawValue: 1 << 8)
  public static let fxsave = CR4(rawValue: 1 << 9)
}

/// General registers by their encoding in ModR/M.
public enum Register: Int, Sendable, CaseIterable {
  case eax, ecx, edx, ebx, esp, ebp, esi, edi
}

/// Segment registers by their encoding in ModR/M, followed by the two system ones.
public enum SegmentRegister {
  public static let es = 0
  public static let cs = 1
  public static let ss = 2
  public static let ds = 3
  public static let fs = 4
  public static let gs = 5
  public static let ldtr = 6
  public static let tr = 7
}
