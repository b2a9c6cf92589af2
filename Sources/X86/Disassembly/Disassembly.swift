/// One instruction as text, decoded from bytes alone: it consults no processor and never traps.
///
/// The text is Intel syntax in lower case, kept short for narrow panes:
/// `mov eax,[ebx+ecx*4+0x10]`, `add dword fs:[0x20],1`. A memory operand has a size word only when
/// no register in the instruction tells the size. `o16`, `o32`, `a16` and `a32` stand in front when
/// a size prefix matters and nothing else in the text shows it.
///
/// Covered is the integer and x87 instruction set from the 8086 to the Pentium II, without MMX,
/// with AMD's SVM and with the host gate (`0F 3F ib ib`). Everything else is `(bad)`.
public struct Disassembly: Equatable, Sendable {
  /// Whether the bytes held an instruction.
  public enum Status: Sendable {
    /// A whole instruction.
    case complete
    /// No instruction of the covered set begins with these bytes, or it would be longer than
    /// 15 bytes. The text is `(bad)`, the length 1.
    case invalid
    /// The input ended inside an instruction. The text is `(truncated)`; the length counts the
    /// bytes there are, and is 1 for an empty input.
    case truncated
  }

  /// Whether the bytes held an instruction.
  public var status: Status
  /// How many bytes the instruction takes: 1...15.
  public var length: Int
  /// What stands before the mnemonic, words separated by spaces, mostly empty: `lock`, `rep`,
  /// `repe`, `repne`, a size word (`o16`, `o32`, `a16`, `a32`), the segment of a string operation.
  public var prefix: String
  /// The instruction's name: `mov`, `pushfd`, `(bad)`.
  public var mnemonic: String
  /// The operands, destination first, separated by commas without spaces. May be empty.
  public var operands: String
  /// How the instruction stands to the processor's privilege rules.
  public var privilege: Sensitivity

  /// Prefix, mnemonic and operands on one line.
  public var text: String {
    var line = prefix
    if !line.isEmpty { line += " " }
    line += mnemonic
    if !operands.isEmpty { line += " " + operands }
    return line
  }

  /// Decodes the instruction at the start of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: at most the first 15 are read.
  ///   - address: the instruction's offset in its code segment (EIP), from which the targets of
  ///     relative branches count.
  ///   - is32Bit: the code segment's D bit: 32-bit operands and addresses by default, else 16-bit.
  /// - Returns: the instruction, or what stands for bytes that are none (see `Status`).
  public static func decode(
    _ bytes: some Collection<UInt8>, address: UInt32, is32Bit: Bool
  ) -> Disassembly {
    var decoder = Decoder(
      bytes: Array(bytes.prefix(maximumLength)), address: address, is32Bit: is32Bit)
    return decoder.decode()
  }

  /// Decodes the instruction whose bytes `fetch` hands out: it is called with 0, 1, 2 … up to 14
  /// and stops at the first `nil` (a byte that is not mapped).
  public static func decode(
    address: UInt32, is32Bit: Bool, fetch: (Int) -> UInt8?
  ) -> Disassembly {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(maximumLength)
    while bytes.count < maximumLength, let byte = fetch(bytes.count) { bytes.append(byte) }
    return decode(bytes, address: address, is32Bit: is32Bit)
  }

  /// The processor refuses longer instructions (manual volume 2, section 2.3.11).
  static let maximumLength = 15
}
