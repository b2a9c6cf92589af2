/// The verdicts on one student's answers to a lab.
public struct Report: Sendable, Equatable {
  /// The verdict on one question.
  public struct Result: Sendable, Equatable {
    /// The question's name.
    public var id: String
    /// What it is worth, and what was earned.
    public var points: Int
    public var earned: Int
    public var verdict: Verdict
    /// A hint if it is wrong, an explanation if it is right.
    public var comment: String
  }

  /// What became of an answer.
  public enum Verdict: String, Sendable {
    case right, wrong, missing
    /// It cites no event, one that does not exist, or one that shows nothing.
    case refused
  }

  public let lab: String
  public let seed: UInt64
  public let results: [Result]
  /// Answers to questions that the lab does not have, or does not grade.
  public let unknownQuestions: [String]

  /// The sums.
  public var points: Int { results.reduce(0) { $0 + $1.points } }
  public var earned: Int { results.reduce(0) { $0 + $1.earned } }
  /// Whether everything was right.
  public var isPerfect: Bool { results.allSatisfy { $0.verdict == .right } }
}

/// The forms in which a report is written.
public enum ReportFormat: String, Sendable, CaseIterable {
  case text, json, junit, tap
}

extension Report {
  /// The report in a form, each line with its end.
  public func written(as format: ReportFormat) -> String {
    switch format {
    case .text: text
    case .json: json
    case .junit: junit
    case .tap: tap
    }
  }

  private var text: String {
    let width = results.map(\.id.count).max() ?? 0
    var lines = results.map { result in
      let name = result.id + String(repeating: " ", count: width - result.id.count)
      let head = "\(name)  \(result.earned)/\(result.points) \(result.verdict.rawValue)"
      return result.comment.isEmpty ? head : "\(head): \(printable(result.comment))"
    }
    lines += unknownQuestions.map { "\(printable($0)): this lab has no such question to be graded" }
    lines.append("\(lab), seed \(seed): \(earned) of \(points) points")
    return lines.joined(separator: "\n") + "\n"
  }

  private var json: String {
    let questions = results.map { result in
      """
      {"id": \(quoted(result.id)), "points": \(result.points), "earned": \(result.earned), \
      "verdict": \(quoted(result.verdict.rawValue)), "comment": \(quoted(result.comment))}
      """
    }
    return """
      {"lab": \(quoted(lab)), "seed": \(seed), "points": \(points), "earned": \(earned), \
      "questions": [\(questions.joined(separator: ", "))], \
      "unknown": [\(unknownQuestions.map(quoted).joined(separator: ", "))]}

      """
  }

  /// JUnit's XML, as continuous integration reads it.
  private var junit: String {
    let failures = results.count { $0.verdict != .right }
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<testsuite name=\"\(escaped(lab))\" tests=\"\(results.count)\" failures=\"\(failures)\">",
    ]
    for result in results {
      let start = "  <testcase classname=\"\(escaped(lab))\" name=\"\(escaped(result.id))\""
      if result.verdict == .right {
        lines.append(start + "/>")
      } else {
        lines.append(start + ">")
        lines.append(
          "    <failure type=\"\(result.verdict.rawValue)\" message=\"\(escaped(result.comment))\"/>"
        )
        lines.append("  </testcase>")
      }
    }
    return (lines + ["</testsuite>"]).joined(separator: "\n") + "\n"
  }

  /// The Test Anything Protocol, version 13.
  private var tap: String {
    var lines = ["TAP version 13", "1..\(results.count)"]
    for (index, result) in results.enumerated() {
      let isRight = result.verdict == .right
      lines.append("\(isRight ? "ok" : "not ok") \(index + 1) - \(result.id)")
      if !isRight { lines.append("# \(result.verdict.rawValue): \(printable(result.comment))") }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private func escaped(_ text: String) -> String {
    text.unicodeScalars.reduce(into: "") { result, scalar in
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.properties.generalCategory == .control: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
}

extension Report {
  /// The same for some of the questions only.
  public func limited(to ids: Set<String>) -> Report {
    Report(
      lab: lab, seed: seed, results: results.filter { ids.contains($0.id) },
      unknownQuestions: unknownQuestions)
  }
}
