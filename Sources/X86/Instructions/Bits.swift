/// BT, BTS, BTR, BTC, BSF, BSR, BSWAP.
extension CPU {
  /// Immediate: the bit number in bits 7-0, the operation in 10-8 (4 BT, 5 BTS, 6 BTR, 7 BTC), bit 11
  /// when the bit number is in the register `a` and may reach beyond the operand.
  mutating func bitTest<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let operation = i.immediate >> 8 & 7
    let isByRegister = i.immediate & 0x800 != 0
    let index: Int32 =
      isByRegister
      ? Int32(bitPattern: (get(i.a) as T).signExtended) : Int32(i.immediate & 0xFF)
    let mask = T(1) << T(truncatingIfNeeded: index & Int32(T.bitWidth - 1))
    guard i.isMemory else {
      let value: T = get(i.b)
      if operation != 4 { put(i.b, Self.changed(value, mask, operation)) }
      lazy.set(carry: value & mask != 0)
      return
    }
    var offset = effectiveAddress(i)
    if isByRegister {
      let words = index >> (T.bitWidth == 16 ? 4 : 5)
      offset = (offset &+ UInt32(bitPattern: words) &* UInt32(T.bitWidth / 8)) & i.mask
    }
    let segment = Int(i.segment)
    let value: T = operation == 4 ? try read(segment, offset) : try readForWriting(segment, offset)
    if operation != 4 { try write(segment, offset, Self.changed(value, mask, operation)) }
    lazy.set(carry: value & mask != 0)
  }

  private static func changed<T: Word>(_ value: T, _ mask: T, _ operation: UInt32) -> T {
    switch operation {
    case 5: return value | mask
    case 6: return value & ~mask
    default: return value ^ mask
    }
  }

  /// BSF, or BSR with immediate 1. Of zero the destination stays, as on every processor so far.
  mutating func bitScan<T: Word>(_: T.Type, _ i: Instruction) throws(Interruption) {
    let value: T = try readOperand(i)
    if value != 0 {
      let index =
        i.immediate == 0
        ? value.trailingZeroBitCount : T.bitWidth - 1 - value.leadingZeroBitCount
      put(i.a, T(truncatingIfNeeded: index))
    }
    lazy.set(logical: value)
  }

  /// BSWAP; with a 16-bit operand, which is undefined, the low word becomes zero.
  func swapBytes(_ i: Instruction) {
    if i.is16 { put(i.a, 0 as UInt16) } else { put(i.a, (get(i.a) as UInt32).byteSwapped) }
  }
}
