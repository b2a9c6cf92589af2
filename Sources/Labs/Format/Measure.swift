/// What can be asked of a run: a closed set, so that a lab is data and never a program.
indirect enum Measure: Sendable {
  /// A number that is written down, often one that was drawn.
  case constant(Template)
  /// How many events there were of a kind, in the whole run or in a part of it.
  case count(EventPattern, within: Window?)
  /// A field of one event.
  case field(EventField, of: Occurrence)
  /// A register at a moment: the guest's, or that of the processor that stands for the hardware.
  case register(RegisterName, of: Processor, at: Instant)
  /// One to four bytes of memory at a moment, little-endian, by linear address.
  case memory(Measure, bytes: Int, at: Instant)
  /// What a regular expression caught in the console's text.
  case console(Template)
  /// The number of the first line in which the consoles of two runs differ, from 1.
  case firstDifference(String, String, line: Int)
  /// Where the second of two runs first does something else than the first.
  case divergence(DivergenceField, String, String, line: Int)
  /// A total of the whole run.
  case total(RunTotal)
  /// What the run's monitor has counted, by its name for it.
  case counter(String, line: Int)
  case sum([Measure])
  case product([Measure])
  case difference(Measure, Measure)
  /// One bit of a number, 0 to 31.
  case bit(Int, of: Measure)
  /// Rounded down.
  case quotient(Measure, Measure)
  /// The same in another run than the lab's own.
  case inRun(String, Measure)
}

/// What can be asked of the instruction at which two runs part.
enum DivergenceField: String, Sendable, CaseIterable {
  /// Where it is.
  case cs, eip
  /// The ring that the guest believes in.
  case ring
  /// What had happened before it.
  case tick, instructions
}

/// Whose registers: in emulation both are one.
enum Processor: Sendable {
  /// The guest's, with what the guest believes.
  case believed
  /// The one that stands for the hardware under a monitor.
  case real
}

/// One event of a run: the n-th that matches.
struct Occurrence: Sendable {
  var pattern: EventPattern
  /// From 1.
  var nth: Template
  var window: Window?
  var line: Int
}

/// A part of a run: from the n-th event of one kind to the last of another, or to the next.
struct Window: Sendable {
  var first: EventPattern
  /// From 1.
  var nth: Template
  var end: EventPattern
  /// It ends at the first such event behind its beginning, and not at the last of the run.
  var endsAtNext: Bool
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
public enum RunTotal: String, Sendable, CaseIterable {
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
