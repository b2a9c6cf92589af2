import Predicates
import Testing
import X86

@testable import Machine
@testable import Monitors

/// A guest's kernel in whose name a test makes hypercalls: Ringlet, stopped on the way into its
/// callback, in ring 1 with events masked.
final class HypercallBench {
  let machine: Machine
  let hypervisor: Paravirtualization
  /// Where the hypercalls lie, in linear addresses.
  private let page: UInt32
  /// Two pages of the kernel's memory, which nothing else uses: at 64 KiB.
  let scratch: UInt32 = 0x1_0000

  /// Beside it `others` domains have started and stopped; no event brings them back.
  init(others: Int = 0) throws {
    machine = try DomainTests.machine(others: others)
    hypervisor = try ParavirtualizationTests.hypervisor(of: machine)
    machine.receive(.serial(Array("spin 100000\r".utf8)))
    _ = machine.run(until: 5_000_000 + UInt64(others) * 20_000_000)
    let predicate = try Predicate(parsing: "injection")
    machine.stop(when: CompiledPredicate(predicate, default: .instruction))
    while case .breakpoint(let moment) = machine.run(until: machine.ticks + 50_000_000) {
      let isOthersReady = hypervisor.domains[1...].allSatisfy { $0.state == .blocked }
      if moment.transition.code == 1 && hypervisor.running == 0 && isOthersReady { break }
    }
    machine.stop(when: nil)
    for index in hypervisor.domains.indices.dropFirst() {
      try #require(hypervisor.domains[index].state == .blocked, "it waits at its prompt")
      hypervisor.domains[index].state = .shutDown(reason: 0)
    }
    while machine.cpu.cpl != 1 { _ = machine.run(until: machine.ticks + 1) }
    try #require(hypervisor.running == 0)
    let image = try XenKernel.image(
      Guest(image: nil), RingletTests.contents(RingletTests.bytes("built/ringlet.elf")))
    page = try #require(image.hypercallPage)
  }

  /// Makes a hypercall, and returns what it answers; nil if the domain does not come back from it.
  func call(_ number: UInt32, _ arguments: UInt32...) -> UInt32? {
    start(number, arguments)
    for _ in 0..<10_000 {
      guard case .reached = machine.run(until: machine.ticks + 1) else { return nil }
      if machine.cpu.eip == page + 7 && machine.cpu.cpl == 1 { return machine.cpu[.eax] }
    }
    return nil
  }

  /// Puts the kernel before a hypercall.
  func start(_ number: UInt32, _ arguments: [UInt32]) {
    machine.cpu[.eax] = number
    for (register, value) in zip([Register.ebx, .ecx, .edx, .esi, .edi], arguments) {
      machine.cpu[register] = value
    }
    machine.cpu.resume(at: page + 5, cpl: 1)
  }

  /// Puts the kernel before these instructions, in the second half of the scratch pages.
  func execute(_ code: [UInt8]) throws {
    let start = scratch + 4096 + 2048
    for (index, byte) in code.enumerated() {
      let isWritten = machine.cpu.pokeSystem(start + UInt32(index), UInt64(byte), 1)
      try #require(isWritten)
    }
    machine.cpu.resume(at: start, cpl: 1)
  }

  /// The machine address behind a linear one.
  func machineAddress(_ linear: UInt32) -> UInt64 { machine.cpu.peekTranslate(linear) ?? 0 }
  func frame(_ linear: UInt32) -> UInt32 { UInt32(machineAddress(linear) >> 12) }

  /// Writes words as the kernel could itself; false if it could not.
  @discardableResult
  func store(_ words: [UInt32], at linear: UInt32) -> Bool {
    for (index, word) in words.enumerated() {
      guard machine.cpu.pokeSystem(linear + UInt32(index * 4), UInt64(word), 4) else {
        return false
      }
    }
    return true
  }

  func word(_ linear: UInt32) -> UInt32 { machine.cpu.load(at: machineAddress(linear)) }

  func descriptor(_ selector: UInt16) -> Descriptor? { machine.cpu.peekDescriptor(selector) }
  func flags(at address: UInt64) -> UInt16 { machine.cpu.load(at: address) }

  /// The table entry for a linear address, at its machine address.
  func entry(_ linear: UInt32) -> (place: UInt64, value: UInt32) {
    let directory = UInt64(machine.cpu.cr3) | UInt64(linear >> 20 & 0xFFC)
    let slot: UInt32 = machine.cpu.load(at: directory)
    let place = UInt64(slot & 0xFFFF_F000) | UInt64(linear >> 10 & 0xFFC)
    return (place, machine.cpu.load(at: place))
  }

  func audit() -> [String] { hypervisor.audit(&machine.cpu) }
}

extension UInt32 {
  /// An answer that is an error.
  static func error(_ number: UInt32) -> UInt32 { 0 &- number }
}
