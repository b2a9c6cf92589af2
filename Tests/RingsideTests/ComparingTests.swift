import Cells
import Machine
import Panes
import Testing

@testable import ringside

/// The same programs on another kernel stand beside each other where both have printed as much.
@Suite struct ComparingTests {
  @Test(arguments: [(Mode.emulation, Mode.para), (.para, .emulation)])
  func anotherKernelIsComparedWhereItHasPrintedAsMuch(own: Mode, other: Mode) throws {
    try withScreen(
      make: { choice throws(UserError) in
        var options = MachineOptions.usual
        options.mode = own.rawValue
        return try options.build(choice, image: "ringlet")
      }
    ) { mailbox in
      _ = try mailbox.view()
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
      for key in "getpid\n".unicodeScalars { mailbox.send(.guestKey(.character(key), .serial)) }
      _ = try mailbox.view { view in
        view.serial.lines.last == "$ " && view.serial.lines.contains("$ getpid")
      }
      mailbox.send(.pause)
      let view = try mailbox.view { $0.runState == .paused }
      while mailbox.takeView() != nil {}
      mailbox.send(.compare(other))
      let compared = try mailbox.view { !$0.others.isEmpty }
      let beside = try #require(compared.others.first)
      #expect(
        compared.comparedAt
          == .printed(lines: view.serial.lines.count - 1, column: "$ ".count))
      #expect(beside.comparedAt == compared.comparedAt)
      #expect(beside.mode == other && beside.clock.ticks != compared.clock.ticks)
      // What begins with ~ may differ from kernel to kernel.
      func lines(_ view: MachineView) -> [String] { view.serial.lines.filter { $0.first != "~" } }
      #expect(lines(beside) == lines(compared) && lines(beside).contains("$ getpid"))
      func calls(_ view: MachineView) -> UInt64? {
        view.counters.first { $0.name == "software interrupt" }?.count
      }
      #expect(calls(beside) ?? 0 > 1000 && calls(compared) ?? 0 > 1000)
      // Back to before anything was printed, and to where it was.
      mailbox.send(.travel(.start))
      let start = try mailbox.view { $0.clock.ticks == 0 && !$0.others.isEmpty }
      #expect(start.others[0].serial.bytes == 0)
      mailbox.send(.travel(.latest))
      let again = try mailbox.view { $0.clock.ticks == view.clock.ticks && !$0.others.isEmpty }
      #expect(again.others[0].clock.ticks == beside.clock.ticks)
      #expect(again.others[0].registers == beside.registers)
    }
  }

  @Test func aPlaceInATextIsLinesAndWhatComesAfterThem() {
    #expect(Milestone(Array("~ one\r\ntwo\r\n$ ".utf8)) == Milestone(Array("1\n\n> ".utf8)))
    #expect(Milestone(Array("a\n".utf8)) > Milestone(Array("a long one".utf8)))
    #expect(Milestone(Array("ab".utf8)) > Milestone(Array("a".utf8)))
    #expect(Milestone() == Milestone([]))
  }
}
