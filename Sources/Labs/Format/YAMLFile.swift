import Yams

/// A YAML file that is being read: its name, and the mistakes found so far.
final class YAMLFile {
  let name: String
  /// How many lines stand before the YAML text in its file.
  private let offset: Int
  private(set) var problems: [LabProblem] = []
  private var lines: [Substring] = []

  init(name: String, offset: Int = 0) {
    self.name = name
    self.offset = offset
  }

  /// Parses the text; nil if it is not YAML, which is then among the problems.
  ///
  /// Anchors and aliases are refused: a few lines of them can stand for more than fits in memory.
  func parse(_ text: String) -> YAMLNode? {
    lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if let line = Self.lineWithAnchor(in: text) {
      report(
        line, "YAML's anchors (&) and aliases (*) are not used here", "write it out, or quote it")
      return nil
    }
    do {
      guard let node = try Yams.compose(yaml: text) else {
        report(1, "there is nothing in it", "see labs/README.md for what belongs there")
        return nil
      }
      return YAMLNode(node: node, file: self)
    } catch let error as YamlError {
      let (line, problem) = Self.explain(error)
      report(
        line, "this is not YAML: \(problem)", "mind the indentation, and quote texts with : or {")
    } catch {
      report(1, "this cannot be read as YAML", "see labs/README.md for what belongs there")
    }
    return nil
  }

  /// Notes a mistake. `line` counts in the YAML text, from 1.
  func report(_ line: Int, _ what: String, _ remedy: String) {
    let problem = LabProblem(file: name, line: line + offset, what: what, remedy: remedy)
    // What several runs share is read for each of them.
    if !problems.contains(problem) { problems.append(problem) }
  }

  /// Whether YAML takes what follows a text that stands without quotes for a comment.
  fileprivate func isCut(_ scalar: Node.Scalar) -> Bool {
    guard scalar.style == .plain, let mark = scalar.mark, lines.indices.contains(mark.line - 1)
    else { return false }
    // A mark counts lines and columns from 1.
    let rest = lines[mark.line - 1].dropFirst(mark.column - 1)
    return rest.hasPrefix(scalar.string) && rest.dropFirst(scalar.string.count).hasPrefix(" #")
      && rest.dropFirst(scalar.string.count + 2).first?.isLetter == true
  }

  private static func lineWithAnchor(in text: String) -> Int? {
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      var before: Unicode.Scalar = " "
      for (scalar, next) in zip(line.unicodeScalars, line.unicodeScalars.dropFirst()) {
        let startsToken = " \t[{,".unicodeScalars.contains(before)
        if startsToken, scalar == "&" || scalar == "*", next.properties.isAlphabetic {
          return index + 1
        }
        before = scalar
      }
    }
    return nil
  }

  private static func explain(_ error: YamlError) -> (line: Int, problem: String) {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      (mark.line, problem)
    case .duplicatedKeysInMapping(let keys, let context):
      (context.mark.line, "‘\(keys.first ?? "")’ is there twice")
    default: (1, "it has bytes that do not belong in a text")
    }
  }
}

/// A value in a YAML file, asked for by what it ought to be. Each question that is not answered has
/// noted a mistake.
struct YAMLNode {
  let node: Node
  let file: YAMLFile

  /// Its line in the YAML text.
  var line: Int { node.mark?.line ?? 1 }

  /// Notes a mistake here.
  func report(_ what: String, _ remedy: String) { file.report(line, what, remedy) }

  /// A text, number or word as it is written, without a line's end behind it.
  var text: String? {
    if case .scalar(let scalar) = node {
      if file.isCut(scalar) {
        report("for YAML the # begins a comment", "put the text into quotes")
      }
      let end = scalar.string.lastIndex { $0 != "\n" }
      return end.map { String(scalar.string[...$0]) } ?? ""
    }
    report("a text or number belongs here", "put it behind the colon, in quotes if it has : or {")
    return nil
  }

  /// A whole number: decimal, 0x… or …h.
  var number: Int64? {
    guard let text else { return nil }
    if let number = Int64(notation: text) { return number }
    report("‘\(text)’ is not a whole number", "write it as 128, 0x80 or 80h")
    return nil
  }

  /// A whole number of a range.
  func number(in range: ClosedRange<Int>) -> Int? {
    guard let number else { return nil }
    if let small = Int(exactly: number), range.contains(small) { return small }
    report("\(number) is out of range", "it goes from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  /// The items of a list.
  var items: [YAMLNode]? {
    if case .sequence(let sequence) = node {
      return sequence.map { YAMLNode(node: $0, file: file) }
    }
    report("a list belongs here", "start each item with a dash, or write [one, two]")
    return nil
  }

  /// Whether it is a list.
  var isList: Bool { if case .sequence = node { true } else { false } }
  /// Whether it is a mapping.
  var isMapping: Bool { if case .mapping = node { true } else { false } }

  /// Keys and values in their order.
  var entries: [(key: String, value: YAMLNode)]? {
    guard case .mapping(let mapping) = node else {
      report("keys with values belong here", "write ‘key: value’, a line each")
      return nil
    }
    return mapping.map { key, value in
      (key.scalar?.string ?? "", YAMLNode(node: value, file: file))
    }
  }

  /// The same with another text wherever one stands, keys left alone.
  func replacing(_ old: String, with new: String) -> YAMLNode {
    YAMLNode(node: Self.replacing(old, with: new, in: node), file: file)
  }

  private static func replacing(_ old: String, with new: String, in node: Node) -> Node {
    switch node {
    case .scalar(var scalar):
      scalar.string = scalar.string.split(separator: old, omittingEmptySubsequences: false)
        .joined(separator: new)
      return .scalar(scalar)
    case .sequence(var sequence):
      for index in sequence.indices {
        sequence[index] = replacing(old, with: new, in: sequence[index])
      }
      return .sequence(sequence)
    case .mapping(var mapping):
      for index in mapping.indices {
        let (key, value) = mapping[index]
        mapping[key] = replacing(old, with: new, in: value)
      }
      return .mapping(mapping)
    default: return node
    }
  }

  /// The values of a mapping with a closed set of keys.
  func fields(_ allowed: [String], of what: String) -> [String: YAMLNode]? {
    guard let entries else { return nil }
    var fields: [String: YAMLNode] = [:]
    for (key, value) in entries {
      if allowed.contains(key) {
        fields[key] = value
      } else {
        value.report(
          "‘\(key)’ is not a key of \(what)", "use \(allowed.joined(separator: ", "))")
      }
    }
    return fields
  }
}

extension Int64 {
  /// A whole number as people write it: decimal, 0x… or …h, with or without a sign; plain digits
  /// are hexadecimal on request.
  init?(notation text: String, hexadecimal: Bool = false) {
    let text = text.lowercased()
    let value: Int64?
    if text.hasPrefix("0x") {
      value = Int64(text.dropFirst(2), radix: 16)
    } else if text.hasSuffix("h") {
      value = Int64(text.dropLast(), radix: 16)
    } else {
      value = Int64(text, radix: hexadecimal ? 16 : 10)
    }
    guard let value else { return nil }
    self = value
  }
}
