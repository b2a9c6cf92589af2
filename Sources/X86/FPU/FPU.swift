/// The x87 state: a stack of eight registers, control, status, and what the last instruction was
/// (SDM 1, 8.1).
///
/// The registers lie in raw memory in their physical order, 16 bytes apart: the instructions
/// reach ST(i) with one addition, whatever TOP is.
struct FPU: ~Copyable {
  private let registers: UnsafeMutableRawPointer
  /// The control word: masks in bits 5-0, precision in 9-8, rounding in 11-10.
  private(set) var control: UInt16 = 0x0040
  /// The status word without TOP and C1; see `statusWord`.
  ///
  /// Nearly every instruction decides C1, and few change another bit: apart, the former is a store
  /// that nothing waits for, and the latter is hardly ever written.
  var status: UInt16 = 0
  /// C1 at its place in the status word.
  var c1: UInt16 = 0
  /// Physical number of ST(0), 0...7.
  var top: Int = 0
  /// A bit for each physical register that is not empty.
  private(set) var occupied: UInt32 = 0xFF

  /// Opcode (its lower three bits, and ModR/M), address and operand of the last instruction that
  /// was not a control instruction.
  var lastOpcode: UInt16 = 0
  var codeSelector: UInt16 = 0
  var dataSelector: UInt16 = 0
  var instructionPointer: UInt32 = 0
  var dataPointer: UInt32 = 0

  /// Bits of the control word that can be written; bit 6 always reads 1.
  private static let writableControl: UInt16 = 0x1F3F

  /// The state after RESET#: zeros in all registers, every exception unmasked.
  init() {
    registers = .allocate(byteCount: 8 * 16, alignment: 64)
    registers.initializeMemory(as: UInt64.self, repeating: 0, count: 16)
  }

  deinit { registers.deallocate() }

  /// FNINIT: all empty and all masked; the contents of the registers stay.
  mutating func initialize() {
    control = 0x037F
    status = 0
    c1 = 0
    top = 0
    occupied = 0
    lastOpcode = 0
    codeSelector = 0
    dataSelector = 0
    instructionPointer = 0
    dataPointer = 0
  }

  mutating func setControl(_ word: UInt16) { control = word & Self.writableControl | 0x40 }

  /// Status bits beside the exception flags.
  ///
  ///     15 14 13-11 10 9  8  7  6  5-0
  ///     B  C3 TOP   C2 C1 C0 ES SF PE UE OE ZE DE IE
  enum Status {
    static let errorSummary: UInt16 = 1 << 7
    static let c0: UInt16 = 1 << 8
    static let c1: UInt16 = 1 << 9
    static let c2: UInt16 = 1 << 10
    static let c3: UInt16 = 1 << 14
    static let busy: UInt16 = 1 << 15
    /// What comparisons set.
    static let comparison: UInt16 = c0 | c2 | c3
    static let top: UInt16 = 7 << 11
  }

  /// All sixteen bits of the status word.
  var statusWord: UInt16 { status | c1 | UInt16(truncatingIfNeeded: top) << 11 }

  /// Takes a status word over; ES and B follow from the exception flags and their masks.
  mutating func setStatusWord(_ word: UInt16) {
    top = Int(word >> 11 & 7)
    c1 = word & Status.c1
    status = word & ~(Status.top | Status.c1 | Status.errorSummary | Status.busy)
    updateErrorSummary()
  }

  /// Sets C3-C0 from their places in the status word.
  mutating func setConditions(_ bits: UInt16) {
    c1 = bits & Status.c1
    status = status & ~Status.comparison | bits & Status.comparison
  }

  mutating func updateErrorSummary() {
    let isPending = status & ~control & NumericExceptions.maskable.rawValue != 0
    status &= ~(Status.errorSummary | Status.busy)
    if isPending { status |= Status.errorSummary | Status.busy }
  }

  /// ST(i).
  @inline(__always)
  subscript(i: Int) -> Extended {
    get { self[physical: (top &+ i) & 7] }
    nonmutating set { self[physical: (top &+ i) & 7] = newValue }
  }

  @inline(__always)
  subscript(physical index: Int) -> Extended {
    get {
      let slot = registers + index &* 16
      return Extended(
        signExponent: slot.load(fromByteOffset: 8, as: UInt16.self),
        significand: slot.load(as: UInt64.self))
    }
    nonmutating set {
      let slot = registers + index &* 16
      slot.storeBytes(of: newValue.significand, as: UInt64.self)
      slot.storeBytes(of: newValue.signExponent, toByteOffset: 8, as: UInt16.self)
    }
  }

  @inline(__always)
  func isEmpty(_ i: Int) -> Bool { occupied &>> UInt32((top &+ i) & 7) & 1 == 0 }

  /// Writes ST(i), which may have been empty.
  @inline(__always)
  mutating func fill(_ i: Int, _ value: Extended) {
    let index = (top &+ i) & 7
    self[physical: index] = value
    occupied |= 1 &<< UInt32(index)
  }

  @inline(__always)
  mutating func free(_ i: Int) { occupied &= ~(1 &<< UInt32((top &+ i) & 7)) }

  @inline(__always)
  mutating func push(_ value: Extended) {
    top = (top &- 1) & 7
    self[physical: top] = value
    occupied |= 1 &<< UInt32(top)
  }

  @inline(__always)
  mutating func pop() {
    occupied &= ~(1 &<< UInt32(top))
    top = (top &+ 1) & 7
  }

  /// Two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty.
  var tagWord: UInt16 {
    get {
      var word: UInt16 = 0
      for index in 0..<8 {
        let tag: UInt16
        if occupied >> UInt32(index) & 1 == 0 {
          tag = 3
        } else {
          switch self[physical: index].classification {
          case .normal: tag = 0
          case .zero: tag = 1
          default: tag = 2
          }
        }
        word |= tag << UInt16(index * 2)
      }
      return word
    }
    set {
      occupied = 0
      for index in 0..<8 where newValue >> UInt16(index * 2) & 3 != 3 {
        occupied |= 1 << UInt32(index)
      }
    }
  }

  /// The tag word as FXSAVE keeps it: a bit for each physical register that is not empty.
  var abridgedTags: UInt8 {
    get { UInt8(truncatingIfNeeded: occupied) }
    set { occupied = UInt32(newValue) }
  }
}
