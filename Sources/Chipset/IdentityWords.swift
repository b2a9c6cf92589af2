/// The 256 words with which an ATA drive describes itself.
struct IdentityWords {
  private var words = [UInt16](repeating: 0, count: 256)

  subscript(_ place: Int) -> UInt16 {
    get { words[place] }
    set { words[place] = newValue }
  }

  /// Text is padded with blanks, and the first of two characters is a word's high byte.
  mutating func put(_ text: String, at place: Int, count: Int) {
    let characters = Array(text.utf8) + [UInt8](repeating: 0x20, count: count * 2)
    for index in 0..<count {
      words[place + index] =
        UInt16(characters[2 * index]) << 8 | UInt16(characters[2 * index + 1])
    }
  }

  /// 32 bits in two words, the lower one first.
  mutating func put(_ value: UInt64, at place: Int) {
    words[place] = UInt16(truncatingIfNeeded: value)
    words[place + 1] = UInt16(truncatingIfNeeded: value >> 16)
  }

  /// The words as they come over the data port.
  var bytes: [UInt8] { words.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] } }
}
