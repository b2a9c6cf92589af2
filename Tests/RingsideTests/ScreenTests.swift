import Cells
import Machine
import Panes
import Predicates
import Testing

@testable import ringside

/// The machine's side of the screen, without a terminal.
@Suite struct ScreenTests {
  @Test func aPausedMachineStandsAtItsEntry() throws {
    try withScreen("demo") { mailbox in
      let first = try mailbox.view()
      #expect(first.runState == .paused && first.clock.ticks == 0)
      #expect(first.registers.general.eax == 0x2BAD_B002)
      #expect(first.rings.operation == .protected)
      let current = try #require(first.code.first { $0.isCurrent })
      #expect(current.address == first.registers.eip)
    }
  }

  @Test func stepsAndRingChangesAreShown() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.step(.instruction))
      #expect(try mailbox.view().clock.ticks == 1)
      mailbox.send(.step(.ringChange))
      let user = try mailbox.view { $0.runState == .paused && $0.clock.ticks > 1 }
      #expect(user.rings.real == 3 && user.rings.timeline == [0, 3])
      #expect(user.events.last?.kind == .back)
      mailbox.send(.step(.ringChange))
      let kernel = try mailbox.view { $0.clock.ticks > user.clock.ticks && $0.runState == .paused }
      #expect(kernel.rings.real == 0 && kernel.events.last?.text.hasPrefix("INT 80h") == true)
    }
  }

  @Test func theMachineGoesBackAndForwardAgain() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
      mailbox.send(.pause)
      let now = try mailbox.view { $0.runState == .paused }
      mailbox.send(.travel(.back(.ringChange)))
      let change = try mailbox.view { $0.runState == .paused && $0.clock.ticks < now.clock.ticks }
      #expect(change.clock.latest == now.clock.ticks)
      #expect(change.events.last.map { $0.from != $0.to } == true)
      #expect(change.events.last?.tick == change.clock.ticks - 1)
      for _ in 0..<3 { mailbox.send(.travel(.back(.instruction))) }
      let back = try mailbox.view { $0.clock.instructions == change.clock.instructions - 3 }
      #expect(back.events.last?.sequence != change.events.last?.sequence)
      for _ in 0..<3 { mailbox.send(.step(.instruction)) }
      let again = try mailbox.view { $0.clock.ticks == change.clock.ticks }
      #expect(again.registers == change.registers && again.events.last == change.events.last)
      mailbox.send(.travel(.start))
      let start = try mailbox.view { $0.clock.ticks == 0 && $0.runState == .paused }
      #expect(start.serial.bytes == 0 && start.events.isEmpty && start.remark == nil)
      mailbox.send(.travel(.back(.instruction)))
      #expect(try mailbox.view { $0.remark != nil }.remark?.contains("begins") == true)
      mailbox.send(.travel(.latest))
      let latest = try mailbox.view { $0.clock.ticks == now.clock.ticks }
      #expect(latest.serial == now.serial && latest.registers == now.registers)
      #expect(latest.textScreen == now.textScreen)
      #expect(latest.events.last == now.events.last)
    }
  }

  @Test func stepsGoOverAndOutOfHandlersForwardAndBack() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      func moment(_ command: Command) throws -> MachineView {
        mailbox.send(command)
        return try mailbox.view { $0.runState == .paused }
      }
      _ = try moment(.step(.ringChange))
      let handler = try moment(.step(.ringChange))
      #expect(handler.rings.real == 0)
      let call = try moment(.travel(.back(.out)))
      #expect(call.rings.real == 3 && call.clock.ticks == handler.clock.ticks - 1)
      #expect(call.code.first { $0.isCurrent }?.text == "int 0x80")
      let behind = try moment(.step(.over))
      #expect(behind.rings.real == 3 && behind.registers.eip == call.registers.eip + 2)
      #expect(behind.clock.ticks > handler.clock.ticks + 10)
      #expect(try moment(.travel(.back(.over))).clock.ticks == call.clock.ticks)
      #expect(try moment(.step(.instruction)).clock.ticks == handler.clock.ticks)
      #expect(try moment(.step(.out)).clock.ticks == behind.clock.ticks)
    }
  }

  @Test func aStepToAFaultStopsThereAndNotAtTheNext() throws {
    try withScreen("demo") { mailbox in
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
      mailbox.send(.pause)
      _ = try mailbox.view { $0.runState == .paused }
      for key in "fault\n".unicodeScalars { mailbox.send(.guestKey(.character(key), .serial)) }
      mailbox.send(.step(.trap))
      let fault = try mailbox.view { $0.runState == .paused && $0.events.last?.kind == .fault }
      #expect(fault.stoppedAt == nil, "what was asked for needs no word")
      mailbox.send(.step(.instruction))
      _ = try mailbox.view { $0.clock.ticks == fault.clock.ticks + 1 }
      mailbox.send(.travel(.back(.trap)))
      let again = try mailbox.view {
        $0.runState == .paused && $0.clock.ticks == fault.clock.ticks
      }
      #expect(again.events.last == fault.events.last)
      mailbox.send(.step(.exit))
      #expect(try mailbox.view { $0.remark != nil }.remark?.contains("no monitor") == true)
    }
  }

  @Test func aLabIsDoneBesideTheMachine() throws {
    try withScreen(
      make: { choice throws(UserError) in
        var options = MachineOptions.usual
        options.memory = 16
        return try options.build(image: choice.lab == nil ? "hello" : "ringlet")
      }
    ) { try Self.doLab(on: $0) }
  }

  private static func doLab(on mailbox: ScreenMailbox) throws {
    _ = try mailbox.view()
    mailbox.send(.start(MachineChoice(lab: LabChoice("one-process-two-rings", seed: 7))))
    let sheet = try #require(try mailbox.view { $0.sheet != nil }.sheet)
    #expect(sheet.score.right == 0 && sheet.score.of == 10)
    #expect(sheet.parts[1].question == "before" && sheet.parts[1].needsEvent)
    func verdict(_ answer: String) throws -> MachineView.Sheet.Verdict {
      mailbox.send(.answer(answer, to: "before"))
      let view = try mailbox.view { $0.sheet?.parts[1].verdict?.answer == answer }
      return try #require(view.sheet?.parts[1].verdict)
    }
    #expect(try verdict("3").comment.contains("Cite an event"))
    #expect(try verdict("3@999999").comment.contains("does not exist"))
    // The run on the screen is the lab's: the 14th call has the same number there.
    mailbox.send(.stopAt(try Predicate(parsing: "int 80h and eax 20"), runs: true))
    var call = try mailbox.view { $0.stoppedAt != nil }
    for _ in 1..<14 {
      mailbox.send(.run)
      let last = call.clock.ticks
      call = try mailbox.view { $0.runState == .paused && $0.clock.ticks > last }
    }
    let event = try #require(call.events.last?.sequence)
    #expect(try !verdict("2@\(event)").isRight)
    #expect(try verdict("3@\(event)").isRight)
  }

  /// What is compared is at the same tick, and takes the same input.
  @Test func anotherModeIsKeptAtTheSameTick() throws {
    try withScreen("ringlet") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.compare("full:trap"))
      let first = try mailbox.view { !$0.others.isEmpty }
      #expect(first.rings.real == 0 && first.others[0].mode == "full:trap")
      mailbox.send(.step(.ringChange))
      let user = try mailbox.view { $0.runState == .paused && $0.rings.real == 3 }
      let other = try #require(user.others.first)
      #expect(other.clock.ticks == user.clock.ticks && other.rings.believed == 3)
      #expect(other.registers.eip == user.registers.eip && other.rings.real == 3)
      #expect(other.clock.events > user.clock.events)
      mailbox.send(.travel(.back(.instruction)))
      let back = try mailbox.view { $0.runState == .paused && $0.clock.ticks < user.clock.ticks }
      #expect(back.others.first?.clock.ticks == back.clock.ticks)
      mailbox.send(.compare(nil))
      _ = try mailbox.view { $0.others.isEmpty }
    }
  }

  @Test func aRunningGuestGoesOnInAnotherMode() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.step(.ringChange))
      let user = try mailbox.view { $0.runState == .paused && $0.rings.real == 3 }
      mailbox.send(.goOn("full:trap"))
      let full = try mailbox.view { $0.mode == "full:trap" }
      #expect(full.registers.general == user.registers.general)
      #expect(full.registers.eip == user.registers.eip && full.rings.real == 3)
      #expect(full.clock.ticks == user.clock.ticks)
      mailbox.send(.step(.ringChange))
      let kernel = try mailbox.view { $0.runState == .paused && $0.clock.ticks > user.clock.ticks }
      #expect(kernel.rings.believed == 0 && kernel.serial == user.serial)
      mailbox.send(.goOn("emulation"))
      let again = try mailbox.view { $0.mode == "emulation" }
      #expect(again.rings.real == 0 && again.registers == kernel.registers)
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
    }
  }

  @Test func keysReachTheGuestAndResetStartsAnew() throws {
    try withScreen("demo") { mailbox in
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
      for key: Character in ["p", "s"] {
        mailbox.send(.guestKey(.character(key.unicodeScalars.first ?? "?"), .serial))
      }
      mailbox.send(.guestKey(.enter, .text))
      _ = try mailbox.view {
        $0.serial.lines.contains { $0.contains("shell") && $0.contains("runs") }
      }
      mailbox.send(.pause)
      _ = try mailbox.view { $0.runState == .paused }
      mailbox.send(.reset)
      let fresh = try mailbox.view { $0.clock.ticks == 0 }
      #expect(fresh.serial.bytes == 0 && fresh.events.isEmpty)
    }
  }

  @Test func anIdleGuestDoesNotFillTheLog() throws {
    try withScreen("demo") { mailbox in
      mailbox.send(.run)
      let idle = try mailbox.view { ($0.events.last?.idleWakes ?? 0) > 3 }
      let halt = try #require(idle.events.last)
      #expect(halt.text == "HLT" && halt.from == 0 && halt.to == 0)
    }
  }

  @Test func aGuestThatEndsIsStopped() throws {
    try withScreen("demo") { mailbox in
      mailbox.send(.run)
      _ = try mailbox.view { $0.serial.lines.last == "$ " }
      for key in "exit 3\n".unicodeScalars { mailbox.send(.guestKey(.character(key), .serial)) }
      let last = try mailbox.view { if case .stopped = $0.runState { true } else { false } }
      #expect(last.runState == .stopped("the guest ended with status 3"))
    }
  }

  @Test func aMachineThatCannotBeMadeSaysWhy() {
    let mailbox = ScreenMailbox()
    let thread = HostThread {
      ScreenMachine.serve(mailbox, ScreenMachine.Session()) { _ throws(UserError) in
        throw UserError("no")
      }
    }
    thread.join()
    #expect(mailbox.failure == "no")
  }
}

