/// What can be asked of a run: a closed set, so that a lab is data and never a program.
indirect enum Measure: Sendable {
  /// A number that is written down, often one that was drawn.
  case constant(Template)
  /// How many events there were of a kind, in the whole run or in a part of it.
  case count(EventPattern, within: Window?)
  /// A field of one event.
  case field(EventField, of: Occurrence)
  /// A register at a moment.
  case register(RegisterName, at: Instant)
  /// One to four bytes of memory at a moment, little-endian, by linear address.
  case memory(Measure, bytes: Int, at: Instant)
  /// What a regular expression caught in the console's text.
  case console(Template)
  /// A total of the whole run.
  case total(RunTotal)
  case sum([Measure])
  case product([Measure])
  case difference(Measure, Measure)
}

/// One event of a run: the n-th that matches.
struct Occurrence: Sendable {
  var pattern: EventPattern
  /// From 1.
  var nth: Template
  var window: Window?
  var line: Int
}

/// A part of a run: from the first event that matches one pattern to the last that matches another.
struct Window: Sendable {
  var first: EventPattern
  var last: EventPattern
  var line: Int
}

/// When to look at registers and memory.
enum Instant: Sendable {
  /// The instruction is about to execute.
  case before(Occurrence)
  /// The event is over, and nothing else has been executed.
  case after(Occurrence)
  /// The run is over.
  case end
}

/// A whole-run figure.
enum RunTotal: String, Sendable, CaseIterable {
  /// Instructions that the guest executed.
  case instructions
  /// Machine ticks, halts included.
  case ticks
  /// Events in the ledger.
  case events
}

/// Registers that a lab can look at.
enum RegisterName: String, Sendable, CaseIterable {
  case eax, ebx, ecx, edx, esi, edi, ebp, esp, eip, eflags
  case cs, ss, ds, es, fs, gs, tr, ldtr
  case cr0, cr2, cr3, cr4, cpl
  case gdtBase = "gdt base"
  case gdtLimit = "gdt limit"
  case idtBase = "idt base"
  case idtLimit = "idt limit"
}

/// A comparison that a run fulfils or not.
struct Condition: Sendable {
  enum Relation: String, Sendable, CaseIterable {
    case equal = "="
    case unequal = "!="
    case less = "<"
    case atMost = "<="
    case more = ">"
    case atLeast = ">="
  }
  var left: Measure
  var relation: Relation
  var right: Measure
}
