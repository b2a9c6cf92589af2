import Cells
import Testing

struct SurfaceTests {
  @Test func textIsCutAtTheRightEdge() {
    var surface = Surface(size: Size(width: 8, height: 1))
    let rect = Rect(x: 1, y: 0, width: 4, height: 1)
    #expect(surface.write("abcdef", in: rect, row: 0) == 4)
    #expect(surface.text == " abcd\n")
  }

  @Test func rowsOutsideTheRectangleAreNotDrawn() {
    var surface = Surface(size: Size(width: 4, height: 3))
    let rect = Rect(x: 0, y: 0, width: 4, height: 1)
    surface.write("no", in: rect, row: 1)
    surface.write("no", in: rect, row: -1)
    #expect(surface.text == "\n\n\n")
  }

  @Test func aWideCharacterTakesTwoColumnsAndIsNeverHalved() {
    var surface = Surface(size: Size(width: 5, height: 2))
    surface.write("a日b", in: surface.bounds, row: 0)
    surface.write("abcd日", in: surface.bounds, row: 1)
    #expect(surface.text == "a日b\nabcd\n")
    #expect(surface[Point(x: 2, y: 0)].width == 0)
  }

  @Test(arguments: [1, 2])
  func coveringHalfOfAWideCharacterBlanksTheOther(column: Int) {
    var surface = Surface(size: Size(width: 4, height: 1))
    surface.write("a日b", in: surface.bounds, row: 0)
    surface.put("x", at: Point(x: column, y: 0), style: Style(.text))
    #expect(surface.text == (column == 1 ? "ax b\n" : "a xb\n"))
    #expect(surface.cells.allSatisfy { $0.width == 1 })
  }

  @Test func controlCharactersBecomeVisibleMarks() {
    var surface = Surface(size: Size(width: 8, height: 1))
    surface.write("a\u{1B}[2J\u{9B}b", in: surface.bounds, row: 0)
    #expect(surface.text == "a·[2J·b\n")
  }

  @Test func asciiHasAnAnswerForEverything() {
    var surface = Surface(size: Size(width: 9, height: 1), charset: .ascii)
    surface.write("é→“x”…日│", in: surface.bounds, row: 0)
    #expect(surface.text == "e>\"x\".?|\n")
  }

  @Test func textEndsAtTheRightEdge() {
    var surface = Surface(size: Size(width: 5, height: 1))
    surface.writeRight("abc", in: surface.bounds, row: 0)
    #expect(surface.text == "  abc\n")
    surface.writeRight("abcdefg", in: surface.bounds, row: 0)
    #expect(surface.text == "cdefg\n")
  }

  @Test func rolesShowMeaning() {
    var surface = Surface(size: Size(width: 6, height: 1))
    surface.write("ab", in: surface.bounds, row: 0, column: 1)
    surface.write("c d", in: surface.bounds, row: 0, column: 3, style: Style(.fault))
    #expect(surface.roles == " ..FFF\n")
  }
}

struct FrameTests {
  @Test(arguments: [
    (Charset.unicode, "┌─┬─┐\n│ │ │\n├─┴─┤\n│   │\n└───┘\n"),
    (Charset.ascii, "+-+-+\n| | |\n+-+-+\n|   |\n+---+\n"),
  ])
  func sharedEdgesMeet(charset: Charset, expected: String) {
    var surface = Surface(size: Size(width: 5, height: 5), charset: charset)
    var frame = Frame(size: surface.size)
    frame.add(Rect(x: 0, y: 0, width: 3, height: 3))
    frame.add(Rect(x: 2, y: 0, width: 3, height: 3))
    frame.add(Rect(x: 0, y: 2, width: 5, height: 3))
    frame.draw(into: &surface)
    #expect(surface.text == expected)
  }

  @Test func linesOutsideTheGridAreDropped() {
    var surface = Surface(size: Size(width: 3, height: 2))
    var frame = Frame(size: surface.size)
    frame.add(Rect(x: 0, y: 0, width: 9, height: 9))
    frame.draw(into: &surface)
    #expect(surface.text == "┌──\n│\n")
  }
}
