import Cells
import Labs
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

  /// What a lab asks is about its own run; beside that, other modes can be looked at.
  @Test func aLabKeepsItsModeAndIsComparedWithOthers() throws {
    try withScreen("hello") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.start(MachineChoice(lab: LabChoice("one-process-two-rings"))))
      _ = try mailbox.view { $0.sheet != nil }
      for command in [Command.start(MachineChoice(mode: .fullTrap)), .goOn(.fullTrap)] {
        mailbox.send(command)
        let view = try mailbox.view { $0.remark != nil }
        #expect(view.remark?.hasPrefix("The lab asks about its run in emulation") == true)
        #expect(view.mode == .emulation && view.sheet != nil)
      }
      mailbox.send(.compare(.fullTrap))
      let other = try mailbox.view { !$0.others.isEmpty }.others[0]
      #expect(other.mode == .fullTrap && other.guest == "ringlet")
    }
  }

  /// A processor that a tour has chosen is the guest's in other modes, too.
  @Test func anotherModeKeepsTheGuestsProcessor() throws {
    try withScreen("hello") { mailbox in
      _ = try mailbox.view()
      let start = MachineChoice(image: "tinysvm", mode: .emulation, options: ["cpu": "amd-svm"])
      mailbox.send(.play([.step(1)], from: start))
      let toured = try mailbox.view { $0.guest == "tinysvm" && $0.clock.ticks == 1 }
      #expect(toured.rings.isInGuestMode == false, "its processor has a guest mode")
      mailbox.send(.start(MachineChoice(mode: .emulation)))
      mailbox.send(.pause)
      let again = try mailbox.view { $0.runState == .paused && $0.clock.ticks != 1 }
      #expect(again.guest == "tinysvm" && again.rings.isInGuestMode != nil)
    }
  }

  @Test func breakpointsStopSlowMotionAndStepsOverAndOut() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.pace(100))
      mailbox.send(.stopAt(try Predicate(parsing: "instruction 12"), runs: true))
      let slow = try mailbox.view { $0.runState == .paused && $0.clock.ticks > 0 }
      #expect(slow.clock.instructions == 12 && slow.stoppedAt != nil)
      mailbox.send(.stopAt(try Predicate(parsing: "instruction 30"), runs: false))
      mailbox.send(.step(.out))
      let out = try mailbox.view { $0.runState == .paused && $0.clock.instructions > 12 }
      #expect(out.clock.instructions == 30 && out.stoppedAt != nil)
      mailbox.send(.stopAt(nil, runs: false))
      for ring in [3, 0] {
        mailbox.send(.step(.ringChange))
        _ = try mailbox.view { $0.runState == .paused && $0.rings.real == ring }
      }
      mailbox.send(.travel(.back(.instruction)))
      let call = try mailbox.view { $0.runState == .paused && $0.rings.real == 3 }
      mailbox.send(.stopAt(try Predicate(parsing: "cpl 0"), runs: false))
      mailbox.send(.step(.over))
      let handler = try mailbox.view {
        $0.runState == .paused && $0.clock.ticks > call.clock.ticks
      }
      #expect(handler.rings.real == 0 && handler.clock.ticks == call.clock.ticks + 1)
      #expect(handler.stoppedAt != nil)
    }
  }

  @Test func aGoalIsReachedInSlowMotion() throws {
    try withScreen("crash") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.step(.trap))
      let fault = try mailbox.view { $0.events.last?.kind == .fault }
      #expect(fault.runState == .paused)
      mailbox.send(.reset)
      mailbox.send(.pace(100))
      mailbox.send(.step(.trap))
      let slow = try mailbox.view { $0.events.last?.kind == .fault }
      #expect(slow.runState == .paused && slow.clock.ticks == fault.clock.ticks)
    }
  }

  /// What stays true stops each instruction, and not the first one for ever.
  @Test func fromWhereItStoppedTheMachineGoesOn() throws {
    try withScreen("demo") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.stopAt(try Predicate(parsing: "instruction >= 12"), runs: true))
      for count in UInt64(12)...14 {
        let view = try mailbox.view { $0.stoppedAt != nil && $0.clock.instructions >= count }
        #expect(view.clock.instructions == count)
        mailbox.send(.step(.predicate))
      }
    }
  }

  /// A recording is of one machine.
  @Test func aRecordedGuestStaysInItsMode() throws {
    try ReplayTests.withFolder { folder in
      let file = folder + "/run"
      let session = ScreenMachine.Session(startsPaused: true, recording: file)
      try withScreen("demo", session) { mailbox in
        _ = try mailbox.view()
        mailbox.send(.step(.ringChange))
        _ = try mailbox.view { $0.runState == .paused && $0.rings.real == 3 }
        mailbox.send(.goOn(.fullTrap))
        let view = try mailbox.view { $0.remark != nil }
        #expect(view.remark?.contains("--record") == true && view.mode == .emulation)
      }
      let replay = try Program(["replay", file, "--serial", "none"])
      #expect(replay.status == 0, "\(replay.errors)")
    }
  }

  /// Where sensitive instructions trap, the code says so; and what is marked does trap.
  @Test func onAVirtualizableProcessorMarkedInstructionsTrap() throws {
    try withScreen(
      make: { choice throws(UserError) in
        var options = MachineOptions.usual
        (options.mode, options.labCpu) = (Mode.fullTrap.rawValue, "virtualizable")
        return try options.build(choice, image: "ringlet")
      }
    ) { mailbox in
      _ = try mailbox.view()
      // Not long before the first program's first system call.
      mailbox.send(.stopAt(try Predicate(parsing: "instruction 667900"), runs: true))
      var before = try mailbox.view { $0.stoppedAt != nil }
      mailbox.send(.stopAt(nil, runs: false))
      var trapped: Set<Substring> = []
      for _ in 0..<500 {
        let line = try #require(before.code.first { $0.isCurrent })
        mailbox.send(.step(.instruction))
        let after = try mailbox.view { $0.clock.ticks > before.clock.ticks }
        let news = after.events.filter { $0.sequence > before.events.last?.sequence ?? 0 }
        let hasTrapped = news.contains { $0.kind == .fault && $0.text.hasPrefix("#GP") }
        #expect((line.mark == .traps) == hasTrapped, "\(line.text) at \(before.clock.ticks)")
        if hasTrapped, let name = line.text.split(separator: " ").first { trapped.insert(name) }
        before = after
      }
      #expect(trapped.isSuperset(of: ["mov", "pushfd", "sti"]), "\(trapped)")
    }
  }

  /// An end that comes on the way to another moment is an end.
  @Test func aMachineThatEndsOnItsWayIsStopped() throws {
    try withScreen("crash") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.travel(.tick(1_000_000)))
      let end = try mailbox.view { $0.clock.ticks > 0 && $0.runState != .paused }
      #expect(end.runState == .stopped("triple fault"))
    }
  }

  /// A lecturer's mistake in one lab leaves the others in the list.
  @Test func aLabWithMistakesIsListedAsOne() throws {
    try ReplayTests.withFolder { folder in
      let script = "mkdir $0/broken && echo oops > $0/broken/lab.md && cp -r labs/first-steps $0"
      let made = try Program(at: "/bin/sh", ["-c", script, folder])
      try #require(made.status == 0, "\(made.errors)")
      let entries = Catalogue.entries(of: LabLibrary(folder: folder))
      #expect(entries.map(\.name) == ["broken", "first-steps"])
      #expect(entries.map(\.detail) == ["has mistakes: see ‘ringside lab check’", "30 min"])
    }
  }

  /// What is compared is at the same tick, and takes the same input.
  @Test func anotherModeIsKeptAtTheSameTick() throws {
    try withScreen("ringlet") { mailbox in
      _ = try mailbox.view()
      mailbox.send(.compare(.fullTrap))
      let first = try mailbox.view { !$0.others.isEmpty }
      #expect(first.rings.real == 0 && first.others[0].mode == .fullTrap)
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
      mailbox.send(.goOn(.fullTrap))
      let full = try mailbox.view { $0.mode == .fullTrap }
      #expect(full.registers.general == user.registers.general)
      #expect(full.registers.eip == user.registers.eip && full.rings.real == 3)
      #expect(full.clock.ticks == user.clock.ticks)
      mailbox.send(.step(.ringChange))
      let kernel = try mailbox.view { $0.runState == .paused && $0.clock.ticks > user.clock.ticks }
      #expect(kernel.rings.believed == 0 && kernel.serial == user.serial)
      mailbox.send(.goOn(.emulation))
      let again = try mailbox.view { $0.mode == .emulation }
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
