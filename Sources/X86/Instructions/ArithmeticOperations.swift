/// An arithmetic or logical operation on two operands of one width, with its flags (SDM 2).
protocol BinaryOperation {
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T
}

/// The carries out of every bit of an addition, and the borrows into every bit of a subtraction.
@inline(__always)
private func carries<T: Word>(adding a: T, _ b: T, giving result: T) -> T {
  a & b | (a | b) & ~result
}
@inline(__always)
private func borrows<T: Word>(subtracting a: T, _ b: T, giving result: T) -> T {
  ~a & b | (~a | b) & result
}

enum Add: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a &+ b
    flags.set(result: result, carries: carries(adding: a, b, giving: result))
    return result
  }
}

enum AddWithCarry: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a &+ b &+ (flags.carry ? 1 : 0)
    flags.set(result: result, carries: carries(adding: a, b, giving: result))
    return result
  }
}

enum Subtract: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a &- b
    flags.set(result: result, carries: borrows(subtracting: a, b, giving: result))
    return result
  }
}

enum SubtractWithBorrow: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a &- b &- (flags.carry ? 1 : 0)
    flags.set(result: result, carries: borrows(subtracting: a, b, giving: result))
    return result
  }
}

enum And: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a & b
    flags.set(logical: result)
    return result
  }
}

enum Or: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a | b
    flags.set(logical: result)
    return result
  }
}

enum ExclusiveOr: BinaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ b: T, _ flags: inout LazyFlags) -> T {
    let result = a ^ b
    flags.set(logical: result)
    return result
  }
}

/// An operation on one operand.
protocol UnaryOperation {
  static func apply<T: Word>(_ a: T, _ flags: inout LazyFlags) -> T
}

extension LazyFlags {
  /// Takes CF from `old` and keeps the other flags: INC and DEC leave CF alone.
  @inline(__always)
  mutating func restoreCarry(of old: UInt32) {
    // OF is the difference of the two top bits, so both change together.
    carries ^= (carries ^ old) >> 31 &* 0xC000_0000
  }
}

enum Increment: UnaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ flags: inout LazyFlags) -> T {
    let old = flags.carries
    let result = a &+ 1
    flags.set(result: result, carries: carries(adding: a, 1, giving: result))
    flags.restoreCarry(of: old)
    return result
  }
}

enum Decrement: UnaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ flags: inout LazyFlags) -> T {
    let old = flags.carries
    let result = a &- 1
    flags.set(result: result, carries: borrows(subtracting: a, 1, giving: result))
    flags.restoreCarry(of: old)
    return result
  }
}

enum Negate: UnaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ flags: inout LazyFlags) -> T {
    let result = 0 &- a
    flags.set(result: result, carries: borrows(subtracting: 0, a, giving: result))
    return result
  }
}

enum Not: UnaryOperation {
  @inline(__always)
  static func apply<T: Word>(_ a: T, _ flags: inout LazyFlags) -> T { ~a }
}
