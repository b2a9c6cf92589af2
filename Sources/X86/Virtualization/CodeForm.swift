/// What a binary translator has to know about an instruction: whether it can be executed where it is
/// not, at a ring that it does not expect, and if not, what it is.
///
/// It follows from the decoder's own result: there is no second decoder.
public struct CodeForm: Equatable, Sendable {
  /// How an instruction can be translated.
  public enum Kind: Equatable, Sendable {
    /// The same bytes do the same at any address and any ring.
    case plain
    /// JMP to `target`.
    case jump
    /// Jcc to `target`; the low nibble of its opcode.
    case conditional(UInt8)
    /// LOOP, LOOPE, LOOPNE, JCXZ to `target`; its opcode.
    case counted(UInt8)
    /// CALL to `target`.
    case call
    /// JMP and CALL through a register, by its number.
    case jumpRegister(UInt8), callRegister(UInt8)
    /// JMP and CALL through memory.
    case jumpMemory, callMemory
    /// RET, and how many bytes it releases.
    case ret(UInt16)
    case cli, sti, pushf, popf
    /// PUSH CS, SS or GS, by `SegmentRegister`.
    case pushSelector(Int)
    /// MOV from CS, SS or GS to a register, by its number.
    case moveSelector(Int, to: UInt8)
    /// Must be done by whoever watches over the program.
    case service(Service)
  }

  /// Why an instruction needs to be done elsewhere.
  public enum Service: UInt8, Sendable, CaseIterable {
    case port, halt, controlRegister, tableRegister, selectorQuery, segmentLoad, identification
    case timeStamp, interruptReturn, softwareInterrupt, farTransfer, systemCall, flags
    /// A segment override that means something else there.
    case segmentOverride
    /// Stores or loads the x87's instruction pointer.
    case floatingPointEnvironment
    case sixteenBitTransfer
    case undefined
  }

  public var kind: Kind
  /// Bytes, and how many of them are prefixes.
  public var length: Int
  public var prefixes: Int
  /// For relative branches the target, from the start of the instruction.
  public var target: UInt32
  /// The operand size is 16 bits.
  public var is16: Bool
  /// Control never goes on with the next instruction, or as good as never.
  public var isLast: Bool
}

extension CodeForm {
  /// The form of the instruction in up to `available` bytes; nil when it is cut off.
  public init?(
    _ bytes: UnsafeRawPointer, available: Int, is32Bit: Bool, profile: Profile
  ) {
    var decoder = Decoder(
      bytes: UnsafeMutableRawPointer(mutating: bytes), available: available, is32Bit: is32Bit,
      features: profile.features)
    let decoded = withUnsafeTemporaryAllocation(of: Instruction.self, capacity: 2) {
      let room = $0.baseAddress.unsafelyUnwrapped
      return decoder.decodeBlock(into: room, limit: 1) == 0 ? nil : room.pointee
    }
    guard let i = decoded else { return nil }
    length = Int(i.length)
    prefixes = 0
    while prefixes < length - 1, Self.isPrefix(bytes.load(fromByteOffset: prefixes, as: UInt8.self))
    {
      prefixes += 1
    }
    target = i.immediate
    is16 = i.is16
    kind = Self.kind(i, opcode: bytes.load(fromByteOffset: prefixes, as: UInt8.self))
    isLast = Self.isLast(kind)
  }

