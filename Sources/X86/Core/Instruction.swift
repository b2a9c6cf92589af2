/// One predecoded instruction: everything the interpreter needs, in 24 bytes.
///
/// Registers are byte offsets into the register file (AH is at offset 1), so that no handler has to
/// shift. A missing base or index is slot 8, which always reads zero: one address formula serves every
/// addressing mode.
struct Instruction {
  var handler: Handler
  /// Bytes from the start of the block to the start of this instruction.
  var offset: UInt16 = 0
  var length: UInt8 = 0
  /// First register operand: ModR/M.reg, or the register in the opcode.
  var a: UInt8 = 0
  /// Second register operand: ModR/M.rm when it names a register.
  var b: UInt8 = 0
  var base: UInt8 = zeroRegister
  var index: UInt8 = zeroRegister
  /// 0...3: the index is multiplied by 1, 2, 4 or 8.
  var scale: UInt8 = 0
  /// Segment of the memory operand, overrides applied.
  var segment: UInt8 = UInt8(SegmentRegister.ds)
  var flags: Flags = []
  /// Immediate operand, sign-extended where the instruction says so; for relative branches the
  /// target as an offset from the start of the block; for the FPU opcode and ModR/M.
  var immediate: UInt32 = 0
  /// Displacement of the memory operand; for far pointers the selector.
  var displacement: UInt32 = 0
  /// 0xFFFF for 16-bit addressing (or 16-bit branches), all ones otherwise.
  var mask: UInt32 = 0xFFFF_FFFF

  /// Byte offset of the register slot that reads zero.
  static let zeroRegister: UInt8 = 64

  struct Flags: OptionSet {
    let rawValue: UInt8
    @inline(__always) init(rawValue: UInt8) { self.rawValue = rawValue }
    /// The operand size is 16 bits.
    static let operand16 = Flags(rawValue: 1)
    /// The address size is 16 bits.
    static let address16 = Flags(rawValue: 2)
    /// F3 (REP, REPE) and F2 (REPNE).
    static let rep = Flags(rawValue: 4)
    static let repne = Flags(rawValue: 8)
    static let lock = Flags(rawValue: 16)
    /// ModR/M names memory, not a register.
    static let memory = Flags(rawValue: 32)
    /// The last instruction of its block.
    static let endsBlock = Flags(rawValue: 64)
    /// Retires without a tick, see `UntimedCode`.
    static let untimed = Flags(rawValue: 128)
  }

  /// ModR/M.reg or the register in the opcode as a number 0...7, for full-width operands.
  var reg: Int { Int(a >> 3) }
  /// ModR/M.rm as a register number.
  var rm: Int { Int(b >> 3) }
  var isMemory: Bool { flags.contains(.memory) }
  var is16: Bool { flags.contains(.operand16) }
}
