import Machine
import Testing

@testable import X86

/// Our guest hypervisor, whose guest is Ringlet as it stands: the extension is real instructions.
@Suite struct TinysvmTests {
  static func machine(
    module: [UInt8]? = nil, profile: Profile = .amdSVM, blockLength: Int? = nil
  ) throws -> Machine {
    var configuration = Machine.Configuration()
    configuration.profile = profile
    configuration.maximumBlockLength = blockLength
    var guest = Guest(image: try RingletTests.contents(RingletTests.bytes("built/tinysvm.elf")))
    guest.initrd = try module.map(RingletTests.contents)
    return try Machine(configuration, guest: guest)
  }

  private func type(_ session: [String], into machine: Machine) {
    machine.receive(.serial(Array((session.joined(separator: "\r") + "\r").utf8)))
  }

  /// What the guest printed: everything between the hypervisor's own lines.
  private func guestLines(_ output: String) -> [Substring] {
    RingletTests.settledLines(output).filter { !$0.hasPrefix("tinysvm:") }
      .prefix { $0 != "exits  code  why" }.map { $0 }
  }

  @Test func ringletDoesTheSameAsAGuest() throws {
    let machine = try Self.machine()
    type(RingletTests.session, into: machine)
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 7))
    let expected = RingletTests.settledLines(try RingletTests.text("ringlet/transcript.txt"))
    #expect(guestLines(output) == expected.dropLast(), "but for the line that nobody began")
    #expect(machine.cpu.log.total(of: .vmEntry) == machine.cpu.log.total(of: .vmExit))
  }

  /// The counts of the summary, by exit code.
  private func summary(_ output: String) -> [String: UInt64] {
    var counts: [String: UInt64] = [:]
    for line in RingletTests.lines(output).drop(while: { $0 != "exits  code  why" }).dropFirst() {
      let words = line.split(separator: " ")
      if words.count > 2, let count = UInt64(words[0]) { counts[String(words[1])] = count }
    }
    return counts
  }

  @Test func summaryCountsWhatTheLedgerCounts() throws {
    let machine = try Self.machine()
    type(["getpid", "cpuid", "timer 1", "exit 3"], into: machine)
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 3))
    let counts = summary(output)
    #expect(counts.values.reduce(0, +) == machine.cpu.log.total(of: .vmExit))
    #expect(Set(counts.keys).isSuperset(of: ["60", "72", "78", "7b"]))
  }

  /// One bit of the VMCB, and what it guards escapes, and nothing else.
  @Test func withoutItsBitHltStaysInTheGuest() throws {
    let machine = try Self.machine()
    #expect(machine.run(until: 10_000_000) == .reached)
    let vmcb = machine.cpu.svm.vmcb
    let host = machine.cpu.memory.host(at: vmcb + 0x0C)
    let controls = try #require(host)
    let bits = controls.load(as: UInt32.self)
    #expect(bits & 1 << 24 != 0)
    controls.storeBytes(of: bits & ~(1 << 24), as: UInt32.self)
    type(["timer 2", "exit 3"], into: machine)
    let before = machine.cpu.log.total(of: .halt)
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 3))
    // What the host's own waits were before; now the guest's, each ended by an interrupt.
    #expect(machine.cpu.log.total(of: .halt) > before)
    let counts = summary(output)
    #expect((counts["78"] ?? 0) < (counts["60"] ?? 0))
  }

  @Test(arguments: [1, 7]) func lengthOfBlocksNeverShows(length: Int) throws {
    let machines = [try Self.machine(), try Self.machine(blockLength: length)]
    for machine in machines {
      type(["forks", "pages"], into: machine)
      _ = machine.run(until: 6_000_000)
    }
    #expect(machines[0].digest == machines[1].digest)
  }

  @Test func guestCannotReachOutsideItsMemory() throws {
    // mov eax, [1000000h]: the first byte beyond 16 MiB
    let code: [UInt8] = [0xA1, 0, 0, 0, 1, 0xF4]
    let machine = try Self.machine(module: Self.kernel(code))
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 1))
    #expect(output.contains("reached for 1000000, which is outside its memory"))
  }

  /// RDMSR and VMRUN are not for guests here: #GP and #UD, and nothing to meet them.
  @Test(arguments: [[0x0F, 0x32], [0x0F, 0x01, 0xD8]] as [[UInt8]])
  func guestWithoutHandlersShutsDown(code: [UInt8]) throws {
    let machine = try Self.machine(module: Self.kernel(code))
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 1))
    #expect(output.contains("the guest shut its processor down"))
  }

  @Test func hypercallsCountExits() throws {
    // vmmcall; vmmcall; out 0xf4, al
    let code: [UInt8] = [0x0F, 0x01, 0xD9, 0x0F, 0x01, 0xD9, 0xE6, 0xF4]
    let machine = try Self.machine(module: Self.kernel(code))
    let (_, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 2))
  }

  @Test func otherProcessorsAreRefused() throws {
    let machine = try Self.machine(profile: .i686)
    let (output, stop) = RingletTests.run(machine)
    #expect(stop == .exit(code: 1))
    #expect(output.contains("this processor cannot run guests; try --cpu amd-svm"))
  }

  /// A Multiboot-like ELF with `code` at 1 MiB.
  private static func kernel(_ code: [UInt8]) -> [UInt8] {
    var file = [UInt8](repeating: 0, count: 84) + code
    func put(_ value: UInt32, _ offset: Int) {
      for index in 0..<4 {
        file[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(index * 8))
      }
    }
    put(0x464C_457F, 0)
    put(0x10_0000, 24)
    put(52, 28)
    put(0x0020_0034, 40)
    put(1, 44)
    for (index, value) in [1, 84, 0x10_0000, 0x10_0000, code.count, code.count].enumerated() {
      put(UInt32(value), 52 + index * 4)
    }
    return file
  }
}
