import X86

/// The devices that a hypervisor needs for itself: the two interrupt controllers, and the timer, used as
/// one-shot. Reached by OUT at CPL 0, like everything else.
extension Paravirtualization {
  private enum Port {
    static let master: UInt16 = 0x20
    static let slave: UInt16 = 0xA0
    static let timer: UInt16 = 0x40
    static let timerControl: UInt16 = 0x43
  }

  /// IRQ 0 to 15 become vectors 20h to 2Fh; only the timer is heard.
  func startInterruptControllers(_ cpu: inout CPU) {
    for (port, vector, wiring) in [(Port.master, UInt8(0x20), UInt8(4)), (Port.slave, 0x28, 2)] {
      cpu.writePort(port, byte: 0x11)
      for byte in [vector, wiring, 1] { cpu.writePort(port + 1, byte: byte) }
    }
    heardLines = 1 << 0 | 1 << 2
    storeMask(&cpu)
  }

  /// Lets a line interrupt, or not.
  func hear(_ line: UInt32, _ isHeard: Bool, _ cpu: inout CPU) {
    heardLines = isHeard ? heardLines | 1 << UInt16(line) : heardLines & ~(1 << UInt16(line))
    storeMask(&cpu)
  }

  private func storeMask(_ cpu: inout CPU) {
    cpu.writePort(Port.master + 1, byte: UInt8(truncatingIfNeeded: ~heardLines))
    cpu.writePort(Port.slave + 1, byte: UInt8(truncatingIfNeeded: ~heardLines >> 8))
  }

  /// A device's interrupt has come: the timer is ours, the others become events of their domains.
  func interrupt(_ line: UInt32, _ cpu: inout CPU) {
    let isReal = line & 7 != 7 || isInService(line, &cpu)
    if line >= 8 && isReal { cpu.writePort(Port.slave, byte: 0x20) }
    // The master has served its line 2 whatever the slave says.
    if line >= 8 || isReal { cpu.writePort(Port.master, byte: 0x20) }
    if line == 0 { return timeIsUp(&cpu) }
    if line == Self.consoleLine && isListeningToConsole { return readConsole(&cpu) }
    guard isReal,
      let owner = domains.firstIndex(where: { $0.physicalInterrupts[Int(line)] != 0 })
    else { return }
    setPending(domains[owner].physicalInterrupts[Int(line)], of: owner, &cpu)
  }

  /// A line that drops too early is reported as the last one of its controller, and is no interrupt:
  /// then the in-service register has no bit for it (8259A, Intel 231468).
  private func isInService(_ line: UInt32, _ cpu: inout CPU) -> Bool {
    let port = line < 8 ? Port.master : Port.slave
    // OCW3: the next IN reads the in-service register.
    cpu.writePort(port, byte: 0x0B)
    return cpu.readPort(port) >> (line & 7) & 1 != 0
  }

  // MARK: Time

  /// System time: nanoseconds since the machine was started.
  func time(_ cpu: borrowing CPU) -> UInt64 {
    let (seconds, rest) = cpu.ticks.quotientAndRemainder(dividingBy: ticksPerSecond)
    return seconds &* 1_000_000_000 &+ rest &* 1_000_000_000 / ticksPerSecond
  }

  private func timeIsUp(_ cpu: inout CPU) {
    armedFor = .max
    let now = time(cpu)
    for index in domains.indices where domains[index].isAlive { tellTime(index, now, &cpu) }
    if !isIdle { storeTime(&cpu) }
    armTimer(&cpu)
  }

  private func tellTime(_ index: Int, _ now: UInt64, _ cpu: inout CPU) {
    var isDue = false
    if let timeout = domains[index].timeout, timeout <= now {
      domains[index].timeout = nil
      isDue = true
    }
    if domains[index].period > 0 && domains[index].nextPeriod <= now {
      let missed = (now - domains[index].nextPeriod) / domains[index].period
      domains[index].nextPeriod += domains[index].period * (missed + 1)
      isDue = true
    }
    if let end = domains[index].pollEnd, end <= now { wake(index, cpu) }
    if isDue { raise(VirtualInterrupt.timer, of: index, &cpu) }
  }

  /// Sets the timer for the next thing that has its time.
  func armTimer(_ cpu: inout CPU) {
    var next = sliceEnd
    for domain in domains where domain.isAlive {
      if let timeout = domain.timeout { next = min(next, timeout) }
      if let end = domain.pollEnd { next = min(next, end) }
      if domain.period > 0 { next = min(next, domain.nextPeriod) }
    }
    guard next < armedFor else { return }
    armedFor = next
    let now = time(cpu)
    let wait = min(next > now ? next - now : 0, 50_000_000)
    // Rounded up, so that the time has come when the interrupt does. Mode 0: one pulse.
    let count = UInt16(wait * 1_193_182 / 1_000_000_000 + 1)
    cpu.writePort(Port.timerControl, byte: 0x30)
    cpu.writePort(Port.timer, byte: UInt8(truncatingIfNeeded: count))
    cpu.writePort(Port.timer, byte: UInt8(count >> 8))
  }

  /// The time in the running domain's page: from there on it counts with RDTSC itself.
  func storeTime(_ cpu: inout CPU) {
    let info = current.processorInfo
    let version: UInt32 = cpu.load(at: info + ProcessorInfo.timeVersion)
    let (shift, multiplier) = timeScale
    cpu.store(version &+ 1, at: info + ProcessorInfo.timeVersion)
    cpu.store(cpu.ticks, at: info + ProcessorInfo.timeStamp)
    cpu.store(time(cpu), at: info + ProcessorInfo.systemTime)
    cpu.store(multiplier, at: info + ProcessorInfo.timeMultiplier)
    cpu.store(UInt8(bitPattern: shift), at: info + ProcessorInfo.timeShift)
    cpu.store(version &+ 2, at: info + ProcessorInfo.timeVersion)
    copyTime(&cpu)
  }

  /// Nanoseconds are (ticks shifted left) * multiplier / 2^32.
  private var timeScale: (shift: Int8, multiplier: UInt32) {
    var shift: Int8 = 0
    var nanoseconds: UInt64 = 1_000_000_000
    while nanoseconds >= ticksPerSecond {
      nanoseconds >>= 1
      shift += 1
    }
    return (shift, UInt32((nanoseconds << 32) / ticksPerSecond))
  }
}
