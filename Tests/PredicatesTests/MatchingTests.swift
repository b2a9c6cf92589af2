import Testing
import X86

@testable import Predicates

/// What predicates are true of, and what a compiled one asks to be shown.
@Suite struct PredicateMatchingTests {
  private func compile(
    _ text: String, default subject: Word.Subject = .event
  ) throws -> CompiledPredicate {
    CompiledPredicate(try Predicate(parsing: text), default: subject)
  }

  private func event(
    _ kind: TransitionKind, _ fill: (inout Transition) -> Void = { _ in }
  ) -> Moment {
    var transition = Transition(kind: kind)
    fill(&transition)
    return Moment(transition)
  }

  private var protectionFault: Moment {
    event(.fault) {
      $0.vector = 13
      $0.code = 0x402
      $0.hasErrorCode = true
      $0.cause = .gateDPLBelowCPL
      ($0.fromCPL, $0.toCPL) = (3, 0)
      ($0.fromVirtualRing, $0.toVirtualRing) = (3, 0)
      $0.actor = .guestUser
      ($0.sequence, $0.tick, $0.eip, $0.cs) = (17, 5000, 0x40_0000, 0x1B)
    }
  }

  @Test(
    arguments: [
      ("fault", true), ("#GP", true), ("#PF", false), ("vector 13", true), ("int 13", false),
      ("fault 10..14", true), ("ring", true), ("ring 3>0", true), ("ring *>0", true),
      ("ring 3>*", true), ("ring 0>3", false), ("ring 1>0", false), ("vring 3>0", true),
      ("cause gate_dpl_below_cpl", true), ("cause none", false), ("error 402h", true),
      ("error 0", false), ("cpl 3", true), ("cpl < 3", false), ("vcpl 3", true),
      ("actor guest_user", true), ("actor monitor", false), ("event 17", true),
      ("event > 17", false), ("tick 5000..6000", true), ("guesttick 1", false),
      ("eip 0x400000", true), ("cs 1bh", true), ("kind fault", true), ("kind halt", false),
      ("any", true), ("not #PF", true), ("#GP and cpl 3", true), ("#GP and not cpl 3", false),
      ("#PF or cpl 3", true), ("halt or reset or (fault and not (int or iret))", true),
    ])
  func faultsMatch(text: String, expected: Bool) throws {
    #expect(try compile(text).matches(protectionFault) == expected)
  }

  @Test func registersAndPortsMatch() throws {
    func check(_ text: String, _ moment: Moment, _ expected: Bool = true) throws {
      #expect(try compile(text).matches(moment) == expected, "\(text)")
    }
    let control = event(.controlRegisterWrite) {
      ($0.code, $0.info, $0.detail) = (0, 0x11, 0x8000_0011)
    }
    try check("cr0", control)
    try check("cr0 0x80000011", control)
    try check("cr4", control, false)
    try check("cr3 1000h", event(.cr3Load) { $0.detail = 0x1000 })
    try check("msr 174h", event(.machineSpecificWrite) { $0.code = 0x174 })
    let table = event(.tableLoad) { $0.code = TableRegister.idtr.rawValue }
    try check("lidt", table)
    try check("lgdt", table, false)
    // A wide access reaches the next ports.
    let wide = event(.portWrite) { ($0.code, $0.info) = (4, 0x3F6) }
    try check("out 3f8h", wide)
    try check("in 3f8h", wide, false)
    try check("port 3fah", wide, false)
    let call = event(.softwareInterrupt) { ($0.vector, $0.info) = (0x80, 4) }
    try check("int 80h and eax 4", call)
    try check("int and eax 5", call, false)
  }

