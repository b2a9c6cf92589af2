/// FADD, FMUL, FSUB, FDIV and their reversed, popping and integer forms; FCOM and its kin.
///
/// A function of its own for each operation and form: the switch over opcodes stays a table of
/// calls, and no instruction decides twice what it is.
protocol NumericOperation {
  /// The result for a destination and a source.
  static func result(
    _ a: Extended, _ b: Extended, _ context: inout NumericContext
  ) -> Extended
}

enum FADD: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .sum(a, b, &context)
  }
}
enum FMUL: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .product(a, b, &context)
  }
}
enum FSUB: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .difference(a, b, &context)
  }
}
enum FSUBR: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .difference(b, a, &context)
  }
}
enum FDIV: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .quotient(a, b, &context)
  }
}
enum FDIVR: NumericOperation {
  @inline(__always)
  static func result(_ a: Extended, _ b: Extended, _ context: inout NumericContext) -> Extended {
    .quotient(b, a, &context)
  }
}

extension CPU {
  // MARK: Arithmetic

  /// ST(0) = ST(0) op ST(i).
  @inline(never)
  mutating func arithmetic<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>
  ) {
    note(i)
    _ = combine(operation, 0, i.pointee.stackIndex)
  }

  /// ST(i) = ST(i) op ST(0).
  @inline(never)
  mutating func arithmeticToRegister<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>
  ) {
    note(i)
    _ = combine(operation, i.pointee.stackIndex, 0)
  }

  /// ST(i) = ST(i) op ST(0), then a pop.
  @inline(never)
  mutating func arithmeticAndPop<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>
  ) {
    note(i)
    if combine(operation, i.pointee.stackIndex, 0) { fpu.pop() }
  }

  /// ST(`destination`) = ST(`destination`) op ST(`source`). False after an unmasked exception that
  /// leaves the operands alone.
  @inline(__always)
  private mutating func combine<O: NumericOperation>(
    _ operation: O.Type, _ destination: Int, _ source: Int
  ) -> Bool {
    guard _fastPath(!fpu.isEmpty(destination) && !fpu.isEmpty(source)) else {
      guard stackUnderflow() else { return false }
      fpu.fill(destination, .indefinite)
      return true
    }
    var context = NumericContext(control: fpu.control)
    let result = O.result(fpu[destination], fpu[source], &context)
    guard accept(context) else { return false }
    fpu[destination] = result
    return true
  }

  /// ST(0) = ST(0) op single-precision memory.
  @inline(never)
  mutating func arithmeticSingle<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try read(Int(i.pointee.segment), address, as: UInt32.self)
    note(i, address)
    var context = NumericContext(control: fpu.control)
    combine(operation, Extended(single: bits, &context), context)
  }

  /// ST(0) = ST(0) op double-precision memory.
  @inline(never)
  mutating func arithmeticDouble<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>
  ) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try readDouble(Int(i.pointee.segment), address)
    note(i, address)
    var context = NumericContext(control: fpu.control)
    combine(operation, Extended(double: bits, &context), context)
  }

  /// ST(0) = ST(0) op an integer in memory, 16 or 32 bits wide.
  @inline(never)
  mutating func arithmeticInteger<O: NumericOperation>(
    _ operation: O.Type, _ i: UnsafePointer<Instruction>, isShort: Bool
  ) throws(Interruption) {
    let operand = try readInteger(i, isShort: isShort)
    combine(operation, operand, NumericContext(control: fpu.control))
  }

  /// ST(0) = ST(0) op a memory operand, loading which reported what is in `context`.
  @inline(__always)
  private mutating func combine<O: NumericOperation>(
    _ operation: O.Type, _ loaded: Extended, _ initial: NumericContext
  ) {
    guard _fastPath(!fpu.isEmpty(0)) else {
      if stackUnderflow() { fpu.fill(0, .indefinite) }
      return
    }
    let a = fpu[0]
    var operand = loaded
    var context = initial
    if _slowPath(!context.raised.isEmpty) { context.settle(&operand, beside: a) }
    let result = O.result(a, operand, &context)
    if accept(context) { fpu[0] = result }
  }

  private mutating func readInteger(
    _ i: UnsafePointer<Instruction>, isShort: Bool
  ) throws(Interruption) -> Extended {
    let address = effectiveAddress(i)
    let value: Int64
    if isShort {
      value = Int64(Int16(bitPattern: try read(Int(i.pointee.segment), address)))
    } else {
      value = Int64(Int32(bitPattern: try read(Int(i.pointee.segment), address)))
    }
    note(i, address)
    return Extended(integer: value)
  }

  // MARK: Comparison

  /// FCOM, FCOMP, FCOMPP and FUCOM… of ST(0) with ST(`source`).
  mutating func compare(
    _ i: UnsafePointer<Instruction>, _ source: Int, isQuiet: Bool = false, pops: Int = 0
  ) {
    note(i)
    guard !fpu.isEmpty(0) && !fpu.isEmpty(source) else { return compareUnderflow(pops: pops) }
    compare(fpu[source], NumericContext(control: fpu.control), isQuiet: isQuiet, pops: pops)
  }

  mutating func compareSingle(_ i: UnsafePointer<Instruction>, pops: Int) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try read(Int(i.pointee.segment), address, as: UInt32.self)
    note(i, address)
    guard !fpu.isEmpty(0) else { return compareUnderflow(pops: pops) }
    var context = NumericContext(control: fpu.control)
    var operand = Extended(single: bits, &context)
    context.settle(&operand, beside: fpu[0])
    compare(operand, context, pops: pops)
  }

  mutating func compareDouble(_ i: UnsafePointer<Instruction>, pops: Int) throws(Interruption) {
    let address = effectiveAddress(i)
    let bits = try readDouble(Int(i.pointee.segment), address)
    note(i, address)
    guard !fpu.isEmpty(0) else { return compareUnderflow(pops: pops) }
    var context = NumericContext(control: fpu.control)
    var operand = Extended(double: bits, &context)
    context.settle(&operand, beside: fpu[0])
    compare(operand, context, pops: pops)
  }

  mutating func compareInteger(
    _ i: UnsafePointer<Instruction>, isShort: Bool, pops: Int
  ) throws(Interruption) {
    let operand = try readInteger(i, isShort: isShort)
    guard !fpu.isEmpty(0) else { return compareUnderflow(pops: pops) }
    compare(operand, NumericContext(control: fpu.control), pops: pops)
  }

  /// FTST.
  mutating func compareWithZero(_ i: UnsafePointer<Instruction>) {
    note(i)
    guard !fpu.isEmpty(0) else { return compareUnderflow(pops: 0) }
    compare(.zero, NumericContext(control: fpu.control), pops: 0)
  }

  @inline(__always)
  private mutating func compare(
    _ operand: Extended, _ initial: NumericContext, isQuiet: Bool = false, pops: Int
  ) {
    var context = initial
    let order = Extended.compare(fpu[0], operand, isQuiet: isQuiet, &context)
    fpu.status = fpu.status & ~FPU.Status.comparison | order.rawValue
    guard accept(context) else { return }
    for _ in 0..<pops { fpu.pop() }
  }

  private mutating func compareUnderflow(pops: Int) {
    fpu.status |= FPU.Status.comparison
    guard stackUnderflow() else { return }
    for _ in 0..<pops { fpu.pop() }
  }

  /// FCOMI and FUCOMI: the outcome goes to ZF, PF and CF.
  mutating func compareToFlags(
    _ i: UnsafePointer<Instruction>, isQuiet: Bool, pops: Bool
  ) throws(Interruption) {
    try require(.cmov)
    note(i)
    let source = i.pointee.stackIndex
    var order = Extended.Ordering.unordered
    var isDone: Bool
    if !fpu.isEmpty(0) && !fpu.isEmpty(source) {
      var context = NumericContext(control: fpu.control)
      order = Extended.compare(fpu[0], fpu[source], isQuiet: isQuiet, &context)
      isDone = accept(context)
    } else {
      isDone = stackUnderflow()
    }
    switch order {
    case .greater: lazy.set([])
    case .less: lazy.set(.carry)
    case .equal: lazy.set(.zero)
    case .unordered: lazy.set([.zero, .parity, .carry])
    }
    if isDone && pops { fpu.pop() }
  }

  /// FXAM: classes an empty register too, with the sign of what is left in it.
  mutating func examine(_ i: UnsafePointer<Instruction>) {
    note(i)
    let value = fpu[0]
    let code =
      fpu.isEmpty(0)
      ? FPU.Status.c3 | FPU.Status.c0 | (value.isNegative ? FPU.Status.c1 : 0)
      : value.examination
    fpu.setConditions(code)
  }
}

extension NumericContext {
  /// Corrects what loading a narrow operand reported to what an operation on it reports.
  ///
  /// A signalling NaN is given back as such: the operation signals it, and chooses between NaNs. A
  /// denormal does not count beside a NaN.
  @inline(never)
  fileprivate mutating func settle(_ operand: inout Extended, beside a: Extended) {
    if raised.contains(.invalid) {
      operand.significand &= ~Extended.quietBit
      raised = []
    } else if a.isNaN || a.isUnsupported {
      raised = []
    }
  }
}

extension Instruction {
  /// The i of ST(i).
  @inline(__always) var stackIndex: Int { Int(immediate & 7) }
}
