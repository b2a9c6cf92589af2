/// Reads measures, patterns and comparisons.
struct MeasureReader {
  /// The values there are.
  let known: Set<String>
  /// The names of the lab's runs.
  let runs: [String]

  private static let kinds = [
    "count", "field", "register", "real register", "memory", "console", "first difference",
    "divergence",
    "total",
    "counter", "bit", "sum", "product", "difference", "quotient",
  ]
  private static let keys =
    kinds + [
      "of", "nth", "within", "before", "after", "at", "bytes", "run", "between",
    ]

  /// A text that may have values in it.
  func template(_ node: YAMLNode) -> Template? {
    guard let text = node.text else { return nil }
    let template = Template(text: text, line: node.line)
    for name in template.names where !known.contains(name) {
      node.report("there is no value ‘\(name)’", LabReader.remedy(for: name, known: known))
    }
    return template
  }

  func measure(_ node: YAMLNode) -> Measure? {
    guard node.isMapping else { return template(node).map { .constant($0) } }
    guard let fields = node.fields(Self.keys, of: "a measure") else { return nil }
    guard let name = fields["run"] else { return measure(node, fields) }
    guard let run = run(name), let measure = measure(node, fields) else { return nil }
    return .inRun(run, measure)
  }

  /// The name of a run.
  func run(_ node: YAMLNode) -> String? {
    guard let text = node.text else { return nil }
    if runs.contains(text) { return text }
    node.report("there is no run ‘\(text)’", "use one of \(runs.joined(separator: ", "))")
    return nil
  }

  private func measure(_ node: YAMLNode, _ fields: [String: YAMLNode]) -> Measure? {
    let given = Self.kinds.filter { fields[$0] != nil }
    guard given.count == 1, let kind = given.first, let value = fields[kind] else {
      node.report(
        given.isEmpty ? "this measures nothing" : "this measures two things",
        "use one of \(Self.kinds.joined(separator: ", "))")
      return nil
    }
    switch kind {
    case "count":
      return pattern(value).map { .count($0, within: fields["within"].flatMap(window)) }
    case "field": return field(value, fields, node)
    case "register", "real register":
      guard let name: RegisterName = word(value, "register") else { return nil }
      let processor = kind == "register" ? Processor.believed : .real
      return moment(fields, node).map { .register(name, of: processor, at: $0) }
    case "memory":
      guard let address = measure(value), let moment = moment(fields, node) else { return nil }
      return .memory(address, bytes: size(fields["bytes"]), at: moment)
    case "console": return template(value).map { .console($0) }
    case "first difference":
      return two(value).map { .firstDifference($0, $1, line: node.line) }
    case "divergence":
      guard let field: DivergenceField = word(value, "divergence") else { return nil }
      guard let between = fields["between"] else {
        node.report("a divergence between which runs?", "add ‘between’: [one, other]")
        return nil
      }
      return two(between).map { .divergence(field, $0, $1, line: node.line) }
    case "bit":
      guard let bit = value.number(in: 0...31) else { return nil }
      guard let of = fields["of"] else {
        node.report("a bit of what?", "add ‘of’ with a measure")
        return nil
      }
      return measure(of).map { .bit(bit, of: $0) }
    case "counter": return value.text.map { .counter($0, line: node.line) }
    case "total":
      guard let total: RunTotal = word(value, "total") else { return nil }
      return .total(total)
    default: return arithmetic(kind, value)
    }
  }

  /// The names of two runs.
  private func two(_ node: YAMLNode) -> (String, String)? {
    let names = (node.items ?? []).compactMap(run)
    if names.count == 2 { return (names[0], names[1]) }
    node.report("a difference is of two runs", "write [one, other]")
    return nil
  }

  private func arithmetic(_ kind: String, _ node: YAMLNode) -> Measure? {
    let parts = (node.items ?? []).compactMap { measure($0) }
    switch kind {
    case "sum": return .sum(parts)
    case "product": return .product(parts)
    default:
      guard parts.count == 2 else {
        node.report("a \(kind) is of two", "write [this, that]")
        return nil
      }
      return kind == "quotient"
        ? .quotient(parts[0], parts[1]) : .difference(parts[0], parts[1])
    }
  }

