/// A mistake in a lab or in a file of answers: where it is, what is wrong, and what to do about it.
public struct LabProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file, as the user named it.
  public var file: String
  /// The line in it, from 1; 0 for the file as a whole.
  public var line: Int
  /// What is wrong there.
  public var what: String
  /// What to do instead.
  public var remedy: String

  /// A mistake at a place.
  public init(file: String, line: Int = 0, what: String, remedy: String) {
    self.file = file
    self.line = line
    self.what = what
    self.remedy = remedy
  }

  public var description: String {
    printable("\(file):\(line > 0 ? "\(line):" : "") \(what); \(remedy)")
  }
}

/// All the mistakes that were found in reading.
public struct LabProblems: Error, Sendable {
  /// In the order in which they were found; never empty.
  public var problems: [LabProblem]

  /// These mistakes, at least one.
  public init(problems: [LabProblem]) { self.problems = problems }
}