  @Test func instructionsAndAccessesMatch() throws {
    func check(_ text: String, _ moment: Moment, _ expected: Bool = true) throws {
      #expect(try compile(text).matches(moment) == expected, "\(text)")
    }
    var instruction = Moment(.instruction)
    (instruction.linear, instruction.cpl, instruction.sensitivity) =
      (0x1000, 3, .sensitiveUnprivileged)
    try check("exec 1000h", instruction)
    try check("exec 1000h and cpl 3 and sensitive silent", instruction)
    try check("sensitive privileged", instruction, false)
    try check("exec 1000h and cpl 0", instruction, false)
    var access = Moment(.access)
    (access.linear, access.size, access.isWrite) = (0xFFE, 4, true)
    try check("write 1000h..1fffh", access)
    try check("read 1000h", access, false)
    try check("access 0ffeh", access)
    try check("write 1002h", access, false)
  }

  @Test func whatAPredicateIsAboutFollowsFromItsWords() throws {
    let fault = try compile("#GP and cpl 1")
    #expect(fault.asksEvents && !fault.asksInstructions && !fault.asksAccesses)
    #expect(fault.kinds == [.fault] && !fault.asksAccessEvents)
    let other = try compile("not #GP")
    #expect(!other.asksInstructions && !other.matches(Moment(.instruction)))
    let place = try compile("exec 1000h..1fffh and cpl 3 or exec 5")
    #expect(place.places == [ValueRange(0x1000, 0x1FFF), ValueRange(5)] && !place.asksEvents)
    #expect(try compile("exec 5 or sensitive").places == nil)
    #expect(try compile("exec 5 and sensitive").places == [ValueRange(5)])
    let state = try compile("cpl 3", default: .instruction)
    #expect(state.asksInstructions && state.places == nil)
    #expect(try compile("cpl 3").asksEvents)
    #expect(try compile("port 60h or halt").kinds == [.portRead, .portWrite, .halt])
    let (negation, everything) = (try compile("not halt"), try compile("any"))
    #expect(!negation.asksAccessEvents && everything.asksAccessEvents)
    #expect(try compile("write 5 or read 6..7").accessed == [ValueRange(5), ValueRange(6, 7)])
  }

  @Test(
    arguments: [
      ("tick >= 5000", 5000), ("instruction 500", 1100), ("tick >= 5000 and cpl 3", 5000),
      ("tick 9 or cpl 3", 0), ("not tick 5000", 0), ("instruction 300", 0),
    ] as [(String, UInt64)])
  func ticksSayWhenToAskFirst(text: String, tick: UInt64) throws {
    let predicate = try compile(text, default: .instruction)
    #expect(predicate.earliestTick(now: 1000, instructions: 400) == tick)
  }

  /// The list of tests with jumps says what the tree says.
  @Test func compiledPredicatesMeanWhatTheyWere() throws {
    func evaluate(_ predicate: Predicate, _ moment: Moment) -> Bool {
      switch predicate {
      case .atom(let atom): atom.matches(moment)
      case .not(let inner): !evaluate(inner, moment)
      case .and(let left, let right): evaluate(left, moment) && evaluate(right, moment)
      case .or(let left, let right): evaluate(left, moment) || evaluate(right, moment)
      }
    }
    var random = Generator(state: 3)
    let atoms = try ["#GP", "halt", "cpl 3", "tick 1"].map { try Predicate(parsing: $0) }
    func tree(_ depth: Int) -> Predicate {
      switch depth == 0 ? 0 : Int.random(in: 0..<4, using: &random) {
      case 1: .not(tree(depth - 1))
      case 2: .and(tree(depth - 1), tree(depth - 1))
      case 3: .or(tree(depth - 1), tree(depth - 1))
      default: atoms.randomElement(using: &random) ?? atoms[0]
      }
    }
    for _ in 0..<2000 {
      let predicate = tree(5)
      let compiled = CompiledPredicate(predicate, default: .event)
      guard compiled.asksEvents else { continue }
      #expect(
        compiled.matches(protectionFault) == evaluate(predicate, protectionFault), "\(predicate)")
    }
  }
}
