/// A file with front matter: YAML between two lines of three dashes, then a page of Markdown.
struct FrontMatter {
  let file: YAMLFile
  /// The YAML text's fields.
  let fields: [String: YAMLNode]
  /// What stands behind it.
  let page: String

  /// Reads the text of `name`, whose front matter may have `keys` and must have `needed`.
  init(
    file name: String, text: String, keys: [String], needed: [String], of what: String
  ) throws(LabProblems) {
    file = YAMLFile(name: name, offset: 1)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first == "---", let end = lines.dropFirst().firstIndex(of: "---") else {
      throw LabProblems(problems: [
        LabProblem(
          file: name, what: "\(what) begins with its front matter",
          remedy: "put YAML between two lines of three dashes")
      ])
    }
    let root = file.parse(lines[1..<end].joined(separator: "\n"))
    fields = root?.fields(keys, of: what) ?? [:]
    for key in needed where fields[key] == nil {
      root?.report("‘\(key)’ is missing", "add it")
    }
    page = lines[(end + 1)...].joined(separator: "\n")
  }

  /// Has the mistakes thrown that were noted until now.
  func check() throws(LabProblems) {
    if !file.problems.isEmpty { throw LabProblems(problems: file.problems) }
  }
}
