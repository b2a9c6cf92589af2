import Cells

/// A framed box in the middle, over everything else.
enum Overlay {
  /// Draws the box with its title, and says where its text goes. `width` and `height` are those of the
  /// text; what does not fit between the status and the key line is cut.
  static func draw(
    title: String, width: Int, height: Int, below rows: Int, into surface: inout Surface
  ) -> Rect {
    let bounds = surface.bounds
    let outer = (width: min(bounds.width, width + 4), height: min(bounds.height - rows, height + 2))
    let box = Rect(
      x: (bounds.width - outer.width) / 2, y: 1 + (bounds.height - rows - outer.height) / 2,
      width: outer.width, height: outer.height)
    surface.fill(box)
    var frame = Frame(size: surface.size)
    frame.add(box)
    frame.draw(into: &surface)
    surface.cursor = nil
    surface.write(title, in: box, row: 0, column: 2, style: Style(.title))
    return Rect(x: box.x + 2, y: box.y + 1, width: box.width - 4, height: box.height - 2)
  }
}