@Suite struct GovernorTests {
  @Test func restsLastAsLongAsTheGuestsClockSays() throws {
    var governor = Governor(ticksPerSecond: 1000)
    governor.noteActivity(at: 100)
    let answer = governor.rest(from: 0, until: 500, at: 100)
    let rest = try #require(answer)
    #expect(abs(rest - 0.5) < 1e-9)
    #expect(governor.tick(at: 100.25) == 250)
    let due = governor.rest(from: 0, until: 20, at: 100.1)
    #expect(due == nil, "what is due is not waited for")
  }

  @Test func shortRestsAreLengthened() throws {
    var governor = Governor(ticksPerSecond: 1000)
    governor.noteActivity(at: 100)
    let short = governor.rest(from: 0, until: 1, at: 100)
    #expect(short == 1.0 / 60)
    let lull = governor.rest(from: 1500, until: 1501, at: 101.5)
    #expect(lull == 0.25)
  }

  @Test func aGuestFarAheadOrBehindIsRelatedAnew() throws {
    var governor = Governor(ticksPerSecond: 1000)
    _ = governor.rest(from: 0, until: 10, at: 100)
    let answer = governor.rest(from: 9_000, until: 9_500, at: 101)
    let rest = try #require(answer)
    #expect(abs(rest - 0.5) < 1e-9)
  }
}
