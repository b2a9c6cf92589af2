public import Chipset
import X86

/// What firmware would have done before a loader or boot sector runs, where no BIOS is given.
extension Machine {
  /// Leaves the devices as a PC's firmware does: serial lines send and receive eight bits. Also for
  /// a BIOS: not all of them set the lines, and the chip's five bits would make text unreadable.
  func prepareBoard() {
    let lineControls: [UInt16] = [0x3FB, 0x2FB]
    for port in lineControls { board.writePort(port, width: 1, value: 3, at: cpu.ticks) }
  }

  /// Whether a byte over a serial line can end a HLT: the receiver's interrupt is enabled in the
  /// UART (IER) and not masked in the interrupt controller (IMR).
  public func serialInputCanWake(on line: Board.SerialLine = .com1) -> Bool {
    let base: UInt16 = line == .com1 ? 0x3F8 : 0x2F8
    let (interruptEnable, lineControl, mask): (UInt16, UInt16, UInt16) = (base + 1, base + 3, 0x21)
    func port(_ number: UInt16) -> UInt32 { board.readPort(number, width: 1, at: cpu.ticks) }
    // With DLAB set, the enables are hidden behind the divisor: give them the benefit of the doubt.
    return port(mask) & (line == .com1 ? 0x10 : 0x08) == 0
      && (port(lineControl) & 0x80 != 0 || port(interruptEnable) & 1 != 0)
  }

  /// A boot sector asked for a BIOS service, and there is no BIOS: the vector is null. Names the
  /// service. To be asked now and then; looks at the software interrupts since the last time.
  func missingService() -> Stop? {
    guard format == .bootSector, guest.bios == nil, !cpu.cr0.contains(.protection) else {
      return nil
    }
    let end = cpu.log.end
    let start = max(checkedEvents, cpu.log.start)
    checkedEvents = end
    guard start < end else { return nil }
    for place in start..<end {
      let event = cpu.log[place: place]
      guard event.kind == .softwareInterrupt, event.toEIP == 0,
        let vector = cpu.memory.host(at: UInt64(event.vector) * 4),
        vector.loadUnaligned(as: UInt32.self) == 0
      else { continue }
      let number = hexadecimal(UInt64(event.vector))
      return .unsupported("BIOS service INT \(number) (there is no BIOS; see --bios)")
    }
    return nil
  }
}
