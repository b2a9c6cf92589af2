import Chipset
import X86

/// RAM for devices with DMA, which the processor must hear about afterwards: it may have decoded
/// what was there before.
final class DirectAccess: DirectMemory {
  private let ram: HostMemory
  /// What was written since `takeChanges`, as ranges that do not grow apart.
  private var changes: [(start: PhysicalAddress, size: Int)] = []

  /// To be told before something is written.
  var pageChanges: PageChanges?

  init(_ ram: HostMemory) { self.ram = ram }

  /// Video memory and ROMs are not for DMA.
  private func isRAM(_ address: UInt32) -> Bool {
    address < ram.size && !(0xA_0000..<0x10_0000).contains(address)
  }

  func read(_ address: UInt32) -> UInt8 {
    isRAM(address) ? ram.start.load(fromByteOffset: Int(address), as: UInt8.self) : 0xFF
  }

  func write(_ address: UInt32, _ byte: UInt8) {
    guard isRAM(address) else { return }
    let place = PhysicalAddress(address)
    pageChanges?.willWrite(at: place, size: 1)
    ram.start.storeBytes(of: byte, toByteOffset: Int(address), as: UInt8.self)
    if let last = changes.last, last.start + PhysicalAddress(last.size) == place {
      changes[changes.count - 1].size += 1
    } else {
      changes.append((place, 1))
    }
  }

  func takeChanges() -> [(start: PhysicalAddress, size: Int)] {
    guard !changes.isEmpty else { return [] }
    defer { changes = [] }
    return changes
  }
}
