/// A 64-bit hash of a machine's state, for finding out whether two runs ended equal.
///
/// Multiplicative like FNV-1a, but on whole words and with the upper half folded back, so that
/// RAM is hashed as fast as it is read. Not meant against anyone who wants two states to collide.
public struct StateHash: Sendable, Equatable {
  /// The hash of everything combined so far.
  public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  /// The hash of nothing.
  public init() {}

  /// Takes one word in.
  @inline(__always)
  public mutating func combine(_ word: UInt64) {
    let product = (value ^ word) &* 0x9E37_79B9_7F4A_7C15
    value = product ^ product >> 29
  }

  /// Takes bytes in, and their number.
  public mutating func combine(bytes: UnsafeRawBufferPointer) {
    combine(UInt64(bytes.count))
    var offset = 0
    while offset + 8 <= bytes.count {
      combine(bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      offset += 8
    }
    var last: UInt64 = 0
    for position in offset..<bytes.count { last = last << 8 | UInt64(bytes[position]) }
    if offset < bytes.count { combine(last) }
  }

  /// Takes memory in, `size` bytes of whole 4 KiB pages. Pages full of zeros leave no trace, so
  /// memory that nobody touched costs a look.
  public mutating func combine(pages: UnsafeRawPointer, size: Int) {
    precondition(size & 0xFFF == 0, "pages are 4 KiB")
    for page in stride(from: 0, to: size, by: 4096) {
      let start = pages + page
      var union: UInt64 = 0
      for offset in stride(from: 0, to: 4096, by: 8) {
        union |= start.load(fromByteOffset: offset, as: UInt64.self)
      }
      guard union != 0 else { continue }
      combine(UInt64(page))
      for offset in stride(from: 0, to: 4096, by: 8) {
        combine(start.load(fromByteOffset: offset, as: UInt64.self))
      }
    }
  }
}

extension CPU {
  /// Takes in all that software could ever find out about the processor, now, between two
  /// instructions. What depends on how the core works inside (TLB, blocks, how flags are kept)
  /// stays out.
  public func combine(into hash: inout StateHash) {
    for register in Register.allCases { hash.combine(UInt64(self[register])) }
    hash.combine(UInt64(eip) << 32 | UInt64(eflags.rawValue))
    hash.combine(UInt64(cpl))
    for index in 0..<8 { segments[index].combine(into: &hash) }
    hash.combine(UInt64(cr0.rawValue) << 32 | UInt64(cr4.rawValue))
    hash.combine(UInt64(cr2) << 32 | UInt64(cr3))
    hash.combine(UInt64(gdtBase) << 32 | UInt64(gdtLimit))
    hash.combine(UInt64(idtBase) << 32 | UInt64(idtLimit))
    for index in 0..<8 { hash.combine(UInt64(debugRegisters[index])) }
    for entry in [pdptes.0, pdptes.1, pdptes.2, pdptes.3] { hash.combine(entry) }
    hash.combine(UInt64(msrs.sysenterCS))
    hash.combine(UInt64(msrs.sysenterESP) << 32 | UInt64(msrs.sysenterEIP))
    hash.combine(msrs.timeStampOffset)
    hash.combine(msrs.efer)
    hash.combine(msrs.pat)
    fpu.combine(into: &hash)
    var latches: UInt64 = isHalted ? 1 : 0
    if isShutDown { latches |= 2 }
    if nonMaskableRequested { latches |= 4 }
    if nonMaskableBlocked { latches |= 8 }
    if floatingPointError { latches |= 16 }
    if interruptShadow == .afterSTI { latches |= 32 }
    if interruptShadow == .afterMovSS { latches |= 64 }
    hash.combine(latches)
    if profile.features.contains(.virtualMachines) {
      svm.combine(into: &hash)
      for index in 0..<8 { hash.combine(UInt64(segments[index].upperAttributes)) }
    }
    hash.combine(UInt64(pendingDebug))
    hash.combine(addressMask)
    hash.combine(ticks)
    hash.combine(instructions)
  }
}

extension Segment {
  func combine(into hash: inout StateHash) {
    // Of a null selector nobody can ever tell what its descriptor was.
    hash.combine(isUsable ? UInt64(base) << 32 | UInt64(limit) : 0)
    let flags: UInt64 = isUsable ? UInt64(access) << 8 | (isBig ? 1 : 0) | 2 : 0
    hash.combine(UInt64(selector) << 16 | flags)
  }
}

extension FPU {
  func combine(into hash: inout StateHash) {
    for index in 0..<8 {
      hash.combine(self[physical: index].significand)
      hash.combine(UInt64(self[physical: index].signExponent))
    }
    hash.combine(UInt64(control) << 48 | UInt64(statusWord) << 32 | UInt64(occupied))
    hash.combine(UInt64(lastOpcode) << 32 | UInt64(codeSelector) << 16 | UInt64(dataSelector))
    hash.combine(UInt64(instructionPointer) << 32 | UInt64(dataPointer))
  }
}
