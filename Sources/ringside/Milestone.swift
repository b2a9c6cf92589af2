/// How far the text on a guest's serial console has come: what two kernels that are not the same, and so
/// need different times for the same, can be aligned on.
struct Milestone: Comparable {
  /// Whole lines, and characters of the next one.
  private(set) var lines = 0
  private(set) var column = 0

  init() {}
  init(_ bytes: some Sequence<UInt8>) { take(bytes) }

  mutating func take(_ bytes: some Sequence<UInt8>) {
    for byte in bytes {
      switch byte {
      case 0x0A: (lines, column) = (lines + 1, 0)
      case 0x0D: break
      default: column += 1
      }
    }
  }

  static func < (left: Milestone, right: Milestone) -> Bool {
    (left.lines, left.column) < (right.lines, right.column)
  }
}
