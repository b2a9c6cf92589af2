import Chipset
import Testing
import X86

@testable import Machine

/// The run loop: how runs end, what idle time is, and that a run can be repeated.
@Suite struct RunTests {
  @Test func aByteForTheExitPortEndsTheRun() throws {
    // mov al,7; out F4h,al
    let machine = try Machine(ImageFiles.kernel(code: [0xB0, 7, 0xE6, 0xF4, 0xEB, 0xFE]))
    #expect(machine.run(until: .max) == .stopped(.exit(code: 7)))
  }

  @Test func haltWithInterruptsOffIsTheEnd() throws {
    let machine = try Machine(ImageFiles.kernel(code: [0xFA, 0xF4]))
    #expect(machine.run(until: .max) == .stopped(.haltedForGood))
    #expect(machine.instructions == 2)
  }

  @Test func haltWithInterruptsOnWaitsForInput() throws {
    let machine = try Machine(ImageFiles.kernel(code: [0xFB, 0xF4]))
    #expect(machine.run(until: .max) == .idle(until: .max))
  }

  @Test func onlyAnEnabledReceiverCanEndAHalt() throws {
    let deaf = try Machine(ImageFiles.kernel(code: [0xFB, 0xF4]))
    _ = deaf.run(until: .max)
    #expect(!deaf.serialInputCanWake())
    // mov dx,3F9h; mov al,1; out dx,al; mov al,EFh; out 21h,al; sti; hlt
    let code: [UInt8] = [
      0x66, 0xBA, 0xF9, 0x03, 0xB0, 1, 0xEE, 0xB0, 0xEF, 0xE6, 0x21, 0xFB, 0xF4,
    ]
    let listening = try Machine(ImageFiles.kernel(code: code))
    _ = listening.run(until: .max)
    #expect(listening.serialInputCanWake())
  }

  /// A beep: counter 2 in mode 3 with 4A9h, and the two bits of port 61h on and off.
  @Test func theSpeakerIsInTheLog() throws {
    let code: [UInt8] = [
      0xB0, 0xB6, 0xE6, 0x43, 0xB0, 0xA9, 0xE6, 0x42, 0xB0, 0x04, 0xE6, 0x42, 0xB0, 0x03, 0xE6,
      0x61,
      0xB0, 0x00, 0xE6, 0x61, 0xFA, 0xF4,
    ]
    let machine = try Machine(ImageFiles.kernel(code: code))
    #expect(machine.run(until: .max) == .stopped(.haltedForGood))
    #expect(machine.cpu.log.total(of: .speaker) == 2)
    let events = (0..<machine.cpu.log.count).compactMap { machine.cpu.log[$0] }
    let sounds = events.filter { $0.kind == .speaker }
    #expect(sounds.map(\.detail) == [1000, 0] && sounds.map(\.info) == [0x4A9, 0])
    #expect(sounds.map(\.tick) == [8, 10])
  }

  @Test func aThirdFaultStopsTheMachine() throws {
    // lidt [100010h], an empty table; ud2
    let code: [UInt8] =
      [0x0F, 0x01, 0x1D, 0x10, 0, 0x10, 0, 0x0F, 0x0B] + .init(repeating: 0, count: 32)
    let machine = try Machine(ImageFiles.kernel(code: code))
    #expect(machine.run(until: .max) == .stopped(.tripleFault))
  }

  @Test func aLoopWithInterruptsOffReachesItsLimitExactly() throws {
    let machine = try Machine(ImageFiles.kernel(code: [0xFA, 0xEB, 0xFE]))
    #expect(machine.run(until: 12_345) == .reached)
    #expect(machine.ticks == 12_345)
    #expect(machine.instructions == 12_345)
  }

  @Test func aJumpIntoNowhereDoesNotHang() throws {
    // jmp F0000000h
    let machine = try Machine(ImageFiles.kernel(code: [0xE9, 0xFB, 0xFF, 0xEF, 0xEF]))
    #expect(machine.run(until: 1_000_000) == .stopped(.tripleFault))
  }

  @Test(arguments: Profile.all.map(\.name)) func everyProfileRunsOurGuests(name: String) throws {
    var configuration = Machine.Configuration()
    configuration.profile = try #require(Profile.all.first { $0.name == name })
    let machine = try Machine(configuration, guest: Guest(image: try ImageFiles.built("hello")))
    #expect(machine.run(until: 1_000_000_000) == .stopped(.haltedForGood))
    let output = machine.board.takeSerialOutput()
    #expect(String(decoding: output, as: UTF8.self) == "Hello from ring 0\n")
  }

  @Test func stepsAddUpToARun() throws {
    let guest = try ImageFiles.built("demo")
    let stepped = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    while stepped.ticks < 50_000 { #expect(stepped.step() == nil) }
    let ran = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    #expect(ran.run(until: stepped.ticks) == .reached)
    #expect(ran.digest == stepped.digest)
  }

  @Test func blockLengthsAndBudgetsDoNotMatter() throws {
    var digests: Set<UInt64> = []
    for (length, slice): (Int, UInt64) in [(1, 1_000_000), (7, 777), (64, 50_001), (64, 2_000_000)]
    {
      var configuration = Machine.Configuration()
      configuration.maximumBlockLength = length
      let machine = try Machine(configuration, guest: Guest(image: try ImageFiles.built("demo")))
      while machine.ticks < 2_000_000 {
        #expect(machine.run(until: min(2_000_000, machine.ticks + slice)) == .reached)
      }
      digests.insert(machine.digest)
    }
    #expect(digests.count == 1)
  }

  @Test func theJournalRepeatsARun() throws {
    let guest = try ImageFiles.built("demo")
    let first = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    #expect(first.run(until: 1_234_567) == .reached)
    first.receive(.serial(Array("ps\n".utf8)))
    #expect(first.run(until: 2_345_678) == .reached)
    first.receive(.keys("rings\n"))
    #expect(first.run(until: 5_000_000) == .reached)
    let second = try Machine(
      Machine.Configuration(), guest: Guest(image: guest), replaying: first.journal)
    #expect(second.run(until: 5_000_000) == .reached)
    #expect(second.journal == first.journal)
    #expect(second.digest == first.digest)
    let other = try Machine(Machine.Configuration(), guest: Guest(image: guest))
    #expect(other.run(until: 5_000_000) == .reached)
    #expect(other.digest != first.digest)
  }

  @Test func aResetStartsTheGuestAnew() throws {
    // mov al,0FEh; out 64h,al: the keyboard controller pulses the reset line.
    let code: [UInt8] = [0xFF, 0x05, 0x00, 0x00, 0x20, 0x00, 0xB0, 0xFE, 0xE6, 0x64, 0xEB, 0xFE]
    let machine = try Machine(ImageFiles.kernel(code: code))
    #expect(machine.run(until: 1_000) == .reset)
    while machine.run(until: 1_000) == .reset {}
    #expect(machine.cpu.log.total(of: .reset) > 10)
    #expect(try machine.load(0x20_0000, as: UInt32.self) > 10, "RAM keeps its bytes")
  }
}
