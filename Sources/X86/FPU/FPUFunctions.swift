/// Instructions on the top of the stack: FSQRT, FPREM, FSCALE, FXTRACT and the transcendentals.
extension CPU {
  /// ST(0) = f(ST(0)).
  mutating func unary(
    _ i: UnsafePointer<Instruction>, _ function: (Extended, inout NumericContext) -> Extended
  ) {
    note(i)
    guard !fpu.isEmpty(0) else { return functionUnderflow() }
    var context = NumericContext(control: fpu.control)
    let result = function(fpu[0], &context)
    if accept(context) { fpu[0] = result }
  }

  /// FCHS and FABS: the sign of anything, nothing raised.
  @inline(never)
  mutating func changeSign(_ i: UnsafePointer<Instruction>, isAbsolute: Bool) {
    note(i)
    guard !fpu.isEmpty(0) else { return functionUnderflow() }
    fpu.c1 = 0
    fpu[0] = isAbsolute ? fpu[0].magnitude : fpu[0].negated
  }

  /// ST(1) = f(ST(0), ST(1)), then a pop: FYL2X, FYL2XP1 and FPATAN.
  mutating func binary(
    _ i: UnsafePointer<Instruction>,
    _ function: (Extended, Extended, inout NumericContext) -> Extended
  ) {
    note(i)
    guard !fpu.isEmpty(0) && !fpu.isEmpty(1) else {
      guard stackUnderflow() else { return }
      fpu.fill(1, .indefinite)
      fpu.pop()
      return
    }
    var context = NumericContext(control: fpu.control)
    let result = function(fpu[0], fpu[1], &context)
    guard accept(context) else { return }
    fpu[1] = result
    fpu.pop()
  }

  private mutating func functionUnderflow() {
    if stackUnderflow() { fpu.fill(0, .indefinite) }
  }

  /// FSCALE.
  mutating func scale(_ i: UnsafePointer<Instruction>) {
    note(i)
    guard !fpu.isEmpty(0) && !fpu.isEmpty(1) else { return functionUnderflow() }
    var context = NumericContext(control: fpu.control)
    let result = Extended.scaled(fpu[0], by: fpu[1], &context)
    if accept(context) { fpu[0] = result }
  }

  /// FPREM and FPREM1.
  mutating func remainder(_ i: UnsafePointer<Instruction>, toNearest: Bool) {
    note(i)
    fpu.status &= ~FPU.Status.c2
    guard !fpu.isEmpty(0) && !fpu.isEmpty(1) else { return functionUnderflow() }
    var context = NumericContext(control: fpu.control)
    let result = Extended.remainder(fpu[0], fpu[1], toNearest: toNearest, &context)
    guard accept(context) else { return }
    // A NaN has no quotient: C0 and C3 stay.
    if !result.value.isNaN {
      fpu.setConditions(result.conditions)
    }
    fpu[0] = result.value
  }

  // MARK: Two results

  /// Replaces ST(0) and pushes a second result.
  private mutating func deliver(
    _ first: Extended, pushing second: Extended, _ context: NumericContext
  ) {
    guard accept(context) else { return }
    fpu[0] = first
    fpu.push(second)
  }

  /// Whether ST(0) is there and room above it; else the masked response is given.
  private mutating func canPushResult() -> Bool {
    let isUnderflow = fpu.isEmpty(0)
    if !isUnderflow && fpu.isEmpty(7) { return true }
    if isUnderflow ? stackUnderflow() : stackOverflow() {
      fpu.fill(0, .indefinite)
      fpu.push(.indefinite)
    }
    return false
  }

  /// FXTRACT.
  mutating func extract(_ i: UnsafePointer<Instruction>) {
    note(i)
    guard canPushResult() else { return }
    var context = NumericContext(control: fpu.control)
    let parts = Extended.extract(fpu[0], &context)
    deliver(parts.exponent, pushing: parts.significand, context)
  }

  /// FSIN and FCOS. An argument out of range sets C2 and stays.
  mutating func trigonometric(
    _ i: UnsafePointer<Instruction>, _ function: (Extended, inout NumericContext) -> Extended
  ) {
    note(i)
    fpu.status &= ~FPU.Status.c2
    guard !fpu.isEmpty(0) else { return functionUnderflow() }
    if fpu[0].isOutsideTrigonometricRange { return refuseArgument() }
    var context = NumericContext(control: fpu.control)
    let result = function(fpu[0], &context)
    if accept(context) { fpu[0] = result }
  }

  private mutating func refuseArgument() {
    fpu.c1 = 0
    fpu.status |= FPU.Status.c2
  }

  /// FSINCOS.
  mutating func sineAndCosine(_ i: UnsafePointer<Instruction>) {
    note(i)
    fpu.status &= ~FPU.Status.c2
    guard canPushResult() else { return }
    if fpu[0].isOutsideTrigonometricRange { return refuseArgument() }
    var context = NumericContext(control: fpu.control)
    let sine = Extended.sine(fpu[0], &context)
    // What the cosine rounds explains C1, as it is computed last.
    context.raised.subtract(.roundedUp)
    let cosine = Extended.cosine(fpu[0], &context)
    deliver(sine, pushing: cosine, context)
  }

  /// FPTAN: the tangent and 1; a NaN twice.
  mutating func tangent(_ i: UnsafePointer<Instruction>) {
    note(i)
    fpu.status &= ~FPU.Status.c2
    guard canPushResult() else { return }
    if fpu[0].isOutsideTrigonometricRange { return refuseArgument() }
    var context = NumericContext(control: fpu.control)
    let tangent = Extended.tangent(fpu[0], &context)
    deliver(tangent, pushing: tangent.isNaN ? tangent : .one, context)
  }
}
