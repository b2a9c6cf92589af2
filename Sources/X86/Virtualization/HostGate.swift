/// The host gate: the one opcode, 0F 3F, by which a monitor's entry stub calls the body of its
/// handler, which is not x86 code.
///
/// It exists at CPL 0 in frames that a monitor owns, and nowhere else: for everybody else it is
/// the undefined opcode that it is on every processor. So a processor without a monitor, and a guest
/// under one, never meet it.
extension CPU {
  /// Ends the run with `RunExit.gate`, behind the gate. Retires like any instruction.
  mutating func hostGate() throws(Interruption) {
    guard cpl == 0, isProtected, isMonitorFrame(codeBase &+ eip) else {
      throw .invalidOpcode(.undefinedOpcode)
    }
    isAtHostGate = true
    requestAttention()
  }

  private mutating func isMonitorFrame(_ linear: UInt32) -> Bool {
    guard let physical = peekTranslate(linear), let frame = memory.frame(at: physical) else {
      return false
    }
    return frame.pointee.isMonitorOwned
  }
}

extension PhysicalMemory {
  /// Gives the frames in `[address, address + size)` to a monitor: host gates work in them.
  public mutating func giveToMonitor(_ address: PhysicalAddress, size: Int) {
    for offset in stride(from: 0, to: UInt64(size), by: 4096) {
      frame(at: address + offset)?.pointee.isMonitorOwned = true
    }
  }
}
