/// Loads, stores and exchanges: FLD, FST, FILD, FIST, FBLD, FBSTP, FXCH, FCMOVcc, constants.
extension CPU {
  /// Pushes a value that raises nothing.
  @inline(__always)
  mutating func load(_ value: Extended) {
    if _fastPath(fpu.isEmpty(7)) {
      fpu.c1 = 0
      fpu.push(value)
    } else {
      loadOverflow()
    }
  }

  @inline(never)
  private mutating func loadOverflow() {
    if stackOverflow() { fpu.push(.indefinite) }
  }

  // MARK: Loads

  @inline(never)
  mutating func loadSingle(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try read(Int(i.pointee.segment), address, as: UInt32.self)
    note(i, address)
    guard _fastPath(fpu.isEmpty(7)) else { return loadOverflow() }
    var context = NumericContext(control: fpu.control)
    let value = Extended(single: bits, &context)
    if accept(context, withholding: .invalid) { fpu.push(value) }
  }

  @inline(never)
  mutating func loadDouble(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try readDouble(Int(i.pointee.segment), address)
    note(i, address)
    guard _fastPath(fpu.isEmpty(7)) else { return loadOverflow() }
    var context = NumericContext(control: fpu.control)
    let value = Extended(double: bits, &context)
    if accept(context, withholding: .invalid) { fpu.push(value) }
  }

  /// FLD m80: any bits, nothing raised.
  @inline(never)
  mutating func loadExtended(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let value = try readExtended(Int(i.pointee.segment), address)
    note(i, address)
    load(value)
  }

  @inline(never)
  mutating func loadInteger16(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try read(Int(i.pointee.segment), address, as: UInt16.self)
    note(i, address)
    load(Extended(integer: Int64(Int16(bitPattern: bits))))
  }

  @inline(never)
  mutating func loadInteger32(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try read(Int(i.pointee.segment), address, as: UInt32.self)
    note(i, address)
    load(Extended(integer: Int64(Int32(bitPattern: bits))))
  }

  @inline(never)
  mutating func loadInteger64(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try readDouble(Int(i.pointee.segment), address)
    note(i, address)
    load(Extended(integer: Int64(bitPattern: bits)))
  }

  mutating func loadPackedDecimal(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try readExtended(Int(i.pointee.segment), address)
    note(i, address)
    load(Extended(packedDecimal: (bits.signExponent, bits.significand)))
  }

  /// FLD ST(i).
  @inline(never)
  mutating func loadRegister(_ i: UnsafePointer<Instruction>) {
    note(i)
    let source = i.pointee.stackIndex
    if _fastPath(!fpu.isEmpty(source)) {
      load(fpu[source])
    } else if stackUnderflow() {
      fpu.push(.indefinite)
    }
  }

  /// FLD1, FLDPI and the others: D9 E8 … D9 EE.
  mutating func loadConstant(_ i: UnsafePointer<Instruction>) {
    note(i)
    load(
      .constant(
        UInt8(truncatingIfNeeded: i.pointee.immediate & 7), NumericContext(control: fpu.control)))
  }

  // MARK: Stores

  @inline(__always)
  private func isStored(_ context: NumericContext) -> Bool {
    context.raised.rawValue & NumericExceptions.beforeStore.rawValue & ~context.control == 0
  }

  /// What a store does after its memory access: pointers, flags, and the pop.
  @inline(__always)
  private mutating func finishStore(
    _ i: UnsafePointer<Instruction>, _ address: UInt32, _ context: NumericContext, pops: Bool
  ) {
    note(i, address)
    if accept(context, withholding: .beforeStore) && pops { fpu.pop() }
  }

  private var isInvalidMasked: Bool { fpu.control & NumericExceptions.invalid.rawValue != 0 }

  /// The end of a store from an empty register; its masked response has been written.
  private mutating func finishUnderflowedStore(
    _ i: UnsafePointer<Instruction>, _ address: UInt32, pops: Bool
  ) {
    note(i, address)
    if stackUnderflow() && pops { fpu.pop() }
  }

  @inline(never)
  mutating func storeSingle(_ i: UnsafePointer<Instruction>, pops: Bool) throws(Interruption) {
    let address = effectiveAddress(i)
    guard _fastPath(!fpu.isEmpty(0)) else {
      if isInvalidMasked { try write(Int(i.pointee.segment), address, 0xFFC0_0000 as UInt32) }
      return finishUnderflowedStore(i, address, pops: pops)
    }
    var context = NumericContext(control: fpu.control)
    let bits = fpu[0].single(&context)
    if _fastPath(isStored(context)) { try write(Int(i.pointee.segment), address, bits) }
    finishStore(i, address, context, pops: pops)
  }

  @inline(never)
  mutating func storeDouble(_ i: UnsafePointer<Instruction>, pops: Bool) throws(Interruption) {
    let address = effectiveAddress(i)
    guard _fastPath(!fpu.isEmpty(0)) else {
      if isInvalidMasked { try writeDouble(Int(i.pointee.segment), address, 0xFFF8 << 48) }
      return finishUnderflowedStore(i, address, pops: pops)
    }
    var context = NumericContext(control: fpu.control)
    let bits = fpu[0].double(&context)
    if _fastPath(isStored(context)) { try writeDouble(Int(i.pointee.segment), address, bits) }
    finishStore(i, address, context, pops: pops)
  }

