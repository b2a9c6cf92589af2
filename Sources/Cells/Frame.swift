/// Borders that meet: rectangles may share edges, and the corners and crossings come out right in
/// both character sets. Collect the rectangles first, then draw once.
public struct Frame: Sendable {
  private struct Arms: OptionSet {
    let rawValue: UInt8
    static let up = Arms(rawValue: 1)
    static let right = Arms(rawValue: 2)
    static let down = Arms(rawValue: 4)
    static let left = Arms(rawValue: 8)
  }

  private let size: Size
  private var arms: [UInt8]

  /// A frame without lines for a grid of `size`.
  public init(size: Size) {
    self.size = size
    arms = Array(repeating: 0, count: max(0, size.width) * max(0, size.height))
  }

  /// Adds the outline of `rect`; its edges are cells of the rectangle.
  public mutating func add(_ rect: Rect) {
    guard rect.width > 1, rect.height > 1 else { return }
    let right = rect.x + rect.width - 1
    let bottom = rect.y + rect.height - 1
    for x in rect.x..<right {
      for y in [rect.y, bottom] {
        add(.right, x: x, y: y)
        add(.left, x: x + 1, y: y)
      }
    }
    for y in rect.y..<bottom {
      for x in [rect.x, right] {
        add(.down, x: x, y: y)
        add(.up, x: x, y: y + 1)
      }
    }
  }

  /// Draws every line.
  public func draw(into surface: inout Surface, style: Style = Style(.frame)) {
    for (index, arms) in arms.enumerated() where arms != 0 {
      let point = Point(x: index % size.width, y: index / size.width)
      let glyph = surface.charset == .unicode ? Frame.unicode : Frame.ascii
      surface.put(glyph[Int(arms)], at: point, style: style)
    }
  }

  private mutating func add(_ arm: Arms, x: Int, y: Int) {
    guard (0..<size.width).contains(x), (0..<size.height).contains(y) else { return }
    arms[y * size.width + x] |= arm.rawValue
  }

  // Indexed by the arms a cell has: up 1, right 2, down 4, left 8.
  private static let unicode = Array(" │─└││┌├─┘─┴┐┤┬┼".unicodeScalars)
  private static let ascii = Array(" |-+||++-+-+++++".unicodeScalars)
}
