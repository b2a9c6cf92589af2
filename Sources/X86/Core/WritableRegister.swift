/// A register that can be given any value from outside; the raw value is its number in files.
public enum WritableRegister: Sendable, Equatable, Hashable {
  case general(Register)
  case eip
  case eflags

  /// 0 to 7 for the general registers, 8 for EIP, 9 for EFLAGS.
  public var number: UInt8 {
    switch self {
    case .general(let register): UInt8(register.rawValue)
    case .eip: 8
    case .eflags: 9
    }
  }

  /// The register of this number; nil if there is none.
  public init?(number: UInt8) {
    switch number {
    case 8: self = .eip
    case 9: self = .eflags
    default:
      guard let register = Register(rawValue: Int(number)) else { return nil }
      self = .general(register)
    }
  }
}

extension CPU {
  /// Gives a register another value, between two instructions.
  public mutating func write(_ value: UInt32, to register: WritableRegister) {
    switch register {
    case .general(let general): self[general] = value
    case .eip: (eip, nextEIP) = (value, value)
    case .eflags:
      // VM decides how segments are addressed and cannot change without loading them.
      let kept = systemFlags.intersection(.virtual8086)
      let flags = EFLAGS(rawValue: value & 0x003D_7FD5).subtracting(.virtual8086).union(kept)
      eflags = flags
      tlb.withdrawAll()
    }
  }
}
