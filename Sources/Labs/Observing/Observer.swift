import Machine
import Monitors
import X86

/// What a measure came to.
enum Observed: Sendable, Equatable {
  case number(Int64)
  case text(String)
}

/// Answers measures by looking at a run.
struct Observer {
  /// The run that measures are about when they do not name one.
  let run: LabRun
  let runs: LabRuns

  private var values: DrawnValues { run.values }

  func observe(_ measure: Measure) throws(LabFailure) -> Observed {
    switch measure {
    case .constant(let template):
      let text = template.filled(with: values)
      return Int64(notation: text).map { .number($0) } ?? .text(text)
    case .count(let pattern, let window):
      return .number(Int64(try events(matching: pattern, within: window).count))
    case .field(let field, let occurrence):
      let event = try event(occurrence)
      guard let value = field.value(of: event) else {
        throw LabFailure(
          line: occurrence.line,
          "event \(event.sequence), a \(event.kind), has no \(field.rawValue)",
          "ask for another field, or for another event")
      }
      return .number(value)
    case .register(let register, let processor, let moment):
      return .number(try machine(at: moment).value(of: register, processor))
    case .memory(let address, let bytes, let moment):
      return .number(try memory(at: number(address), bytes: bytes, moment))
    case .console(let template): return .text(try caught(by: template))
    case .firstDifference(let one, let other, let line):
      return .number(try firstDifference(one, other, line: line))
    case .divergence(let field, let expected, let seen, let line):
      return .number(field.value(of: try divergence(of: seen, from: expected, line: line)))
    case .total(let total): return .number(run.total(total))
    case .counter(let name, let line): return .number(try counter(name, line: line))
    case .sum(let parts):
      var sum: Int64 = 0
      for part in parts { sum &+= try number(part) }
      return .number(sum)
    case .product(let parts):
      var product: Int64 = 1
      for part in parts { product = product &* (try number(part)) }
      return .number(product)
    case .difference(let left, let right): return .number(try number(left) &- number(right))
    case .bit(let bit, let measure): return .number(try number(measure) >> bit & 1)
    case .quotient(let left, let right):
      let (dividend, divisor) = (try number(left), try number(right))
      guard divisor > 0, dividend >= 0 else {
        throw LabFailure(
          line: 0, "\(dividend) by \(divisor) is no quotient here", "divide by what is above 0")
      }
      return .number(dividend / divisor)
    case .inRun(let name, let measure): return try other(name).observe(measure)
    }
  }

  /// The same for another run.
  func other(_ name: String) throws(LabFailure) -> Observer {
    if name == run.plan.name { return self }
    do throws(LabProblem) {
      return Observer(run: try runs.run(named: name), runs: runs)
    } catch {
      throw LabFailure(line: 0, error.what, error.remedy)
    }
  }

  private func divergence(
    of seen: String, from expected: String, line: Int
  ) throws(LabFailure) -> Divergence {
    let found: Divergence?
    do throws(LabProblem) {
      found = try runs.divergence(of: seen, from: expected)
    } catch {
      throw LabFailure(line: line, error.what, error.remedy)
    }
    if let found { return found }
    throw LabFailure(
      line: line, "the runs ‘\(expected)’ and ‘\(seen)’ do the same",
      "compare runs of which one goes wrong")
  }

  private func counter(_ name: String, line: Int) throws(LabFailure) -> Int64 {
    if let found = run.counters.first(where: { $0.name == name }) { return Int64(found.count) }
    let names = run.counters.map(\.name).joined(separator: ", ")
    throw LabFailure(
      line: line, "nobody counts ‘\(name)’ in the run ‘\(run.plan.name)’",
      names.isEmpty ? "there is no monitor in emulation" : "use one of \(names)")
  }