  private static func isPrefix(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3: true
    default: false
    }
  }

  private static func isLast(_ kind: Kind) -> Bool {
    switch kind {
    case .jump, .counted, .call, .jumpRegister, .callRegister, .jumpMemory, .callMemory, .ret: true
    case .service(let service):
      switch service {
      case .interruptReturn, .softwareInterrupt, .farTransfer, .systemCall, .undefined,
        .sixteenBitTransfer:
        true
      default: false
      }
    default: false
    }
  }

  private static func kind(_ i: Instruction, opcode: UInt8) -> Kind {
    if usesForeignSegment(i) { return .service(.segmentOverride) }
    switch i.handler.rawValue {
    case Handler.add8RR.rawValue...Handler.bound.rawValue: return .plain
    case Handler.jo.rawValue...Handler.jg.rawValue:
      return i.is16
        ? .service(.sixteenBitTransfer)
        : .conditional(UInt8(i.handler.rawValue - Handler.jo.rawValue))
    case Handler.jmp.rawValue...Handler.loopne.rawValue: return transfer(i, opcode)
    case Handler.movs.rawValue...Handler.scas.rawValue: return .plain
    case Handler.ins.rawValue, Handler.outs.rawValue: return .service(.port)
    case Handler.movFromSegment.rawValue...Handler.sysexit.rawValue: return segmentForm(i)
    default: return system(i)
    }
  }

  /// GS and CS mean something else where translated code is executed.
  private static func usesForeignSegment(_ i: Instruction) -> Bool {
    guard i.segment == SegmentRegister.gs || i.segment == SegmentRegister.cs else { return false }
    switch i.handler {
    case .lea16, .lea32, .nop, .stos, .scas: return false
    case .movs, .cmps, .lods, .outs, .xlat: return true
    default: return i.isMemory
    }
  }

  private static func transfer(_ i: Instruction, _ opcode: UInt8) -> Kind {
    if i.is16 { return .service(.sixteenBitTransfer) }
    let register = i.a >> 3
    switch i.handler {
    case .jmp: return .jump
    case .jmpR: return .jumpRegister(register)
    case .jmpM: return .jumpMemory
    case .call32: return .call
    case .call32R: return .callRegister(register)
    case .call32M: return .callMemory
    case .ret32: return .ret(0)
    case .ret32I: return .ret(UInt16(truncatingIfNeeded: i.immediate))
    case .jcxz, .loop, .loope, .loopne: return .counted(opcode)
    default: return .service(.sixteenBitTransfer)
    }
  }

  private static func segmentForm(_ i: Instruction) -> Kind {
    let isOwn = [SegmentRegister.es, SegmentRegister.ds, SegmentRegister.fs].contains(Int(i.a))
    switch i.handler {
    case .movFromSegment:
      if isOwn { return .plain }
      if i.isMemory || i.a > 5 { return .service(.segmentLoad) }
      return .moveSelector(Int(i.a), to: i.b >> 3)
    case .pushSegment: return isOwn ? .plain : .pushSelector(Int(i.a))
    case .movToSegment, .popSegment: return isOwn ? .plain : .service(.segmentLoad)
    case .loadFarPointer:
      let segment = Int(i.immediate)
      let isGiven = segment == SegmentRegister.ss || segment == SegmentRegister.gs
      return isGiven ? .service(.segmentLoad) : .plain
    case .int3, .intN, .icebp: return .service(.softwareInterrupt)
    case .into: return .plain
    case .interruptReturn: return .service(.interruptReturn)
    case .sysenter, .sysexit: return .service(.systemCall)
    default: return .service(.farTransfer)
    }
  }

  private static func system(_ i: Instruction) -> Kind {
    switch i.handler {
    case .cli: .cli
    case .sti: .sti
    case .pushf: i.is16 ? .service(.flags) : .pushf
    case .popf: i.is16 ? .service(.flags) : .popf
    case .hlt: .service(.halt)
    case .inI, .inDX, .outI, .outDX: .service(.port)
    case .lgdt, .lidt, .lldt, .ltr, .sgdt, .sidt, .sldt, .str: .service(.tableRegister)
    case .lar, .lsl, .verr, .verw: .service(.selectorQuery)
    case .rdtsc, .rdpmc: .service(.timeStamp)
    case .cpuid: .service(.identification)
    case .arpl, .fwait, .pause: .plain
    case .fpu: storesEnvironment(i) ? .service(.floatingPointEnvironment) : .plain
    case .fxsave, .fxrstor: .service(.floatingPointEnvironment)
    case .undefined, .undefinedLock, .tooLong, .hostGate: .service(.undefined)
    default: .service(.controlRegister)
    }
  }

  /// FLDENV, FNSTENV, FRSTOR, FNSAVE: D9 and DD, /4 and /6, of memory.
  private static func storesEnvironment(_ i: Instruction) -> Bool {
    let opcode = i.immediate >> 8 & 0xFF
    return i.isMemory && (opcode == 0xD9 || opcode == 0xDD) && i.immediate & 0x28 == 0x20
  }
}
