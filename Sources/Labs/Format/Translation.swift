/// A lab's texts in another language: `lab.de.md` beside `lab.md` has the page, and in its front
/// matter whatever else is to be read. What it leaves out stays as it is.
extension Lab {
  /// Takes the texts of a translation.
  mutating func translate(file name: String, language: String) throws(LabProblems) {
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
    let fields = node.fields(["ask", "hint", "explanation"], of: "a translated question") ?? [:]
    func template(_ key: String) -> Template? {
      fields[key].flatMap { field in field.text.map { Template(text: $0, line: field.line) } }
    }
    if let ask = template("ask") { questions[index].ask = ask }
    if let hint = template("hint") { questions[index].hint = hint }
    if let explanation = template("explanation") { questions[index].explanation = explanation }
  }
}
