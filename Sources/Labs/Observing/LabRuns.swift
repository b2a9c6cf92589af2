public import Machine

/// All runs of a lab for one student. Each is made when something is asked of it, and then kept.
public final class LabRuns {
  public let lab: Lab
  public let values: DrawnValues
  private let build: LabRun.Builder
  private var made: [String: LabRun] = [:]
  private var compared: [String: Divergence?] = [:]

  /// The runs of a lab with a student's values; none is made yet.
  public init(_ lab: Lab, values: DrawnValues, build: @escaping LabRun.Builder) {
    self.lab = lab
    self.values = values
    self.build = build
  }

  /// The run with a name, the lab's own without one.
  public func run(named name: String? = nil) throws(LabProblem) -> LabRun {
    if let run = made[name ?? lab.runs.first?.name ?? ""] { return run }
    let run = try LabRun(name, of: lab, values: values, build: build)
    made[run.plan.name] = run
    return run
  }

  /// Where the run `seen` first does something else than the run `expected`; nil if it never does.
  public func divergence(
    of seen: String, from expected: String
  ) throws(LabProblem) -> Divergence? {
    let key = "\(seen) \(expected)"
    if let known = compared[key] { return known }
    let run = try run(named: expected)
    let comparison = Comparison(
      expected: try run.atStart(), seen: try self.run(named: seen).atStart(), stretch: 4096)
    var found: Divergence?
    if case .different(let divergence) = comparison.run(until: run.limit) { found = divergence }
    compared[key] = .some(found)
    return found
  }

  /// A run in which a student types.
  func run(named name: String?, typing lines: [String]) throws(LabProblem) -> LabRun {
    try LabRun(name, of: lab, values: values, typing: lines, build: build)
  }

  /// A run whose guest is made of a source file that a student has written.
  func run(named name: String?, submitting source: String) throws(LabProblem) -> LabRun {
    try LabRun(name, of: lab, values: values, submitting: source, build: build)
  }
}
