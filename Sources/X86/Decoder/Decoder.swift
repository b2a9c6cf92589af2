/// Turns bytes into predecoded instructions: prefixes, ModR/M, SIB, displacement and immediate.
///
/// Decoding never fails: what is no instruction becomes one that raises #UD when it is executed. It
/// looks at no state beyond the default size, so that blocks can be shared by every context.
struct Decoder {
  /// An instruction has at most 15 bytes (SDM 2, 2.3.11).
  static let longest = 15

  let bytes: UnsafeRawPointer
  /// How many bytes may be read.
  let available: Int
  /// CS.D: 32-bit operands and addresses by default.
  let is32Bit: Bool
  let features: Profile.Features

  var position = 0
  /// Where the instruction being decoded starts.
  private var start = 0
  private var overran = false
  /// Length of the whole block.
  var byteLength: UInt32 { UInt32(start) }

  // The instruction being decoded
  var instruction = Instruction(handler: .undefined)
  var is16 = false
  var isAddress16 = false
  /// A segment override, or nil.
  var override: UInt8?
  /// ModR/M.reg and ModR/M.rm.
  var reg = 0
  var rm = 0
  var isMemory: Bool { instruction.isMemory }

  init(
    bytes: UnsafeMutableRawPointer, available: Int, is32Bit: Bool, features: Profile.Features
  ) {
    self.bytes = UnsafeRawPointer(bytes)
    self.available = available
    self.is32Bit = is32Bit
    self.features = features
  }

  /// Decodes up to `limit` instructions, to the end of what is available or to a transfer of control.
  /// Returns how many; 0 when the first is cut off. A `fallThrough` follows the last.
  mutating func decodeBlock(
    into output: UnsafeMutablePointer<Instruction>, limit: Int
  ) -> Int {
    var count = 0
    while count < limit {
      decodeInstruction()
      // Whether what is cut off would be too long, only the bytes to come tell.
      if overran && available - start < Self.longest { break }
      if position - start > Self.longest {
        instruction = Instruction(handler: .tooLong, flags: .endsBlock)
        position = start + Self.longest
      }
      instruction.offset = UInt16(start)
      instruction.length = UInt8(position - start)
      (output + count).initialize(to: instruction)
      count += 1
      start = position
      if instruction.flags.contains(.endsBlock) { break }
    }
    (output + count).initialize(to: Instruction(handler: .fallThrough, offset: UInt16(start)))
    return count
  }

  private mutating func decodeInstruction() {
    position = start
    overran = false
    override = nil
    is16 = !is32Bit
    isAddress16 = !is32Bit
    instruction = Instruction(handler: .undefined)
    while position - start <= Self.longest {
      let byte = fetch8()
      switch byte {
      case 0x66: is16 = is32Bit
      case 0x67: isAddress16 = is32Bit
      case 0x26, 0x2E, 0x36, 0x3E: override = byte >> 3 & 3
      case 0x64, 0x65: override = byte & 7
      case 0xF0: instruction.flags.insert(.lock)
      case 0xF2:
        instruction.flags.insert(.repne)
        instruction.flags.remove(.rep)
      case 0xF3:
        instruction.flags.insert(.rep)
        instruction.flags.remove(.repne)
      default:
        if is16 { instruction.flags.insert(.operand16) }
        if isAddress16 { instruction.flags.insert(.address16) }
        instruction.mask = isAddress16 ? 0xFFFF : 0xFFFF_FFFF
        instruction.segment = override ?? UInt8(SegmentRegister.ds)
        decodeOneByte(byte)
        if instruction.flags.contains(.lock) && !allowsLock { emit(.undefinedLock, ends: true) }
        if instruction.handler == .undefined { instruction.flags.insert(.endsBlock) }
        return
      }
    }
  }

  // MARK: Bytes

  mutating func fetch8() -> UInt8 {
    guard position < available else {
      overran = true
      position += 1
      return 0
    }
    let byte = bytes.load(fromByteOffset: position, as: UInt8.self)
    position += 1
    return byte
  }

  mutating func fetch16() -> UInt32 {
    let low = UInt32(fetch8())
    return low | UInt32(fetch8()) << 8
  }

