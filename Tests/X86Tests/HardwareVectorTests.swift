import Foundation
import Testing

@testable import X86

/// Real mode beside what a real 80286 did. The cases are not part of this project: RINGSIDE_VECTORS
/// names the folder that has them.
struct HardwareVectorTests {
  static let folder = HardwareVectorFolder.fromEnvironment

  @Test(
    .enabled(if: folder != nil, "RINGSIDE_VECTORS names no folder of hardware vectors"),
    arguments: folder?.forms ?? [])
  func doesWhatThe80286Did(form: String) throws {
    let folder = try #require(Self.folder)
    let machine = RealModeProgram()
    var differences: [String] = []
    var count = 0
    for vector in try folder.vectors(form) {
      if HardwareVectorExclusion.reason(form: form, vector: vector) != nil { continue }
      count += 1
      if let difference = machine.difference(from: vector, flagMask: folder.flagMask(form)) {
        differences.append("#\(vector.idx) \(vector.name) (\(vector.bytes)): \(difference)")
      }
    }
    if !differences.isEmpty {
      Issue.record(
        """
        \(form): \(differences.count) of \(count) differ
          \(differences.prefix(3).joined(separator: "\n  "))
        """)
    }
  }
}

/// A processor in real mode with the first 1088 KB of memory, A20 open.
final class RealModeProgram {
  private static let ramSize = 0x11_0000
  private static let names = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di"]
  private static let segmentNames = ["es", "cs", "ss", "ds"]
  /// NT and IOPL read as zero in real mode on an 80286, and bit 15 was not always so.
  private static let flagsOf80286: UInt32 = 0x0FFF

  private let ram: UnsafeMutableRawPointer
  /// What memory should be after a case.
  private let expected: UnsafeMutableRawPointer
  private var cpu: CPU

  init() {
    ram = .allocate(byteCount: Self.ramSize, alignment: 4096)
    ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramSize)
    expected = .allocate(byteCount: Self.ramSize, alignment: 4096)
    expected.initializeMemory(as: UInt8.self, repeating: 0, count: Self.ramSize)
    var memory = PhysicalMemory()
    memory.map(ram, size: Self.ramSize, at: 0)
    cpu = CPU(profile: .i686, memory: memory, bus: FloatingBus())
  }

  deinit {
    ram.deallocate()
    expected.deallocate()
  }

  /// Runs one case, and says in what the result differs; nil if in nothing.
  func difference(from vector: HardwareVector, flagMask: UInt32) -> String? {
    for pair in vector.initial.ram + vector.final.ram { set(expected, pair[0], pair[1]) }
    for pair in vector.initial.ram { set(ram, pair[0], pair[1]) }
    if vector.exception?.number == 13 && PrefixedInstruction(vector.bytes).usesStackSegment {
      expectStackFault()
    }
    enter(vector.initial.regs)
    var steps = 0
    while !cpu.isHalted && !cpu.isShutDown && steps < 2000 {
      _ = cpu.step()
      steps += 1
    }
    var mask = flagMask & Self.flagsOf80286
    // A division that does not happen leaves the flags undefined.
    if vector.exception?.number == 0 { mask &= ~EFLAGS.arithmetic.rawValue }
    var words = registerDifferences(from: vector, mask: mask)
    if !cpu.isHalted { words.append("never came to its HLT, ip \(hex(cpu.eip))") }
    if vector.exception != nil { forgetUndefined(mask, vector) }
    if memcmp(ram, expected, Self.ramSize) == 0 {
      for pair in vector.initial.ram + vector.final.ram {
        set(expected, pair[0], 0)
        set(ram, pair[0], 0)
      }
    } else {
      for address in 0..<Self.ramSize where get(ram, address) != get(expected, address) {
        words.append(
          "[\(hex(address))] \(hex(get(ram, address))), want \(hex(get(expected, address)))")
        break
      }
      memset(ram, 0, Self.ramSize)
      memset(expected, 0, Self.ramSize)
    }
    return words.isEmpty ? nil : words.joined(separator: "; ")
  }

  private func registerDifferences(from vector: HardwareVector, mask: UInt32) -> [String] {
    let want = vector.initial.regs.merging(vector.final.regs) { $1 }
    var words: [String] = []
    func compare(_ name: String, _ value: UInt32, mask: UInt32 = 0xFFFF_FFFF) {
      guard let wanted = want[name], (value ^ wanted) & mask != 0 else { return }
      words.append("\(name) \(hex(value & mask)), want \(hex(wanted & mask))")
    }
    for (index, name) in Self.names.enumerated() { compare(name, cpu.register(index)) }
    for (index, name) in Self.segmentNames.enumerated() {
      compare(name, UInt32(cpu.segment(index).selector))
    }
    // The HLT may have been the last byte of the segment: EIP goes on counting, IP starts again.
    compare("ip", cpu.eip, mask: 0xFFFF)
    compare("flags", cpu.eflags.rawValue, mask: mask)
    return words
  }

  /// Since the 386 an operand of the stack segment that crosses FFFFh is #SS; on an 80286 it was
  /// vector 13 for every segment. The rest of the case stays as it is.
  private func expectStackFault() {
    for byte in 0..<4 {
      for memory in [ram, expected] {
        set(memory, 12 * 4 + byte, Int(get(memory, 13 * 4 + byte)))
      }
    }
  }

  private func enter(_ regs: [String: UInt32]) {
    cpu.reset()
    for (index, name) in Self.names.enumerated() { cpu.setRegister(index, regs[name] ?? 0) }
    for (index, name) in Self.segmentNames.enumerated() {
      var segment = cpu.segment(index)
      segment.limit = 0xFFFF
      segment.loadReal(selector: UInt16(regs[name] ?? 0))
      cpu.setSegment(index, segment)
    }
    cpu.eip = regs["ip"] ?? 0
    cpu.eflags = EFLAGS(rawValue: (regs["flags"] ?? 0) & Self.flagsOf80286)
    cpu.memoryChanged(at: 0, size: Self.ramSize)
  }

  /// In the pushed FLAGS word, what is not defined is taken as it is.
  private func forgetUndefined(_ mask: UInt32, _ vector: HardwareVector) {
    let stack = vector.final.regs["sp"] ?? 0
    let segment = vector.initial.regs["ss"] ?? 0
    for byte: UInt32 in 0..<2 {
      let address = Int(segment << 4 + (stack + 4 + byte) & 0xFFFF)
      let defined = UInt8(truncatingIfNeeded: mask >> (8 * byte))
      let value = get(ram, address) & ~defined | get(expected, address) & defined
      set(expected, address, Int(value))
    }
  }

  private func get(_ memory: UnsafeMutableRawPointer, _ address: Int) -> UInt8 {
    memory.load(fromByteOffset: address, as: UInt8.self)
  }
  private func set(_ memory: UnsafeMutableRawPointer, _ address: Int, _ byte: Int) {
    memory.storeBytes(of: UInt8(byte), toByteOffset: address, as: UInt8.self)
  }
  private func hex(_ value: some BinaryInteger) -> String { String(value, radix: 16) }
}
