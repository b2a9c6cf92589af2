import Chipset
import X86

/// What firmware would have done before a loader or boot sector runs, where no BIOS is given.
extension Machine {
  /// Leaves the devices as a PC's firmware does: COM1 sends and receives eight bits.
  func prepareBoard() {
    let lineControl: UInt16 = 0x3FB
    board.writePort(lineControl, width: 1, value: 3, at: cpu.ticks)
  }

  /// A boot sector asked for a BIOS service, and there is no BIOS: the vector is null. Names the
  /// service. To be asked now and then; looks at the software interrupts since the last time.
  func missingService() -> Stop? {
    guard format == .bootSector, guest.bios == nil, !cpu.cr0.contains(.protection) else {
      return nil
    }
    let end = cpu.log.count
    let start = max(checkedEvents, end - min(end, UInt64(cpu.log.capacity)))
    checkedEvents = end
    for sequence in start..<end {
      guard let event = cpu.log[sequence], event.kind == .softwareInterrupt, event.detail == 0,
        let vector = cpu.memory.host(at: UInt64(event.vector) * 4),
        vector.loadUnaligned(as: UInt32.self) == 0
      else { continue }
      let number = hexadecimal(UInt64(event.vector))
      return .unsupported("BIOS service INT \(number) (there is no BIOS; see --bios)")
    }
    return nil
  }
}
