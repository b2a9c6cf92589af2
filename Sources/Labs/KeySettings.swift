/// What a user's file of keys says: actions with the keys that they are to have.
///
///     step: s
///     ring: [n, F7]
///     zoom: none
public struct KeySettings: Equatable, Sendable {
  public struct Row: Equatable, Sendable {
    public var action: String
    /// By their names; empty for `none`.
    public var keys: [String]
    /// Its line in the file, from 1.
    public var line: Int
  }

  /// In the order of the file.
  public var rows: [Row] = []

  /// Reads the file's text. Whether there are such actions and keys is not known here.
  public init(text: String, file: String) throws(LabProblems) {
    let isEmpty = text.split(separator: "\n").allSatisfy { line in
      line.allSatisfy(\.isWhitespace) || line.first { !$0.isWhitespace } == "#"
    }
    if isEmpty { return }
    let yaml = YAMLFile(name: file)
    for (action, value) in yaml.parse(text)?.entries ?? [] {
      let names = value.isList ? (value.items ?? []).compactMap(\.text) : [value.text ?? ""]
      rows.append(Row(action: action, keys: names == ["none"] ? [] : names, line: value.line))
    }
    guard yaml.problems.isEmpty else {
      // What is most often wrong in such a file.
      let repeated = Self.repeatedLine(in: text)
      let problems = yaml.problems.map { problem in
        var problem = problem
        if let repeated {
          (problem.line, problem.remedy) = (repeated, "keep one of them")
        } else if problem.what.hasPrefix("this is not YAML") {
          problem.remedy = "put signs into quotes: \"-\""
        }
        return problem
      }
      throw LabProblems(problems: problems)
    }
  }

  /// The first line about an action that another line was about, from 1; nil if there is none.
  private static func repeatedLine(in text: String) -> Int? {
    var seen: Set<String> = []
    for (place, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let action = line.prefix { $0 != ":" }.filter { !$0.isWhitespace && $0 != "\"" && $0 != "'" }
      guard line.contains(":"), action.first != "#" else { continue }
      if !seen.insert(action).inserted { return place + 1 }
    }
    return nil
  }
}
