import X86

/// The wall clock in the page that a domain shares with the hypervisor: the calendar's time when system time
/// was 0. To that a domain adds system time.
extension Paravirtualization {
  private enum Port {
    static let index: UInt16 = 0x70
    static let data: UInt16 = 0x71
  }

  func storeWallClock(of domain: Domain, _ cpu: inout CPU) {
    let now = calendarTime(&cpu)
    let shared = domain.sharedInfo
    let start = now &- time(cpu) / 1_000_000_000
    cpu.store(UInt32(truncatingIfNeeded: start), at: shared + SharedInfo.wallClockSeconds)
    // An even version, and not the first: it has been written.
    cpu.store(UInt32(2), at: shared + SharedInfo.wallClockVersion)
  }

  /// Seconds since 1970, of the clock that the PC has for it (MC146818A), at whose ports it is read.
  private func calendarTime(_ cpu: inout CPU) -> UInt64 {
    let mode = register(0x0B, &cpu)
    func number(_ index: UInt8, _ cpu: inout CPU) -> Int {
      let value = Int(register(index, &cpu))
      return mode & 4 != 0 ? value : value >> 4 * 10 + value & 15
    }
    let (second, minute) = (number(0, &cpu), number(2, &cpu))
    let hour = hour(register(4, &cpu), mode)
    let (day, month) = (number(7, &cpu), number(8, &cpu))
    // The century is in BCD whatever the mode.
    let century = Int(register(0x32, &cpu))
    let year = (century >> 4 * 10 + century & 15) * 100 + number(9, &cpu)
    let days = Self.days(year: year, month: max(1, month), day: day)
    return UInt64(max(0, ((days * 24 + hour) * 60 + minute) * 60 + second))
  }

  private func register(_ index: UInt8, _ cpu: inout CPU) -> UInt8 {
    cpu.writePort(Port.index, byte: index)
    return cpu.readPort(Port.data)
  }

  /// Of 24; with 12 hours, bit 7 is PM, and 12 AM is 0.
  private func hour(_ value: UInt8, _ mode: UInt8) -> Int {
    let low = Int(value & 0x7F)
    let number = mode & 4 != 0 ? low : low >> 4 * 10 + low & 15
    guard mode & 2 == 0 else { return number }
    return number % 12 + (value & 0x80 != 0 ? 12 : 0)
  }

  /// Days since 1 January 1970 in the Gregorian calendar; years begin in March here, so that the leap day
  /// is the last one.
  private static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month > 2 ? year : year - 1
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }
}
