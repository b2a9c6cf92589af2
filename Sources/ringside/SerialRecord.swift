/// What a guest has sent over its serial line in the whole history that is known, so that the
/// console of any earlier moment can be shown again.
struct SerialRecord {
  private var bytes: [UInt8] = []
  /// Place of the first byte that is still here, counted from the guest's first.
  private var start: UInt64 = 0
  /// Older bytes are forgotten: no screen shows them.
  private static let most = 1 << 18

  private var end: UInt64 { start + UInt64(bytes.count) }

  /// Takes output in, after which the guest has sent `total` bytes. What is known already, of a
  /// stretch that runs again, is left out.
  mutating func take(_ output: [UInt8], total: UInt64) {
    guard total > end else { return }
    let news = output.suffix(Int(min(UInt64(output.count), total - end)))
    bytes.append(contentsOf: news)
    // Output that came while nobody listened cannot be told from the rest.
    start = total - UInt64(bytes.count)
    if bytes.count > 2 * Self.most {
      bytes.removeFirst(bytes.count - Self.most)
      start = total - UInt64(bytes.count)
    }
  }

  /// Forgets what another history would have sent after `total` bytes.
  mutating func cut(at total: UInt64) {
    guard total < end else { return }
    bytes.removeLast(Int(min(UInt64(bytes.count), end - total)))
    start = total - UInt64(bytes.count)
  }

  /// What had been sent when it was `total` bytes.
  func bytes(until total: UInt64) -> ArraySlice<UInt8> {
    total <= start ? [] : bytes[..<Int(min(total, end) - start)]
  }
}
