import Cells
import Testing

struct WidthTests {
  @Test(arguments: [
    ("a", 1), ("é", 1), ("│", 1), ("日", 2), ("한", 2), ("Ａ", 2), ("🙂", 2), ("e\u{301}", 1),
    ("\u{200D}", 0), ("\u{7}", 0), ("\u{AD}", 0), ("☺", 1), ("→", 1), ("⚡", 2),
  ])
  func widthDoesNotDependOnTheLocale(text: String, columns: Int) {
    #expect(Width.of(text) == columns)
  }
}

struct CP437Tests {
  @Test func everyByteIsOneColumnInBothCharacterSets() {
    for byte in UInt8.min...UInt8.max {
      #expect(Width.of(CP437.scalar(byte)) == 1)
      #expect((0x20..<0x7F).contains(CP437.ascii(byte).value))
      #expect(Charset.unicode.shown(CP437.scalar(byte)) == CP437.scalar(byte))
    }
  }

  @Test(
    arguments: [
      (0x41, "A"), (0x80, "Ç"), (0xC4, "─"), (0xB3, "│"), (0xDB, "█"), (0x1B, "←"), (0xE1, "ß"),
      (0xFE, "■"), (0xA4, "ñ"), (0x0F, "☼"),
    ] as [(UInt8, Unicode.Scalar)])
  func bytesAndGlyphsAgreeBothWays(byte: UInt8, scalar: Unicode.Scalar) {
    #expect(CP437.scalar(byte) == scalar)
    #expect(CP437.byte(scalar) == byte)
  }

  @Test func aBlankIsTheSpaceByte() {
    #expect(CP437.byte(" ") == 0x20)
  }
}
