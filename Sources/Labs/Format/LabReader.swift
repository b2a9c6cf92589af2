import X86

/// Reads a lab's file: front matter, then the page.
struct LabReader {
  private let file: YAMLFile
  private let slug: String
  private let text: String
  /// How many lines stand before the page.
  private var pageOffset = 0

  private static let keys =
    [
      "title", "summary", "minutes", "modes", "runs", "values", "questions",
    ] + RunPlanReader.shared

  /// Reads the lab `slug` from the text of its file.
  static func read(slug: String, file: String, text: String) throws(LabProblems) -> Lab {
    var reader = LabReader(file: YAMLFile(name: file, offset: 1), slug: slug, text: text)
    let lab = reader.lab()
    guard let lab, reader.file.problems.isEmpty else {
      throw LabProblems(problems: reader.file.problems)
    }
    return lab
  }

  private mutating func lab() -> Lab? {
    guard let (front, page) = parts(), let root = file.parse(front),
      let fields = root.fields(Self.keys, of: "a lab")
    else { return nil }
    for key in ["title", "summary", "questions"] where fields[key] == nil {
      root.report("‘\(key)’ is missing", "add it; see labs/README.md")
    }
    let values = fields["values"].map { ValueReader.values($0) } ?? []
    let known = Set(values.flatMap(\.names) + [DrawnValues.seedName])
    let runs = RunPlanReader(known: known).runs(fields, of: root)
    let questions = fields["questions"].map { node in
      QuestionReader(known: known, runs: runs.map(\.name)).questions(node)
    }
    let lab = Lab(
      slug: slug, file: file.name, title: fields["title"]?.text ?? "",
      summary: fields["summary"]?.text ?? "",
      minutes: fields["minutes"].flatMap { $0.number(in: 1...600) } ?? 30, runs: runs,
      values: values, questions: questions ?? [], page: page)
    checkPage(lab, known: known)
    return lab
  }

  /// The text between the two lines of three dashes, and the lines behind them.
  private mutating func parts() -> (front: String, page: [Template])? {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.last == "\r" ? line.dropLast() : line
    }
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
      file.report(
        0, "a lab begins with its front matter", "put YAML between two lines of three dashes")
      return nil
    }
    pageOffset = end
    let page = lines[(end + 1)...].enumerated().map { index, line in
      // YAML lines count from the second of the file.
      Template(text: String(line), line: end + 1 + index)
    }
    return (lines[1..<end].joined(separator: "\n"), page)
  }

  private func check(_ template: Template, known: Set<String>) {
    for name in template.names where !known.contains(name) {
      file.report(
        template.line, "there is no value ‘\(name)’", Self.remedy(for: name, known: known))
    }
  }

  static func remedy(for name: String, known: Set<String>) -> String {
    "declare it under ‘values’; so far there are \(known.sorted().joined(separator: ", "))"
  }

  /// Every question has its place on the page, and the page asks for nothing else.
  private func checkPage(_ lab: Lab, known: Set<String>) {
    var placed: Set<String> = []
    for line in lab.page {
      check(line, known: known)
      guard let id = Lab.questionID(in: line.text) else { continue }
      if lab.question(id) == nil {
        file.report(
          line.line, "there is no question ‘\(id)’",
          "use one of \(lab.questions.map(\.id).joined(separator: ", "))")
      }
      if !placed.insert(id).inserted {
        file.report(line.line, "question ‘\(id)’ is on the page twice", "remove one of the lines")
      }
    }
    for question in lab.questions where !placed.contains(question.id) {
      file.report(
        question.line, "question ‘\(question.id)’ is not on the page",
        "add a line ‘? \(question.id)’ where it is to be asked")
    }
  }
}

extension Lab {
  /// The question that a line of the page stands for.
  static func questionID(in line: String) -> String? {
    guard line.hasPrefix("? ") else { return nil }
    return String(line.dropFirst(2).filter { $0 != " " })
  }
}

/// Reads what differs from student to student.
enum ValueReader {
  static func values(_ node: YAMLNode) -> [LabValue] {
    (node.entries ?? []).compactMap { name, value in
      guard isName(name) else {
        value.report("‘\(name)’ is not a name", "use letters, digits and dashes, a letter first")
        return nil
      }
      guard let fields = value.fields(["from", "to", "some", "one of", "of"], of: "a value") else {
        return nil
      }
      return kind(fields, value).map { LabValue(name: name, line: value.line, kind: $0) }
    }
  }

  private static func isName(_ text: String) -> Bool {
    text.first?.isLetter == true && text.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" }
  }

  private static func kind(_ fields: [String: YAMLNode], _ node: YAMLNode) -> LabValue.Kind? {
    if let from = fields["from"], let to = fields["to"] {
      guard let low = from.number, let high = to.number else { return nil }
      guard low <= high else {
        from.report("\(low) is above \(high)", "write the smaller number first")
        return nil
      }
      return .range(low...high)
    }
    if let list = fields["one of"] { return some(1, list, isNumbered: false) }
    if let some = fields["some"], let list = fields["of"] {
      guard let count = some.number.flatMap({ Int(exactly: $0) }) else { return nil }
      return Self.some(count, list, isNumbered: true)
    }
    node.report(
      "this says not how to draw a value",
      "write {from: 1, to: 9}, {one of: [a, b]} or {some: 2, of: [a, b, c]}")
    return nil
  }

  private static func some(_ count: Int, _ list: YAMLNode, isNumbered: Bool) -> LabValue.Kind? {
    guard let nodes = list.items else { return nil }
    let items = nodes.compactMap { node -> LabValue.Item? in
      guard node.isMapping else { return node.text.map { LabValue.Item(parts: ["": $0]) } }
      var parts: [String: String] = [:]
      for (key, value) in node.entries ?? [] { parts[key] = value.text }
      return LabValue.Item(parts: parts)
    }
    guard count >= 1, count <= items.count else {
      list.report(
        "\(count) cannot be drawn from \(items.count)", "give more of them, or draw fewer")
      return nil
    }
    for (node, item) in zip(nodes, items) where item.parts.keys != items[0].parts.keys {
      node.report("this has other parts than the first one", "give all of them the same parts")
    }
    return .some(count, items, isNumbered: isNumbered)
  }
}