  /// FSTP m80: the bits as they are, nothing raised.
  @inline(never)
  mutating func storeExtended(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    guard !fpu.isEmpty(0) else {
      if isInvalidMasked { try writeExtended(Int(i.pointee.segment), address, .indefinite) }
      return finishUnderflowedStore(i, address, pops: true)
    }
    try writeExtended(Int(i.pointee.segment), address, fpu[0])
    finishStore(i, address, NumericContext(control: fpu.control), pops: true)
  }

  /// FIST and FISTP of 16, 32 or 64 bits.
  @inline(never)
  mutating func storeInteger(
    _ i: UnsafePointer<Instruction>, width: Int, pops: Bool
  ) throws(Interruption) {
    let address = effectiveAddress(i)
    guard !fpu.isEmpty(0) else {
      let indefinite = Int64.min >> Int64(64 - width)
      if isInvalidMasked { try writeInteger(i, address, width, indefinite) }
      return finishUnderflowedStore(i, address, pops: pops)
    }
    var context = NumericContext(control: fpu.control)
    let value = fpu[0].integer(width: width, truncating: false, &context)
    if isStored(context) { try writeInteger(i, address, width, value) }
    finishStore(i, address, context, pops: pops)
  }

  private mutating func writeInteger(
    _ i: UnsafePointer<Instruction>, _ address: UInt32, _ width: Int, _ value: Int64
  ) throws(Interruption) {
    let segment = Int(i.pointee.segment)
    switch width {
    case 16: try write(segment, address, UInt16(truncatingIfNeeded: value))
    case 32: try write(segment, address, UInt32(truncatingIfNeeded: value))
    default: try writeDouble(segment, address, UInt64(bitPattern: value))
    }
  }

  /// FBSTP.
  mutating func storePackedDecimal(_ i: UnsafePointer<Instruction>) throws(Interruption) {
    let address = effectiveAddress(i)
    let segment = Int(i.pointee.segment)
    guard !fpu.isEmpty(0) else {
      let indefinite = Extended(signExponent: 0xFFFF, significand: 0xC000_0000_0000_0000)
      if isInvalidMasked { try writeExtended(segment, address, indefinite) }
      return finishUnderflowedStore(i, address, pops: true)
    }
    var context = NumericContext(control: fpu.control)
    let bits = fpu[0].packedDecimal(&context)
    if isStored(context) {
      try writeExtended(
        segment, address, Extended(signExponent: bits.signExponent, significand: bits.digits))
    }
    finishStore(i, address, context, pops: true)
  }

  /// FST ST(i) and FSTP ST(i).
  @inline(never)
  mutating func storeRegister(_ i: UnsafePointer<Instruction>, pops: Bool) {
    note(i)
    if _fastPath(!fpu.isEmpty(0)) {
      fpu.c1 = 0
      fpu.fill(i.pointee.stackIndex, fpu[0])
    } else {
      guard stackUnderflow() else { return }
      fpu.fill(i.pointee.stackIndex, .indefinite)
    }
    if pops { fpu.pop() }
  }

  /// FSTPNCE: FSTP ST(i) that with an empty ST(0) only pops.
  mutating func storeRegisterUnchecked(_ i: UnsafePointer<Instruction>) {
    note(i)
    fpu.c1 = 0
    if !fpu.isEmpty(0) { fpu.fill(i.pointee.stackIndex, fpu[0]) }
    fpu.pop()
  }

  // MARK: Between registers

  @inline(never)
  mutating func exchange(_ i: UnsafePointer<Instruction>) {
    note(i)
    let other = i.pointee.stackIndex
    if _slowPath(fpu.isEmpty(0) || fpu.isEmpty(other)) {
      guard stackUnderflow() else { return }
      if fpu.isEmpty(0) { fpu.fill(0, .indefinite) }
      if fpu.isEmpty(other) { fpu.fill(other, .indefinite) }
    } else {
      fpu.c1 = 0
    }
    let value = fpu[0]
    fpu[0] = fpu[other]
    fpu[other] = value
  }

  /// FCMOVcc. An empty register counts even when the condition is false. C1 stays.
  mutating func conditionalMove(_ i: UnsafePointer<Instruction>, _ condition: Bool)
    throws(Interruption)
  {
    try require(.cmov)
    note(i)
    let source = i.pointee.stackIndex
    if fpu.isEmpty(0) || fpu.isEmpty(source) {
      if stackUnderflow() { fpu.fill(0, .indefinite) }
    } else if condition {
      fpu[0] = fpu[source]
    }
  }

  /// FFREE, and FFREEP with a pop after it.
  mutating func freeRegister(_ i: UnsafePointer<Instruction>, pops: Bool = false) {
    note(i)
    fpu.c1 = 0
    fpu.free(i.pointee.stackIndex)
    if pops { fpu.pop() }
  }

  /// FINCSTP and FDECSTP: TOP alone.
  mutating func moveTop(_ i: UnsafePointer<Instruction>, by distance: Int) {
    note(i)
    fpu.c1 = 0
    fpu.top = (fpu.top &+ distance) & 7
  }
}
