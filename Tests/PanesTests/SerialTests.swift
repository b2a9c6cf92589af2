import Cells
import Panes
import Testing

struct SerialTests {
  private func screen(_ text: String) -> MachineView.SerialScreen {
    var terminal = SerialTerminal()
    for byte in text.utf8 { terminal.receive(byte) }
    return terminal.screen(rows: 100)
  }

  @Test(arguments: [
    ("ab\r\ncd", ["ab", "cd"], 2),
    ("ab\ncd", ["ab", "cd"], 2),
    ("abc\rX", ["Xbc"], 1),
    ("abc\u{8}\u{8}X", ["aXc"], 2),
    ("a\tb", ["a       b"], 9),
    ("\u{1B}[1;31mred\u{1B}[0m!", ["red!"], 4),
    ("abc\u{1B}[2D\u{1B}[K", ["a"], 1),
    ("abc\u{8}\u{8}\u{1B}[J", ["a"], 1),
    ("~ # \u{1B}[6n", ["~ # "], 4),
    ("a\u{1B}]0;title\u{7}b\u{1B}]2;x\u{1B}\\c", ["abc"], 3),
    ("é日", ["é日"], 2),
    ("a\u{7}\u{0}b\u{1B}(Bc", ["abc"], 3),
  ])
  func bytesBecomeLines(text: String, lines: [String], column: Int) {
    let screen = screen(text)
    #expect(screen.lines == lines)
    #expect(screen.column == column)
  }

  @Test func brokenUTF8BecomesAMark() {
    var terminal = SerialTerminal()
    for byte: UInt8 in [0x61, 0xC3, 0x62, 0xFF, 0x80, 0x63] { terminal.receive(byte) }
    #expect(terminal.screen(rows: 1).lines == ["a\u{FFFD}b\u{FFFD}\u{FFFD}c"])
  }

  @Test func memoryIsBounded() {
    var terminal = SerialTerminal()
    for _ in 0..<200_000 { terminal.receive(0x61) }
    for _ in 0..<2000 { terminal.receive(0x0A) }
    #expect(terminal.screen(rows: 10_000).lines.count == SerialTerminal.capacity)
    #expect(terminal.screen(rows: 10_000).bytes == 202_000)
  }

  @Test(
    arguments: [
      (.enter, [0x0D]), (.up, [0x1B, 0x5B, 0x41]), (.function(1), [0x1B, 0x4F, 0x50]),
      (.function(5), [0x1B, 0x5B, 0x31, 0x35, 0x7E]), (.character("é"), [0xC3, 0xA9]),
      (.function(11), [0x1B, 0x5B, 0x32, 0x33, 0x7E]), (.control("c"), [0x03]),
    ] as [(Key, [UInt8])])
  func keysBecomeBytes(key: Key, bytes: [UInt8]) {
    #expect(key.serialBytes == bytes)
  }
}