  private func firstDifference(
    _ one: String, _ other: String, line: Int
  ) throws(LabFailure) -> Int64 {
    let texts = (try self.other(one).run.console, try self.other(other).run.console)
    let lines = (
      texts.0.split(separator: "\n", omittingEmptySubsequences: false),
      texts.1.split(separator: "\n", omittingEmptySubsequences: false)
    )
    let common = zip(lines.0, lines.1).prefix { $0 == $1 }.count
    guard common < max(lines.0.count, lines.1.count) else {
      throw LabFailure(
        line: line, "the runs ‘\(one)’ and ‘\(other)’ print the same",
        "compare runs that differ on the console")
    }
    return Int64(common + 1)
  }

  /// A measure that must be a number. Text from the console may be one, in hexadecimal on request.
  func number(_ measure: Measure, isHexadecimal: Bool = false) throws(LabFailure) -> Int64 {
    switch try observe(measure) {
    case .number(let number): return number
    case .text(let text):
      if let number = Int64(notation: text, hexadecimal: isHexadecimal) { return number }
      throw LabFailure(
        line: 0, "‘\(text)’ was observed where a number is needed", "measure something else there")
    }
  }

  func holds(_ condition: Condition) throws(LabFailure) -> Bool {
    switch condition.relation {
    case .equal: return try isSame(condition)
    case .unequal: return try !isSame(condition)
    case .less: return try number(condition.left) < number(condition.right)
    case .atMost: return try number(condition.left) <= number(condition.right)
    case .more: return try number(condition.left) > number(condition.right)
    case .atLeast: return try number(condition.left) >= number(condition.right)
    }
  }

  /// Numbers are the same if their values are, anything else if it is spelled the same.
  private func isSame(_ condition: Condition) throws(LabFailure) -> Bool {
    switch (try observe(condition.left), try observe(condition.right)) {
    case (.number(let left), .number(let right)): left == right
    case (.text(let left), .text(let right)): left == right
    case (.number(let number), .text(let text)), (.text(let text), .number(let number)):
      Int64(notation: text) == number
    }
  }

  func holdAll(_ conditions: [Condition]) throws(LabFailure) -> Bool {
    for condition in conditions where try !holds(condition) { return false }
    return true
  }

  // MARK: Events

  func events(matching pattern: EventPattern, within window: Window?) throws(LabFailure)
    -> [Transition]
  {
    let matcher = try EventMatcher(pattern, values: values)
    return try part(window).filter { matcher.matches($0) }
  }

  func event(_ occurrence: Occurrence) throws(LabFailure) -> Transition {
    let found = try events(matching: occurrence.pattern, within: occurrence.window)
    let nth = try values.number(occurrence.nth) as Int64
    guard nth >= 1, nth <= found.count else {
      throw LabFailure(
        line: occurrence.line,
        "there are \(found.count) such events, and number \(nth) is asked for",
        "loosen the pattern, or ask for another one")
    }
    return found[Int(nth) - 1]
  }

  private func part(_ window: Window?) throws(LabFailure) -> ArraySlice<Transition> {
    guard let window else { return run.events[...] }
    let (first, last) = (
      try EventMatcher(window.first, values: values), try EventMatcher(window.end, values: values)
    )
    let nth = try values.number(window.nth) as Int64
    let starts = run.events.indices.lazy.filter { first.matches(run.events[$0]) }
    guard nth >= 1, let start = starts.dropFirst(Int(nth) - 1).first,
      let end = window.endsAtNext
        ? run.events[(start + 1)...].firstIndex(where: { last.matches($0) })
        : run.events.lastIndex(where: { last.matches($0) }), start <= end
    else {
      throw LabFailure(
        line: window.line, "this part of the run was not found", "let both its events happen")
    }
    return run.events[start...end]
  }

  // MARK: Moments

  private func machine(at moment: Instant) throws(LabFailure) -> Machine {
    let (occurrence, isBefore): (Occurrence, Bool)
    switch moment {
    case .end: return run.atEnd
    case .before(let found): (occurrence, isBefore) = (found, true)
    case .after(let found): (occurrence, isBefore) = (found, false)
    }
    do throws(LabProblem) {
      return try run.machine(at: event(of: occurrence), isBefore: isBefore)
    } catch {
      throw LabFailure(line: occurrence.line, error.what, error.remedy)
    }
  }

