import Testing

@testable import X86

/// The same guest with blocks of 1, 7 and 32 instructions: the cut must never show.
@Suite struct BlockTests {
  /// Sums a table in a loop with a call and a branch, 100 rounds, then HLT.
  private static let program: [UInt8] = [
    0xB9, 0x64, 0x00, 0x00, 0x00,  // mov ecx, 100
    0x31, 0xC0,  // xor eax, eax
    0xE8, 0x03, 0x00, 0x00, 0x00,  // loop: call add
    0xE2, 0xF9,  // loop loop
    0xF4,  // hlt
    0x01, 0xC8,  // add: add eax, ecx
    0x89, 0x04, 0x8D, 0x00, 0x40, 0x00, 0x00,  // mov [0x4000 + ecx * 4], eax
    0xC3,  // ret
  ]

  @Test(arguments: [1, 7, 32]) func cutNeverShows(length: Int) {
    let ram = UnsafeMutableRawPointer.allocate(byteCount: 0x10000, alignment: 4096)
    defer { ram.deallocate() }
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: 0x10000)
    ram.copyMemory(from: Self.program, byteCount: Self.program.count)
    var cpu = CPU(profile: .i686, memory: PhysicalMemory(), bus: FloatingBus())
    cpu.memory.map(ram, size: 0x10000, at: 0)
    cpu.maximumBlockLength = length
    cpu.cr0 = [.protection, .extensionType]
    let code = Descriptor(raw: 0x00CF_9A00_0000_FFFF)
    let data = Descriptor(raw: 0x00CF_9200_0000_FFFF)
    cpu.setSegment(SegmentRegister.cs, Segment(selector: 8, descriptor: code))
    for index in [SegmentRegister.es, SegmentRegister.ss, SegmentRegister.ds] {
      cpu.setSegment(index, Segment(selector: 16, descriptor: data))
    }
    cpu.eip = 0
    cpu[.esp] = 0x8000
    #expect(cpu.run(until: 1000) == .halted)
    #expect(cpu[.eax] == 5050)
    #expect(cpu.ticks == 2 + 100 * 5 + 1)
    #expect((ram + 0x4004).load(as: UInt32.self) == 5050)
  }
}

/// A bus with nothing on it.
final class FloatingBus: Bus {
  func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { ~0 }
  func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {}
  func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { ~0 }
  func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
  func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0 }
}
