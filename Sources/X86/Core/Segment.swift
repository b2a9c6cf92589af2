/// The eight bytes of a segment descriptor as they lie in the GDT or LDT (SDM 3A, figure 3-8).
///
///     63      56 55 54 53 52 51     48 47 46 45 44 43   40 39         16 15          0
///     base 31-24  G D/B  0 AVL limit 19-16 P  DPL   S  type   base 23-0     limit 15-0
public struct Descriptor: Sendable, Equatable {
  public var raw: UInt64
  @inline(__always) public init(raw: UInt64) { self.raw = raw }

  public var base: UInt32 {
    UInt32(truncatingIfNeeded: raw >> 16) & 0xFF_FFFF
      | UInt32(truncatingIfNeeded: raw >> 32) & 0xFF00_0000
  }
  /// The limit in bytes: the last valid offset, granularity applied.
  public var limit: UInt32 {
    let field =
      UInt32(truncatingIfNeeded: raw) & 0xFFFF | UInt32(truncatingIfNeeded: raw >> 32) & 0xF_0000
    return isGranular ? field << 12 | 0xFFF : field
  }
  /// Bits 40-47: type, S, DPL, P.
  public var access: UInt8 { UInt8(truncatingIfNeeded: raw >> 40) }
  public var type: UInt8 { access & 15 }
  public var isSystem: Bool { access & 0x10 == 0 }
  public var dpl: UInt8 { access >> 5 & 3 }
  public var isPresent: Bool { access & 0x80 != 0 }
  public var isBig: Bool { raw >> 54 & 1 != 0 }
  public var isGranular: Bool { raw >> 55 & 1 != 0 }
  public var isCode: Bool { access & 0x18 == 0x18 }
  public var isData: Bool { access & 0x18 == 0x10 }
  public var isConforming: Bool { access & 0x1C == 0x1C }
  public var isReadable: Bool { isData || access & 0x1A == 0x1A }
  public var isWritable: Bool { access & 0x1A == 0x12 }

  // Gates (SDM 3A, figure 6-2)
  public var gateSelector: UInt16 { UInt16(truncatingIfNeeded: raw >> 16) }
  public var gateOffset: UInt32 {
    UInt32(truncatingIfNeeded: raw) & 0xFFFF | UInt32(truncatingIfNeeded: raw >> 32) & 0xFFFF_0000
  }
  public var gateParameterCount: UInt8 { UInt8(truncatingIfNeeded: raw >> 32) & 31 }
}

/// System descriptor types (SDM 3A, table 3-2).
public enum SystemType {
  public static let tss16Available: UInt8 = 1
  public static let ldt: UInt8 = 2
  public static let tss16Busy: UInt8 = 3
  public static let callGate16: UInt8 = 4
  public static let taskGate: UInt8 = 5
  public static let interruptGate16: UInt8 = 6
  public static let trapGate16: UInt8 = 7
  public static let tss32Available: UInt8 = 9
  public static let tss32Busy: UInt8 = 11
  public static let callGate32: UInt8 = 12
  public static let interruptGate32: UInt8 = 14
  public static let trapGate32: UInt8 = 15
}

/// A segment register: the visible selector and the hidden part loaded with it.
public struct Segment: Sendable, Equatable {
  public var selector: UInt16 = 0
  /// Bits 40-47 of the descriptor: type, S, DPL, P.
  public var access: UInt8 = 0
  /// D/B: default operand size of code, width of the stack pointer, upper bound of expand-down.
  public var isBig = false
  /// Bits 52-55 of the descriptor: AVL, L, D/B, G. Only a VMCB ever shows them.
  var upperAttributes: UInt8 = 0
  public var base: UInt32 = 0
  /// The last valid offset (for expand-down: the last invalid one).
  public var limit: UInt32 = 0
  /// False after loading a null selector or a failed validity check on a return to an outer ring.
  public var isUsable = false
  /// Reads at offsets below this need no further check, whatever their width up to 8 bytes.
  public private(set) var readEnd: UInt32 = 0
  public private(set) var writeEnd: UInt32 = 0

  public init() {}

  /// A segment loaded from a descriptor in protected mode.
  public init(selector: UInt16, descriptor: Descriptor) {
    self.selector = selector
    access = descriptor.access
    isBig = descriptor.isBig
    upperAttributes = UInt8(truncatingIfNeeded: descriptor.raw >> 52 & 0xF)
    base = descriptor.base
    limit = descriptor.limit
    isUsable = true
    updateBounds()
  }

  /// A segment loaded in real mode: base 16 × selector, writable. The limit and the D/B bit of
  /// the last protected-mode load stay ("unreal mode").
  mutating func loadReal(selector: UInt16) {
    self.selector = selector
    base = UInt32(selector) << 4
    access = 0x93
    isUsable = true
    updateBounds()
  }

  mutating func loadVirtual8086(selector: UInt16) {
    self.selector = selector
    base = UInt32(selector) << 4
    limit = 0xFFFF
    access = 0xF3
    isBig = false
    upperAttributes = 0
    isUsable = true
    updateBounds()
  }

  /// A null selector loaded into a data segment: any use faults.
  mutating func loadNull(selector: UInt16) {
    self.selector = selector
    isUsable = false
    updateBounds()
  }

  public var dpl: UInt8 { access >> 5 & 3 }
  public var isCode: Bool { access & 0x18 == 0x18 }
  public var isConforming: Bool { access & 0x1C == 0x1C }
  public var isExpandDown: Bool { access & 0x1C == 0x14 }
  public var isReadable: Bool { access & 0x1A != 0x18 }
  public var isWritable: Bool { access & 0x1A == 0x12 }

  /// Base 0 and no offset out of bounds: what nearly every 32-bit system uses.
  var isFlat: Bool { base == 0 && limit == 0xFFFF_FFFF && !isExpandDown && isUsable }

  /// Recomputes the bounds of the unchecked fast path. To be called after any change above.
  public mutating func updateBounds() {
    let end = isUsable && !isExpandDown && limit >= 7 ? limit - 6 : 0
    readEnd = isReadable ? end : 0
    writeEnd = isWritable ? end : 0
  }

  /// Whether `size` bytes at `offset` lie inside the segment (SDM 3A, 5.3).
  func contains(offset: UInt32, size: UInt32) -> Bool {
    let (last, wrapped) = offset.addingReportingOverflow(size &- 1)
    if isExpandDown {
      return !wrapped && offset > limit && last <= (isBig ? 0xFFFF_FFFF : 0xFFFF)
    }
    if limit == 0xFFFF_FFFF { return true }
    return !wrapped && last <= limit
  }
}