  /// The same, with its failure as a problem, to fit among the machine's.
  private func event(of occurrence: Occurrence) throws(LabProblem) -> Transition {
    do throws(LabFailure) {
      return try event(occurrence)
    } catch {
      throw LabProblem(
        file: run.lab.file, line: error.line, what: error.what, remedy: error.remedy)
    }
  }

  private func memory(at address: Int64, bytes: Int, _ moment: Instant) throws(LabFailure) -> Int64
  {
    let machine = try machine(at: moment)
    var value: Int64 = 0
    for index in 0..<bytes {
      guard let byte = machine.cpu.peekByte(UInt32(truncatingIfNeeded: address) &+ UInt32(index))
      else {
        throw LabFailure(
          line: 0, "nothing is mapped at \(String(address, radix: 16))h then", "look elsewhere")
      }
      value |= Int64(byte) << (8 * index)
    }
    return value
  }

  // MARK: The console

  /// What the first group of a regular expression caught, or all of its match.
  private func caught(by template: Template) throws(LabFailure) -> String {
    let special = Set("\\^$.|?*+()[]{}")
    let pattern = template.filled { name in
      values[name]?.reduce(into: "") { $0 += special.contains($1) ? "\\\($1)" : String($1) }
    }
    guard let regex = try? Regex(pattern).anchorsMatchLineEndings() else {
      throw LabFailure(
        line: template.line, "‘\(pattern)’ is not a regular expression", "see Swift's Regex")
    }
    guard let match = run.console.firstMatch(of: regex) else {
      throw LabFailure(
        line: template.line, "‘\(pattern)’ does not match anything on the console",
        "see what is there with ‘ringside lab console’")
    }
    let range = match.output.count > 1 ? match.output[1].range : match.range
    return range.map { String(run.console[$0]) } ?? ""
  }
}

extension DivergenceField {
  fileprivate func value(of divergence: Divergence) -> Int64 {
    switch self {
    case .cs: Int64(divergence.cs)
    case .eip: Int64(divergence.eip)
    case .ring: Int64(divergence.ring)
    case .tick: Int64(divergence.tick)
    case .instructions: Int64(divergence.instructions)
    }
  }
}

extension Machine {
  func value(of register: RegisterName, _ processor: Processor) -> Int64 {
    guard processor == .real, let monitor = monitor as? any LabMonitor else {
      return cpu.value(of: register)
    }
    return monitor.value(of: register)
  }
}

extension LabMonitor {
  fileprivate func value(of register: RegisterName) -> Int64 { lab.value(of: register) }
}

extension CPU {
  fileprivate func value(of register: RegisterName) -> Int64 {
    switch register {
    case .eax: Int64(self[.eax])
    case .ebx: Int64(self[.ebx])
    case .ecx: Int64(self[.ecx])
    case .edx: Int64(self[.edx])
    case .esi: Int64(self[.esi])
    case .edi: Int64(self[.edi])
    case .ebp: Int64(self[.ebp])
    case .esp: Int64(self[.esp])
    case .eip: Int64(eip)
    case .eflags: Int64(eflags.rawValue)
    case .cs: Int64(segment(SegmentRegister.cs).selector)
    case .ss: Int64(segment(SegmentRegister.ss).selector)
    case .ds: Int64(segment(SegmentRegister.ds).selector)
    case .es: Int64(segment(SegmentRegister.es).selector)
    case .fs: Int64(segment(SegmentRegister.fs).selector)
    case .gs: Int64(segment(SegmentRegister.gs).selector)
    case .tr: Int64(segment(SegmentRegister.tr).selector)
    case .ldtr: Int64(segment(SegmentRegister.ldtr).selector)
    case .cr0: Int64(cr0.rawValue)
    case .cr2: Int64(cr2)
    case .cr3: Int64(cr3)
    case .cr4: Int64(cr4.rawValue)
    case .cpl: Int64(cpl)
    case .gdtBase: Int64(gdtBase)
    case .gdtLimit: Int64(gdtLimit)
    case .idtBase: Int64(idtBase)
    case .idtLimit: Int64(idtLimit)
    }
  }
}
