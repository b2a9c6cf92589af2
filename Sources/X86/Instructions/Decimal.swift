/// The BCD instructions, with the flags of the manual; undefined ones follow the result.
extension CPU {
  private var al: UInt8 {
    get { get(0) }
    nonmutating set { put(0, newValue) }
  }
  private var ah: UInt8 {
    get { get(1) }
    nonmutating set { put(1, newValue) }
  }

  /// DAA, or DAS when `subtracts`.
  mutating func decimalAdjust(subtracts: Bool) {
    let old = al
    let oldCarry = lazy.carry
    let adjusts = old & 15 > 9 || lazy.adjust
    var carry = oldCarry || old > 0x99
    var value = old
    if adjusts {
      value = subtracts ? value &- 6 : value &+ 6
      if subtracts && old < 6 { carry = true }
    }
    if oldCarry || old > 0x99 { value = subtracts ? value &- 0x60 : value &+ 0x60 }
    al = value
    lazy.set(logical: value)
    lazy.set(adjust: adjusts)
    lazy.set(carry: carry, overflow: false)
  }

  /// AAA, or AAS when `subtracts`.
  mutating func asciiAdjust(subtracts: Bool) {
    let adjusts = al & 15 > 9 || lazy.adjust
    if adjusts {
      let accumulator: UInt16 = get(0)
      put(0, subtracts ? accumulator &- 6 : accumulator &+ 6)
      ah = subtracts ? ah &- 1 : ah &+ 1
    }
    al &= 15
    lazy.set(logical: al)
    lazy.set(adjust: adjusts)
    lazy.set(carry: adjusts, overflow: false)
  }

  /// AAM: #DE when the base is zero.
  mutating func asciiAdjustAfterMultiply(base: UInt8) throws(Interruption) {
    if base == 0 { throw Self.divideError(.divideByZero) }
    (ah, al) = al.quotientAndRemainder(dividingBy: base)
    lazy.set(logical: al)
  }

  /// AAD.
  mutating func asciiAdjustBeforeDivide(base: UInt8) {
    al = al &+ ah &* base
    ah = 0
    lazy.set(logical: al)
  }
}