  private func field(
    _ node: YAMLNode, _ fields: [String: YAMLNode], _ whole: YAMLNode
  ) -> Measure? {
    guard let field: EventField = word(node, "field") else { return nil }
    guard let event = fields["of"] else {
      whole.report("a field of which event?", "add ‘of’ with a pattern")
      return nil
    }
    let nth = fields["nth"].flatMap(template)
    guard
      let occurrence = occurrence(event, nth: nth, within: fields["within"].flatMap(window))
    else { return nil }
    return .field(field, of: occurrence)
  }

  private func occurrence(_ node: YAMLNode, nth: Template?, within: Window?) -> Occurrence? {
    pattern(node).map { pattern in
      Occurrence(
        pattern: pattern, nth: nth ?? Template(text: "1", line: node.line), window: within,
        line: node.line)
    }
  }

  /// `before` or `after` an event, or `at: end`.
  private func moment(_ fields: [String: YAMLNode], _ node: YAMLNode) -> Instant? {
    let nth = fields["nth"].flatMap(template)
    let within = fields["within"].flatMap(window)
    if let event = fields["before"] {
      return occurrence(event, nth: nth, within: within).map { .before($0) }
    }
    if let event = fields["after"] {
      return occurrence(event, nth: nth, within: within).map { .after($0) }
    }
    if fields["at"]?.text == "end" { return .end }
    node.report("when is this to be looked at?", "add ‘before’ or ‘after’ an event, or ‘at: end’")
    return nil
  }

  private func size(_ node: YAMLNode?) -> Int {
    guard let node, let number = node.number else { return 4 }
    if [1, 2, 4].contains(number) { return Int(number) }
    node.report("\(number) bytes are no unit", "use 1, 2 or 4")
    return 4
  }

  func window(_ node: YAMLNode) -> Window? {
    guard let fields = node.fields(["first", "nth", "last", "until"], of: "a part of a run"),
      let first = fields["first"].flatMap(pattern),
      let end = (fields["last"] ?? fields["until"]).flatMap(pattern)
    else {
      node.report(
        "a part of a run has a ‘first’ and a ‘last’ event",
        "give a pattern for each; ‘until’ in place of ‘last’ takes the next")
      return nil
    }
    return Window(
      first: first, nth: fields["nth"].flatMap(template) ?? Template(text: "1", line: node.line),
      end: end, endsAtNext: fields["last"] == nil, line: node.line)
  }

  func pattern(_ node: YAMLNode) -> EventPattern? {
    guard let template = template(node) else { return nil }
    if let mistake = EventPattern.mistake(in: template) {
      node.report(mistake, "see Documentation/Predicates.md for predicates")
    }
    return EventPattern(template: template)
  }

  /// One comparison `[left, relation, right]`, or a list of such, which must all hold.
  func conditions(_ node: YAMLNode) -> [Condition] {
    guard let items = node.items else { return [] }
    if let first = items.first, first.isList { return items.compactMap { condition($0) } }
    return condition(node).map { [$0] } ?? []
  }

  private func condition(_ node: YAMLNode) -> Condition? {
    guard let items = node.items, items.count == 3 else {
      node.report("a comparison has three parts", "write [measure, =, measure]")
      return nil
    }
    guard let left = measure(items[0]), let right = measure(items[2]),
      let relation: Condition.Relation = word(items[1], "comparison")
    else { return nil }
    return Condition(left: left, relation: relation, right: right)
  }

  /// A word of a closed set.
  private func word<Word: RawRepresentable & CaseIterable>(_ node: YAMLNode, _ what: String)
    -> Word?
  where Word.RawValue == String {
    guard let text = node.text else { return nil }
    if let word = Word(rawValue: text) { return word }
    let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
    node.report("there is no \(what) ‘\(text)’", "use one of \(words)")
    return nil
  }
}
