import X86

/// console_io: the hypervisor's own console, the first serial line. It is Domain 0's to use.
///
/// Domain 0 can drive the line itself, by binding its interrupt. Or it binds VIRQ_CONSOLE: then the
/// hypervisor takes what comes in, tells of it, and gives it to whoever reads.
extension Paravirtualization {
  private enum Port {
    static let data: UInt16 = 0x3F8
    static let enable: UInt16 = 0x3F9
    static let modemControl: UInt16 = 0x3FC
    static let status: UInt16 = 0x3FD
  }

  /// The serial line's interrupt.
  static let consoleLine: UInt32 = 4
  /// Bytes that are kept; what comes when there are as many is lost.
  static let consoleRoom = 128

  func consoleOperation(
    _ command: UInt32, _ count: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    guard current.isPrivileged else { throw .notPermitted }
    switch command {
    case 0:
      guard count < 1 << 31 else { throw .invalid }
      for index in 0..<count {
        let linear = place &+ index
        guard takeElement() else {
          continuation = [command, count - index, linear]
          return 0
        }
        guard linear < HypervisorLayout.hole, let byte = cpu.peekSystem(linear, 1) else {
          throw .badAddress
        }
        if byte == 0x0A { cpu.writePort(Port.data, byte: 0x0D) }
        cpu.writePort(Port.data, byte: UInt8(byte))
      }
      return 0
    case 1:
      let bytes = Array(consoleInput.prefix(Int(count)))
      try put(bytes, at: place, &cpu)
      consoleInput.removeFirst(bytes.count)
      return UInt32(bytes.count)
    default: throw .notImplemented
    }
  }

  /// Domain 0 wants to be told of input, and has not the line itself.
  var isListeningToConsole: Bool {
    domains[0].virtualInterrupts[VirtualInterrupt.console] != 0
      && domains[0].physicalInterrupts[Int(Self.consoleLine)] == 0
  }

  /// After a change of who listens, unless that is Domain 0 itself.
  func listenToConsole(_ cpu: inout CPU) {
    guard domains[0].physicalInterrupts[Int(Self.consoleLine)] == 0 else { return }
    // Received bytes interrupt, and OUT2 lets them through.
    cpu.writePort(Port.enable, byte: isListeningToConsole ? 1 : 0)
    if isListeningToConsole { cpu.writePort(Port.modemControl, byte: 0x0B) }
    hear(Self.consoleLine, isListeningToConsole, &cpu)
  }

  /// The line has interrupted.
  func readConsole(_ cpu: inout CPU) {
    // As many as a FIFO has, at most; the line goes on asking if there are more.
    for _ in 0..<16 {
      guard cpu.readPort(Port.status) & 1 != 0 else { break }
      let byte = cpu.readPort(Port.data)
      if consoleInput.count < Self.consoleRoom { consoleInput.append(byte) }
    }
    raise(VirtualInterrupt.console, of: 0, &cpu)
  }
}
