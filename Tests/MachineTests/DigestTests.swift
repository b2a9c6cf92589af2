import Testing
import X86

@testable import Machine

@Suite struct DigestTests {
  @Test func equalMachinesHaveEqualDigests() throws {
    let first = try Machine(ImageFiles.kernel())
    let second = try Machine(ImageFiles.kernel())
    #expect(first.digest == second.digest)
  }

  @Test func everyByteOfMemoryCounts() throws {
    let machine = try Machine(ImageFiles.kernel())
    var digests: Set<UInt64> = [machine.digest]
    for address: UInt64 in [0, 0x9_FFFF, 0xB_8000, 0x20_0000, (4 << 20) - 1] {
      machine.cpu.memory.host(at: address)?.storeBytes(of: 1, as: UInt8.self)
      digests.insert(machine.digest)
    }
    #expect(digests.count == 6)
  }

  @Test func everyRegisterCounts() throws {
    let machine = try Machine(ImageFiles.kernel())
    var digests: Set<UInt64> = [machine.digest]
    for register in Register.allCases {
      machine.cpu[register] ^= 1
      digests.insert(machine.digest)
    }
    #expect(digests.count == 9)
  }

  @Test func zeroPagesLeaveNoTrace() {
    let pages = UnsafeMutableRawPointer.allocate(byteCount: 3 * 4096, alignment: 4096)
    defer { pages.deallocate() }
    pages.initializeMemory(as: UInt8.self, repeating: 0, count: 3 * 4096)
    var hash = StateHash()
    hash.combine(pages: pages, size: 3 * 4096)
    #expect(hash == StateHash())
    (pages + 4096).storeBytes(of: 1, as: UInt8.self)
    hash.combine(pages: pages, size: 3 * 4096)
    #expect(hash != StateHash())
  }
}
