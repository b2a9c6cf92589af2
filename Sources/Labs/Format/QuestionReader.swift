/// Reads the questions of a lab.
struct QuestionReader {
  /// The values there are.
  let known: Set<String>
  /// The names of the lab's runs.
  let runs: [String]

  private var measures: MeasureReader { MeasureReader(known: known, runs: runs) }

  private static let keys = [
    "id", "ask", "hint", "explanation", "points", "evidence", "tag", "number", "hexadecimal",
    "text",
    "choice", "choices", "table", "goal", "program", "predict",
  ]
  private static let answers = [
    "number", "hexadecimal", "text", "choice", "choices", "table", "goal", "program",
  ]

  func questions(_ node: YAMLNode) -> [Question] {
    var seen: Set<String> = []
    return (node.items ?? []).compactMap { item in
      guard let question = question(item) else { return nil }
      if !seen.insert(question.id).inserted {
        item.report("there are two questions ‘\(question.id)’", "give each a name of its own")
      }
      return question
    }
  }

  private func question(_ node: YAMLNode) -> Question? {
    guard let fields = node.fields(Self.keys, of: "a question") else { return nil }
    guard let id = fields["id"]?.text, let ask = fields["ask"].flatMap(template) else {
      node.report("a question has an ‘id’ and an ‘ask’", "add what is missing")
      return nil
    }
    let tag = fields["tag"]?.text
    if let tag, tag != "observed", tag != "card" {
      fields["tag"]?.report("there is no tag ‘\(tag)’", "use observed or card")
    }
    guard let answer = answer(fields, node, isCard: tag == "card") else { return nil }
    let isPrediction = fields["predict"]?.text == "true"
    let evidence: Question.Evidence?
    if let given = fields["evidence"] {
      evidence = self.evidence(given)
    } else {
      // Who predicts has not seen any event yet.
      evidence = isPrediction ? nil : answer.ownEvidence
    }
    let points = fields["points"]?.number.flatMap { Int(exactly: $0) } ?? answer.defaultPoints
    if !(0...100).contains(points) {
      fields["points"]?.report("\(points) points are out of range", "give 0 to 100")
    }
    return Question(
      id: id, line: node.line, isPrediction: isPrediction, ask: ask,
      hint: fields["hint"].flatMap(template),
      explanation: fields["explanation"].flatMap(template), points: points, answer: answer,
      evidence: evidence)
  }

  private func answer(
    _ fields: [String: YAMLNode], _ node: YAMLNode, isCard: Bool
  ) -> Question.Answer? {
    let given = Self.answers.filter { fields[$0] != nil }
    if isCard {
      if let key = given.first {
        fields[key]?.report("a card has no answer to be graded", "write it as ‘explanation’")
      }
      return .card
    }
    guard given.count == 1, let key = given.first, let value = fields[key] else {
      node.report(
        given.isEmpty ? "this question has no answer" : "this question has two answers",
        "give it one of \(Self.answers.joined(separator: ", ")), or ‘tag: card’")
      return nil
    }
    switch key {
    case "number": return measures.measure(value).map { .number($0, isHexadecimal: false) }
    case "hexadecimal": return measures.measure(value).map { .number($0, isHexadecimal: true) }
    case "text": return measures.measure(value).map { .text($0) }
    case "choice", "choices": return choice(value, several: key == "choices")
    case "table": return table(value)
    case "program": return program(value)
    default: return goal(value)
    }
  }

  private func choice(_ node: YAMLNode, several: Bool) -> Question.Answer? {
    let options = each(node).compactMap { item -> Question.Option? in
      guard let fields = item.fields(["each", "text", "when", "hint"], of: "an option"),
        let text = fields["text"].flatMap(template)
      else { return nil }
      guard let when = fields["when"] else {
        item.report("nothing says when this option is right", "add ‘when’ with a comparison")
        return nil
      }
      return Question.Option(
        text: text, when: measures.conditions(when), hint: fields["hint"].flatMap(template))
    }
    if !(2...20).contains(options.count) {
      node.report("\(options.count) options are no choice", "give 2 to 20")
    }
    return .choice(options, several: several)
  }

  private func table(_ node: YAMLNode) -> Question.Answer? {
    guard let fields = node.fields(["columns", "rows"], of: "a table") else { return nil }
    let columns = (fields["columns"]?.items ?? []).compactMap(template)
    let rows = (fields["rows"].map(each) ?? []).compactMap { row(_: $0) }
    for row in rows where row.cells.count != columns.count {
      node.file.report(
        row.line, "this row has \(row.cells.count) cells, the table \(columns.count) columns",
        "give each column a cell")
    }
    if columns.isEmpty || rows.isEmpty {
      node.report("a table has columns and rows", "add both")
    }
    return .table(columns: columns, rows: rows)
  }

