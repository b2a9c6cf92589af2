/// What a debugger shows of the x87: the registers as FSTENV and FSAVE store them.
public struct FloatingPointRegisters: Sendable {
  /// ST(0) to ST(7).
  public let stack: [Extended]
  /// The control word.
  public let control: UInt16
  /// The status word, with TOP.
  public let status: UInt16
  /// Two bits for each physical register.
  public let tags: UInt16
  /// The last instruction's opcode, address and operand.
  public let lastOpcode: UInt16
  public let codeSelector: UInt16
  public let instructionPointer: UInt32
  public let dataSelector: UInt16
  public let dataPointer: UInt32
}

extension CPU {
  /// The x87's registers.
  public var floatingPoint: FloatingPointRegisters {
    FloatingPointRegisters(
      stack: (0..<8).map { fpu[$0] }, control: fpu.control, status: fpu.statusWord,
      tags: fpu.tagWord, lastOpcode: fpu.lastOpcode, codeSelector: fpu.codeSelector,
      instructionPointer: fpu.instructionPointer, dataSelector: fpu.dataSelector,
      dataPointer: fpu.dataPointer)
  }
}
