import Testing

@testable import X86

/// The last instruction of a block that a page or the length limit ends, when it makes the run stop.
struct BlockBoundaryTests {
  /// Counts what is written to memory that is not there.
  final class CountingBus: Bus {
    var writes = 0
    func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { 0xFF }
    func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) { writes += 1 }
    func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { 0xFF }
    func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {
      writes += 1
    }
    func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0xFF }
  }

  /// Runs real-mode code that ends in HLT from an offset in segment 0; gives the writes and AX.
  func run(_ code: [UInt8], at offset: Int, blockLength: Int = 32) -> (writes: Int, ax: UInt32) {
    let ram = UnsafeMutableRawPointer.allocate(byteCount: 0x4000, alignment: 4096)
    defer { ram.deallocate() }
    ram.initializeMemory(as: UInt8.self, repeating: 0x90, count: 0x4000)
    for (index, byte) in code.enumerated() {
      ram.storeBytes(of: byte, toByteOffset: offset + index, as: UInt8.self)
    }
    var memory = PhysicalMemory()
    memory.map(ram, size: 0x4000, at: 0)
    let bus = CountingBus()
    var cpu = CPU(profile: .i686, memory: memory, bus: bus)
    cpu.maximumBlockLength = blockLength
    var segment = cpu.segment(SegmentRegister.cs)
    segment.loadReal(selector: 0)
    cpu.setSegment(SegmentRegister.cs, segment)
    cpu.eip = UInt32(offset)
    while cpu.ticks < 1000 && !cpu.isHalted { _ = cpu.run(until: 1000) }
    let isHalted = cpu.isHalted
    #expect(isHalted)
    return (bus.writes, cpu[.eax])
  }

  /// MOV [8000], AL at the end of a page; INC AX; HLT.
  @Test func deviceAccessAtTheEndOfAPageHappensOnce() {
    let result = run([0xA2, 0x00, 0x80, 0x40, 0xF4], at: 0x1FFD)
    #expect(result.writes == 1)
    #expect(result.ax == 1)
  }

  /// INC AX; OUT 80, AL; MOV [8000], AL; INC AX; HLT.
  @Test(arguments: [1, 2, 7]) func deviceAccessInShortBlocksHappensOnce(blockLength: Int) {
    let result = run(
      [0x40, 0xE6, 0x80, 0xA2, 0x00, 0x80, 0x40, 0xF4], at: 0x1000,
      blockLength: blockLength)
    #expect(result.writes == 2)
    #expect(result.ax == 2)
  }

  /// INC AX, then MOV BYTE [1FFA], 40: over the INC, as the last instruction of its page.
  @Test func codeThatChangesItsOwnBlockGoesOnBehindIt() {
    let code: [UInt8] = [0x40, 0xC6, 0x06, 0xFA, 0x1F, 0x40, 0x40, 0xF4]
    #expect(run(code, at: 0x1FFA).ax == 2)
    #expect(run(code, at: 0x1100, blockLength: 2).ax == 2)
  }

  /// Fourteen DS prefixes in one page, and INC AX in the next: 15 bytes, not more.
  @Test func longestInstructionMayEndInTheNextPage() {
    let code = [UInt8](repeating: 0x3E, count: 14) + [0x40, 0xF4]
    #expect(run(code, at: 0x2000 - 14).ax == 1)
  }
}