  /// The items of a list. One with `each: probe` stands for as many as there are of probe1, probe2
  /// and so on: in the first, {probe} is {probe1}.
  private func each(_ node: YAMLNode) -> [YAMLNode] {
    (node.items ?? []).flatMap { item -> [YAMLNode] in
      guard item.isMapping, let (_, value) = item.entries?.first(where: { $0.key == "each" }),
        let name = value.text
      else { return [item] }
      var items: [YAMLNode] = []
      while known.contains(where: {
        $0 == "\(name)\(items.count + 1)" || $0.hasPrefix("\(name)\(items.count + 1).")
      }) {
        let number = items.count + 1
        items.append(
          item.replacing("{\(name)}", with: "{\(name)\(number)}")
            .replacing("{\(name).", with: "{\(name)\(number)."))
      }
      if items.isEmpty {
        value.report("there is no ‘\(name)1’ among the values", "draw some: {some: 2, of: [a, b]}")
      }
      return items
    }
  }

  private func row(_ node: YAMLNode) -> Question.Row? {
    guard let fields = node.fields(["each", "name", "cells", "hexadecimal"], of: "a row"),
      let name = fields["name"].flatMap(template)
    else { return nil }
    let cells = ((fields["cells"] ?? fields["hexadecimal"])?.items ?? []).compactMap {
      measures.measure($0)
    }
    return Question.Row(
      name: name, cells: cells, isHexadecimal: fields["hexadecimal"] != nil, line: node.line)
  }

  private func goal(_ node: YAMLNode) -> Question.Answer? {
    guard let fields = node.fields(["reach", "model", "run"], of: "a goal"),
      let reach = fields["reach"]
    else { return nil }
    guard let model = fields["model"] else {
      node.report("no one knows whether this goal can be reached", "add ‘model’, lines to type")
      return nil
    }
    let lines = (model.items ?? []).compactMap(template)
    return .goal(
      measures.conditions(reach), run: fields["run"].flatMap(measures.run), model: lines)
  }

  private func program(_ node: YAMLNode) -> Question.Answer? {
    guard let fields = node.fields(["reach", "model", "run"], of: "a program") else { return nil }
    guard let model = fields["model"].flatMap(template) else {
      node.report("no one knows whether this can be written", "add ‘model’, a file of this folder")
      return nil
    }
    let feats = (fields["reach"]?.items ?? []).compactMap { item -> Question.Feat? in
      guard let fields = item.fields(["name", "when", "hint"], of: "something to reach") else {
        return nil
      }
      guard let name = fields["name"].flatMap(template), let when = fields["when"] else {
        item.report("what is to be reached has a ‘name’ and a ‘when’", "add what is missing")
        return nil
      }
      return Question.Feat(
        name: name, when: measures.conditions(when), hint: fields["hint"].flatMap(template))
    }
    if feats.isEmpty { node.report("this program is to do nothing", "add ‘reach’, a list") }
    return .program(feats, run: fields["run"].flatMap(measures.run), model: model)
  }

  private func evidence(_ node: YAMLNode) -> Question.Evidence? {
    if !node.isMapping, node.text == "none" { return nil }
    guard let fields = node.fields(["event", "nth", "within", "run"], of: "evidence"),
      let event = fields["event"], let pattern = measures.pattern(event)
    else { return nil }
    let window = fields["within"].flatMap { measures.window($0) }
    var evidence = Question.Evidence.any(pattern, within: window)
    if let nth = fields["nth"].flatMap(template) {
      evidence = .one(Occurrence(pattern: pattern, nth: nth, window: window, line: node.line))
    }
    guard let name = fields["run"] else { return evidence }
    return measures.run(name).map { .inRun($0, evidence) }
  }

  private func template(_ node: YAMLNode) -> Template? { measures.template(node) }
}

extension Question.Answer {
  /// The events that show what is asked, when the lab does not name others.
  fileprivate var ownEvidence: Question.Evidence? {
    switch self {
    case .number(let measure, _), .text(let measure): measure.evidence
    case .choice, .table, .goal, .program, .card: nil
    }
  }

  fileprivate var defaultPoints: Int {
    switch self {
    case .card: 0
    case .table(let columns, let rows): columns.count * rows.count
    case .program(let feats, _, _): feats.count
    default: 1
    }
  }
}

extension Measure {
  /// The events that it looks at.
  var evidence: Question.Evidence? {
    switch self {
    case .count(let pattern, let window): .any(pattern, within: window)
    case .field(_, let occurrence): .one(occurrence)
    case .register(_, _, let moment), .memory(_, _, let moment):
      switch moment {
      case .before(let occurrence), .after(let occurrence): .one(occurrence)
      case .end: nil
      }
    case .sum(let parts), .product(let parts): parts.lazy.compactMap(\.evidence).first
    case .difference(let left, let right), .quotient(let left, let right):
      left.evidence ?? right.evidence
    case .bit(_, let measure): measure.evidence
    case .inRun(let run, let measure): measure.evidence.map { .inRun(run, $0) }
    case .constant, .console, .firstDifference, .divergence, .total, .counter: nil
    }
  }
}
