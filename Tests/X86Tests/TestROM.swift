import Foundation

@testable import X86

/// A ROM that tries something again and again and prints a line about each try to port E9h: see
/// Tests/Generators/protection.asm and Fuzz/system.c.
struct TestROM {
  /// What the ROM prints to port E9h; every other port is unclaimed.
  private final class PrintingBus: Bus {
    private var text: [UInt8] = []
    var lines: [Substring] { String(decoding: text, as: UTF8.self).split(separator: "\n") }
    func readPort(_ port: UInt16, width: Int, at tick: UInt64) -> UInt32 { ~0 }
    func writePort(_ port: UInt16, width: Int, value: UInt32, at tick: UInt64) {
      if port == 0xE9 { text.append(UInt8(truncatingIfNeeded: value)) }
    }
    func readMemory(_ address: PhysicalAddress, width: Int, at tick: UInt64) -> UInt32 { ~0 }
    func writeMemory(_ address: PhysicalAddress, width: Int, value: UInt32, at tick: UInt64) {}
    func acknowledgeInterrupt(at tick: UInt64) -> UInt8 { 0 }
  }

  /// What lies from F0000h up.
  var bytes: [UInt8]
  var memorySize = 8 << 20
  /// Whether a triple fault resets the processor, as it does on a board, and the ROM goes on.
  var resetsAfterShutdown = false
  var maximumTicks: UInt64 = 1 << 40

  /// Runs the ROM until it halts, and gives the lines that it printed.
  func run(blockLength: Int) -> [Substring] {
    let ram = UnsafeMutableRawPointer.allocate(byteCount: memorySize, alignment: 4096)
    defer { ram.deallocate() }
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: memorySize)
    (ram + 0xF_0000).copyMemory(from: bytes, byteCount: bytes.count)
    // jmp F000:0
    (ram + 0xF_FFF0).copyMemory(from: [0xEA, 0, 0, 0, 0xF0] as [UInt8], byteCount: 5)
    let bus = PrintingBus()
    var cpu = CPU(profile: .i686, memory: PhysicalMemory(), bus: bus)
    cpu.memory.map(ram, size: memorySize, at: 0)
    cpu.memory.map(ram + 0xF_0000, size: 1 << 16, at: 0xF_0000, readOnly: true)
    cpu.memory.map(ram + 0xF_0000, size: 1 << 16, at: 0xFFFF_0000, readOnly: true)
    cpu.maximumBlockLength = blockLength
    while cpu.ticks < maximumTicks {
      switch cpu.run(until: maximumTicks) {
      case .halted: return bus.lines
      case .shutdown where resetsAfterShutdown: cpu.reset()
      case .shutdown: return bus.lines
      case .budget, .attention, .breakpoint, .gate: continue
      }
    }
    return bus.lines
  }
}
