import X86

/// One executed x87 instruction: operands and results as a real processor gave them.
struct FPUVector {
  enum Operand: Equatable, CustomStringConvertible {
    case none
    case register(Extended)
    case memory(UInt64)

    /// As it stands in a line.
    var description: String {
      switch self {
      case .none: "-"
      case .register(let value):
        String(value.signExponent, radix: 16) + ":" + String(value.significand, radix: 16)
      case .memory(let value): String(value, radix: 16)
      }
    }
  }
  let name: String
  let control: UInt16
  let a: Operand
  let b: Operand
  var results: [Operand]
  /// Exception flags, SF and C3-C0 of the status word (mask 477F).
  var status: UInt16

  /// A line of a vector file; see Tests/Generators/fpu-vectors.c.
  init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard fields.count >= 7, let arrow = fields.firstIndex(of: "->"),
      let control = UInt16(fields[1], radix: 16),
      let status = UInt16(fields[fields.count - 1], radix: 16)
    else { return nil }
    name = String(fields[0])
    self.control = control
    self.status = status
    a = Self.operand(fields[2])
    b = arrow > 3 ? Self.operand(fields[3]) : .none
    results = fields[(arrow + 1)..<(fields.count - 1)].map(Self.operand)
  }

  private static func operand(_ text: Substring) -> Operand {
    let parts = text.split(separator: ":")
    if parts.count == 2, let high = UInt16(parts[0], radix: 16),
      let low = UInt64(parts[1], radix: 16)
    {
      return .register(Extended(signExponent: high, significand: low))
    }
    return UInt64(text, radix: 16).map(Operand.memory) ?? .none
  }

  var x: Extended { if case .register(let value) = a { value } else { .zero } }
  var y: Extended { if case .register(let value) = b { value } else { .zero } }
  var memory: UInt64 { if case .memory(let value) = a { value } else { 0 } }

  /// What our arithmetic makes of the same operands, nil for a name it does not know.
  func executed() -> FPUVector? {
    var context = NumericContext(control: control)
    guard var outcome = arithmetic(&context) ?? conversion(&context) ?? transcendental(&context)
    else { return nil }
    if context.isAborted && outcome.keepsOperands {
      outcome.results = outcome.isLoad ? outcome.results : [a, b]
      // A load is only held back by IE.
      let loaded = context.raised.contains(.invalid) ? .none : outcome.results[0]
      if outcome.isLoad { outcome.results = [loaded, .none] }
      if outcome.isStore { outcome.results = [outcome.untouched, .none] }
      outcome.conditions = 0
    }
    let unmaskedRange = context.raised.intersection([.overflow, .underflow]).rawValue & ~control
    if outcome.isStore && unmaskedRange != 0 { outcome.results = [outcome.untouched, .none] }
    var result = self
    result.results = outcome.results
    result.status = context.reported.rawValue | outcome.conditions
    return result
  }

  private struct Outcome {
    var results: [Operand]
    var conditions: UInt16 = 0
    var keepsOperands = true
    var isLoad = false
    var isStore = false
    var untouched = Operand.none
  }

  private func registers(_ first: Extended, _ second: Operand, _ conditions: UInt16 = 0)
    -> Outcome
  {
    Outcome(results: [.register(first), second], conditions: conditions)
  }

  private func arithmetic(_ context: inout NumericContext) -> Outcome? {
    switch name {
    case "fadd": return registers(.sum(x, y, &context), b)
    case "fsub": return registers(.difference(x, y, &context), b)
    case "fmul": return registers(.product(x, y, &context), b)
    case "fdiv": return registers(.quotient(x, y, &context), b)
    case "fsqrt": return registers(.squareRoot(x, &context), b)
    case "fscale": return registers(.scaled(x, by: y, &context), b)
    case "frndint": return registers(.roundedToIntegral(x, &context), b)
    case "fprem", "fprem1":
      let result = Extended.remainder(x, y, toNearest: name == "fprem1", &context)
      return registers(result.value, b, result.conditions)
    case "fcom", "fucom", "ftst":
      let other = name == "ftst" ? .zero : y
      let order = Extended.compare(x, other, isQuiet: name == "fucom", &context)
      return Outcome(results: [a, b], conditions: order.rawValue, keepsOperands: false)
    case "fxam": return Outcome(results: [a, b], conditions: x.examination)
    case "fxtract":
      let parts = Extended.extract(x, &context)
      return registers(parts.significand, .register(parts.exponent))
    default: return nil
    }
  }

  private func transcendental(_ context: inout NumericContext) -> Outcome? {
    if ["fsin", "fcos", "fsincos", "fptan"].contains(name) && x.isOutsideTrigonometricRange {
      return registers(x, .none, 0x400)
    }
    switch name {
    case "fsin": return registers(.sine(x, &context), .none)
    case "fcos": return registers(.cosine(x, &context), .none)
    case "fsincos":
      let sine = Extended.sine(x, &context)
      return registers(.cosine(x, &context), .register(sine))
    case "fptan":
      let tangent = Extended.tangent(x, &context)
      // A NaN comes back twice.
      let isOrdinary = tangent.signExponent & 0x7FFF != 0x7FFF
      return registers(isOrdinary ? .one : tangent, .register(tangent))
    case "fpatan": return registers(.arctangent(y: y, x: x, &context), .none)
    case "f2xm1": return registers(.exponentialMinusOne(x, &context), .none)
    case "fyl2x": return registers(.logarithm(x, times: y, &context), .none)
    case "fyl2xp1": return registers(.logarithmPlusOne(x, times: y, &context), .none)
    default: return nil
    }
  }

  private func conversion(_ context: inout NumericContext) -> Outcome? {
    func store(_ value: UInt64, _ width: UInt64) -> Outcome {
      let mask = UInt64.max >> (64 - width)
      return Outcome(
        results: [.memory(value & mask), .none], isStore: true,
        untouched: .memory(0x5A5A_5A5A_5A5A_5A5A & mask))
    }
    func integer(_ width: Int, truncating: Bool = false) -> Outcome {
      store(
        UInt64(bitPattern: x.integer(width: width, truncating: truncating, &context)),
        UInt64(width))
    }
    func load(_ value: Extended) -> Outcome {
      Outcome(results: [.register(value), .none], isLoad: true)
    }
    switch name {
    case "fst32": return store(UInt64(x.single(&context)), 32)
    case "fst64": return store(x.double(&context), 64)
    case "fist16": return integer(16)
    case "fist32": return integer(32)
    case "fist64": return integer(64)
    case "fistt64": return integer(64, truncating: true)
    case "fld32": return load(Extended(single: UInt32(memory), &context))
    case "fld64": return load(Extended(double: memory, &context))
    case "fild16": return load(Extended(integer: Int64(Int16(truncatingIfNeeded: memory))))
    case "fild32": return load(Extended(integer: Int64(Int32(truncatingIfNeeded: memory))))
    case "fild64": return load(Extended(integer: Int64(bitPattern: memory)))
    case "fbld":
      return load(Extended(packedDecimal: (x.signExponent, x.significand)))
    case "fbstp":
      let bits = x.packedDecimal(&context)
      var outcome = Outcome(
        results: [
          .register(Extended(signExponent: bits.signExponent, significand: bits.digits)), .none,
        ], isStore: true)
      outcome.untouched = .register(
        Extended(signExponent: 0x5A5A, significand: 0x5A5A_5A5A_5A5A_5A5A))
      return outcome
    case "fld1": return load(.constant(0, context))
    case "fldl2t": return load(.constant(1, context))
    case "fldl2e": return load(.constant(2, context))
    case "fldpi": return load(.constant(3, context))
    case "fldlg2": return load(.constant(4, context))
    case "fldln2": return load(.constant(5, context))
    case "fldz": return load(.constant(6, context))
    default: return nil
    }
  }
}
