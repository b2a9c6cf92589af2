/// Markdown for a terminal: paragraphs and items of lists broken into lines, all else as it is.
///
/// Code, tables, headings and quotations keep their lines.
enum Paragraphs {
  /// The lines of a page, none of a paragraph's longer than `width` where its words allow that.
  static func wrapped(_ lines: [String], width: Int) -> [String] {
    var result: [String] = []
    var words: [Substring] = []
    var indent = ""
    func finish() {
      var line = ""
      for word in words {
        if !line.isEmpty, line.count + 1 + word.count > width {
          result.append(line)
          line = indent + word
        } else {
          line += line.isEmpty ? word : " " + word
        }
      }
      if !line.isEmpty { result.append(line) }
      words = []
    }
    var isCode = false
    for line in lines {
      if line.hasPrefix("```") { isCode.toggle() }
      let item = itemMark(line)
      let isText = line.first.map { !" |#>".contains($0) } == true && !line.hasPrefix("```")
      guard !isCode, item > 0 || isText else {
        finish()
        result.append(line)
        continue
      }
      if item > 0 { finish() }
      if words.isEmpty { indent = String(repeating: " ", count: item) }
      words += line.split(separator: " ")
    }
    finish()
    return result
  }

  /// How long the mark is with which an item of a list begins; 0 for another line.
  private static func itemMark(_ line: String) -> Int {
    if line.hasPrefix("- ") || line.hasPrefix("* ") { return 2 }
    let digits = line.prefix { $0.isNumber }.count
    return digits > 0 && line.dropFirst(digits).hasPrefix(". ") ? digits + 2 : 0
  }
}
