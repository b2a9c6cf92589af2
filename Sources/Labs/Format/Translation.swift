/// A lab's texts in another language: `lab.de.md` beside `lab.md` has the page, and in its front
/// matter whatever else is to be read. What it leaves out stays as it is.
extension Lab {
  /// Takes the texts of a translation.
  mutating func translate(file name: String, language: String) throws(LabProblems) {
    words = SheetWords(language: language)
    let text = try LabLibrary.text(name)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let file = YAMLFile(name: name, offset: 1)
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
      throw LabProblems(problems: [
        LabProblem(
          file: name, line: 1, what: "a translation begins with its front matter",
          remedy: "put YAML between two lines of three dashes")
      ])
    }
    if let root = file.parse(lines[1..<end].joined(separator: "\n")),
      let fields = root.fields(["title", "summary", "questions"], of: "a translation")
    {
      if let title = fields["title"]?.text { self.title = title }
      if let summary = fields["summary"]?.text { self.summary = summary }
      for (id, value) in fields["questions"]?.entries ?? [] { translate(question: id, value) }
    }
    page = lines[(end + 1)...].enumerated().map { index, line in
      Template(text: String(line), line: end + 1 + index)
    }
    for question in questions
    where !page.contains(where: { Self.questionID(in: $0.text) == question.id }) {
      file.report(
        0, "question ‘\(question.id)’ is not on the page", "add a line ‘? \(question.id)’")
    }
    guard file.problems.isEmpty else { throw LabProblems(problems: file.problems) }
  }

  private mutating func translate(question id: String, _ node: YAMLNode) {
    guard let index = questions.firstIndex(where: { $0.id == id }) else {
      return node.report(
        "there is no question ‘\(id)’",
        "use one of \(questions.map(\.id).joined(separator: ", "))")
    }
    let fields = node.fields(
      ["ask", "hint", "explanation", "options", "columns", "reach"], of: "a translated question")
    guard let fields else { return }
    func template(_ key: String) -> Template? { fields[key].flatMap(Self.template) }
    if let ask = template("ask") { questions[index].ask = ask }
    if let hint = template("hint") { questions[index].hint = hint }
    if let explanation = template("explanation") { questions[index].explanation = explanation }
    translate(answer: &questions[index].answer, fields, of: node)
  }

  private static func template(_ node: YAMLNode) -> Template? {
    node.text.map { Template(text: $0, line: node.line) }
  }

  /// What belongs to an answer, in the order of the lab's own file. The names of a table's rows stay:
  /// they are what answers are called by.
  private func translate(
    answer: inout Question.Answer, _ fields: [String: YAMLNode], of node: YAMLNode
  ) {
    func items(_ key: String, count: Int) -> [YAMLNode]? {
      guard let list = fields[key]?.items else { return nil }
      if list.count == count { return list }
      node.report(
        "there are \(list.count) ‘\(key)’ here, and the lab has \(count)", "translate each of them")
      return nil
    }
    func texts(_ item: YAMLNode, _ key: String) -> (text: Template?, hint: Template?) {
      let fields = item.fields([key, "hint"], of: "a translated answer") ?? [:]
      return (fields[key].flatMap(Self.template), fields["hint"].flatMap(Self.template))
    }
    switch answer {
    case .choice(var options, let several):
      for (index, item) in (items("options", count: options.count) ?? []).enumerated() {
        let (text, hint) = texts(item, "text")
        if let text { options[index].text = text }
        if let hint { options[index].hint = hint }
      }
      answer = .choice(options, several: several)
    case .program(var feats, let run, let model):
      for (index, item) in (items("reach", count: feats.count) ?? []).enumerated() {
        let (name, hint) = texts(item, "name")
        if let name { feats[index].name = name }
        if let hint { feats[index].hint = hint }
      }
      answer = .program(feats, run: run, model: model)
    case .table(let columns, let rows):
      guard let list = items("columns", count: columns.count) else { return }
      answer = .table(columns: list.compactMap(Self.template), rows: rows)
    case .number, .text, .goal, .card: break
    }
    let own: String? =
      switch answer {
      case .choice: "options"
      case .table: "columns"
      case .program: "reach"
      case .number, .text, .goal, .card: nil
      }
    for key in ["options", "columns", "reach"] where key != own {
      fields[key]?.report("‘\(key)’ does not belong to this question", "leave it out")
    }
  }
}
