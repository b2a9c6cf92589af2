/// The words for what keys do: in settings, and typed in place of keys.
extension Action {
  /// The action that a user calls so; blanks may stand for hyphens.
  init?(named name: String) {
    let name = name.lowercased().split(separator: " ").joined(separator: "-")
    guard let found = Self.names.first(where: { $0.name == name }) else { return nil }
    self = found.action
  }

  /// Every action that a key of CONTROL has, by its name.
  static let names: [(name: String, action: Action)] =
    [
      ("guest", .toggleInput), ("run", .run), ("pause", .pause), ("run-or-pause", .runOrPause),
    ] + steps
    + [
      ("why", .why), ("mode", .open(.modes)), ("compare", .compare), ("predict", .predict),
      ("edit", .editControlBlock), ("break", .breakpoint),
    ] + Pane.exchangeable.map { ("\($0)", .show($0)) }
    + [
      ("next-pane", .nextPane), ("previous-pane", .previousPane), ("zoom", .zoom),
      ("view", .console), ("older", .older), ("newer", .newer), ("newest", .newest),
      ("go", .goTo), ("earlier", .scrub(-1)), ("later", .scrub(1)), ("start", .start),
      ("latest", .latest), ("slower", .slower), ("faster", .faster), ("freeze", .freeze),
      ("ideas", .open(.pages)), ("demos", .open(.guides)), ("labs", .labs), ("answer", .answer),
      ("page-down", .leaf(1)), ("page-up", .leaf(-1)), ("keep", .saveSnapshot), ("reset", .reset),
      ("redraw", .redraw), ("suspend", .suspend), ("help", .help), ("quit", .quit),
    ]

  /// A step's name, and the same with `-back`.
  private static let steps: [(name: String, action: Action)] =
    ([
      ("step", .instruction), ("ring", .ringChange), ("trap", .trap), ("over", .over),
      ("out", .out), ("hypercall", .hypercall), ("exit", .exit), ("continue", .predicate),
    ] as [(String, StepGoal)]).flatMap { name, goal in
      [(name, .forward(goal)), (name + "-back", .backward(goal))]
    }
}