  mutating func fetch32() -> UInt32 {
    let low = fetch16()
    return low | fetch16() << 16
  }

  mutating func fetchSigned8() -> UInt32 { fetch8().signExtended }

  /// An immediate of the operand size.
  mutating func fetchOperand() -> UInt32 { is16 ? fetch16() : fetch32() }

  // MARK: ModR/M

  mutating func decodeModRM() {
    let byte = fetch8()
    reg = Int(byte >> 3 & 7)
    rm = Int(byte & 7)
    let mode = byte >> 6
    guard mode != 3 else { return }
    instruction.flags.insert(.memory)
    if isAddress16 { decodeMemory16(mode) } else { decodeMemory32(mode) }
  }

  private mutating func decodeMemory16(_ mode: UInt8) {
    let (bx, bp, si, di, none): (UInt8, UInt8, UInt8, UInt8, UInt8) = (24, 40, 48, 56, 64)
    var base = [bx, bx, bp, bp, none, none, bp, bx][rm]
    let index = [si, di, si, di, si, di, none, none][rm]
    switch mode {
    case 0:
      if rm == 6 {
        base = none
        instruction.displacement = fetch16()
      }
    case 1: instruction.displacement = fetchSigned8()
    default: instruction.displacement = fetch16()
    }
    instruction.base = base
    instruction.index = index
    if base == bp { useStackSegment() }
  }

  private mutating func decodeMemory32(_ mode: UInt8) {
    var base = rm
    if rm == 4 {
      let sib = fetch8()
      base = Int(sib & 7)
      let index = sib >> 3 & 7
      if index != 4 {
        instruction.index = index << 3
        instruction.scale = sib >> 6
      }
    }
    if mode == 0 && base == 5 {
      instruction.displacement = fetch32()
      return
    }
    instruction.base = UInt8(base << 3)
    if base == 4 || base == 5 { useStackSegment() }
    if mode == 1 { instruction.displacement = fetchSigned8() }
    if mode == 2 { instruction.displacement = fetch32() }
  }

  private mutating func useStackSegment() {
    if override == nil { instruction.segment = UInt8(SegmentRegister.ss) }
  }

  // MARK: Results

  mutating func emit(_ handler: Handler, ends: Bool = false) {
    instruction.handler = handler
    if ends { instruction.flags.insert(.endsBlock) }
  }

  /// The handler that lies `distance` places after `first` in the list.
  mutating func emit(_ first: Handler, plus distance: Int, ends: Bool = false) {
    guard let handler = Handler(rawValue: first.rawValue + UInt16(distance)) else {
      preconditionFailure("no handler lies \(distance) places after \(first)")
    }
    emit(handler, ends: ends)
  }

  /// Offset of a register operand in the register file.
  func place(_ number: Int, byte: Bool) -> UInt8 {
    byte && number >= 4 ? UInt8((number - 4) << 3 | 1) : UInt8(number << 3)
  }

  /// 0, 1 or 2 for 8, 16 or 32 bits: bit 0 of most opcodes chooses between byte and operand size.
  func widthIndex(_ opcode: UInt8) -> Int { opcode & 1 == 0 ? 0 : is16 ? 1 : 2 }

  /// LOCK goes with a read-modify-write of memory only (SDM 2, LOCK).
  private var allowsLock: Bool {
    guard isMemory else { return false }
    let handler = instruction.handler
    switch handler {
    case .inc8M, .inc16M, .inc32M, .dec8M, .dec16M, .dec32M, .not8M, .not16M, .not32M,
      .neg8M, .neg16M, .neg32M, .xchg8MR, .xchg16MR, .xchg32MR, .xadd, .cmpxchg, .cmpxchg8b:
      return true
    case .bitTest16, .bitTest32: return instruction.immediate >> 8 & 7 != 4
    default:
      guard handler.rawValue >= Handler.add8RR.rawValue,
        handler.rawValue < Handler.cmp8RR.rawValue
      else { return false }
      let form = (handler.rawValue - Handler.add8RR.rawValue) % 5
      return form == 2 || form == 4
    }
  }
}
