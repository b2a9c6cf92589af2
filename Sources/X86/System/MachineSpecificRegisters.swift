/// RDMSR, WRMSR, RDTSC, RDPMC (SDM 4, chapter 2; SDM 3B, 17.17).
private enum MSR {
  static let machineCheckAddress: UInt32 = 0x00
  static let machineCheckType: UInt32 = 0x01
  static let timeStampCounter: UInt32 = 0x10
  static let platformID: UInt32 = 0x17
  static let microcodeUpdate: UInt32 = 0x79
  static let microcodeRevision: UInt32 = 0x8B
  static let sysenterCS: UInt32 = 0x174
  static let sysenterESP: UInt32 = 0x175
  static let sysenterEIP: UInt32 = 0x176
  static let pageAttributes: UInt32 = 0x277
  static let extendedFeatures: UInt32 = 0xC000_0080
  static let vmControl: UInt32 = 0xC001_0114
  static let vmHostSaveArea: UInt32 = 0xC001_0117
}

extension CPU {
  /// What RDTSC reads: machine ticks, moved by writes to the counter, and in a guest by its VMCB.
  var timeStamp: UInt64 { ticks &+ msrs.timeStampOffset &+ svm.guest.timeStampOffset }

  private mutating func returnPair(_ value: UInt64) {
    self[.eax] = UInt32(truncatingIfNeeded: value)
    self[.edx] = UInt32(truncatingIfNeeded: value >> 32)
  }

  /// RDTSC — 0F 31. CR4.TSD keeps it to CPL 0.
  mutating func rdtsc() throws(Interruption) {
    try require(.timeStamp)
    if cr4.contains(.timeStampDisable) && cpl != 0 {
      throw .generalProtection(0, .timeStampDisabled)
    }
    try intercept(.rdtsc)
    returnPair(timeStamp)
  }

  /// RDPMC — 0F 33. There are no performance counters: every number is out of range.
  mutating func rdpmc() throws(Interruption) {
    try require(.cmov)
    if cpl != 0 && !cr4.contains(.performanceCounters) {
      throw .generalProtection(0, .cplNotZero)
    }
    try intercept(.rdpmc)
    throw .generalProtection(0, .unknownMSR)
  }

  /// RDMSR — 0F 32.
  mutating func rdmsr() throws(Interruption) {
    try require(.modelSpecificRegisters)
    try requireRing0()
    try interceptMSR(self[.ecx], isWrite: false)
    returnPair(try readMSR(self[.ecx]))
  }

  /// WRMSR — 0F 30.
  mutating func wrmsr() throws(Interruption) {
    try require(.modelSpecificRegisters)
    try requireRing0()
    try interceptMSR(self[.ecx], isWrite: true)
    let value = UInt64(self[.edx]) << 32 | UInt64(self[.eax])
    try writeMSR(self[.ecx], value)
    recordWrite(.machineSpecificWrite, register: self[.ecx], new: value)
  }

  private func requireMSR(_ feature: Profile.Features) throws(Interruption) {
    if !profile.features.contains(feature) { throw .generalProtection(0, .unknownMSR) }
  }

  /// The registers of the P6 family, of which the profile's CMOV is the mark.
  private func requireP6() throws(Interruption) { try requireMSR(.cmov) }

  private func readMSR(_ number: UInt32) throws(Interruption) -> UInt64 {
    switch number {
    case MSR.machineCheckAddress, MSR.machineCheckType:
      // No machine check has happened: nothing is latched.
      return 0
    case MSR.timeStampCounter: return timeStamp
    case MSR.platformID where !profile.features.contains(.virtualMachines),
      MSR.microcodeRevision:
      // Platform 0, which AMD's parts lack; no microcode update has been loaded.
      try requireP6()
      return 0
    case MSR.sysenterCS:
      try requireMSR(.sysenter)
      return UInt64(msrs.sysenterCS)
    case MSR.sysenterESP:
      try requireMSR(.sysenter)
      return UInt64(msrs.sysenterESP)
    case MSR.sysenterEIP:
      try requireMSR(.sysenter)
      return UInt64(msrs.sysenterEIP)
    case MSR.pageAttributes:
      try requireP6()
      return msrs.pat
    case MSR.extendedFeatures:
      try requireMSR(.noExecute)
      return msrs.efer
    case MSR.vmControl:
      try requireMSR(.virtualMachines)
      return svm.control
    case MSR.vmHostSaveArea:
      try requireMSR(.virtualMachines)
      return svm.hostSaveArea
    default: throw .generalProtection(0, .unknownMSR)
    }
  }

  private mutating func writeMSR(_ number: UInt32, _ value: UInt64) throws(Interruption) {
    let low = UInt32(truncatingIfNeeded: value)
    switch number {
    case MSR.timeStampCounter:
      // These parts can write only the lower half; the upper is cleared.
      msrs.timeStampOffset = UInt64(low) &- ticks
    case MSR.microcodeUpdate, MSR.microcodeRevision:
      // An update that does not fit the processor is ignored, and none fits this one: its revision
      // stays 0, which is also what system software writes before it asks.
      try requireP6()
    case MSR.sysenterCS:
      try requireMSR(.sysenter)
      msrs.sysenterCS = low
    case MSR.sysenterESP:
      try requireMSR(.sysenter)
      msrs.sysenterESP = low
    case MSR.sysenterEIP:
      try requireMSR(.sysenter)
      msrs.sysenterEIP = low
    case MSR.pageAttributes:
      try requireP6()
      try checkPageAttributes(value)
      msrs.pat = value
    case MSR.extendedFeatures:
      try requireMSR(.noExecute)
      if value & ~implementedFeatures != 0 { throw .generalProtection(0, .reservedMSRBits) }
      msrs.efer = value
      flushTLB()
    case MSR.vmControl: try writeVMControl(value)
    case MSR.vmHostSaveArea:
      try requireMSR(.virtualMachines)
      if value & 0xFFF != 0 || value >> UInt64(Self.physicalAddressBits) != 0 {
        throw .generalProtection(0, .reservedMSRBits)
      }
      svm.hostSaveArea = value
    default: throw .generalProtection(0, .unknownMSR)
    }
  }

  /// The bits of EFER that can be set; SVME not while VM_CR.SVMDIS is.
  private var implementedFeatures: UInt64 {
    let canRunGuests =
      profile.features.contains(.virtualMachines) && svm.control & VMControl.isDisabled == 0
    return ExtendedFeatures.noExecute | (canRunGuests ? ExtendedFeatures.virtualMachines : 0)
  }

  /// VM_CR: LOCK keeps itself and SVMDIS; the latter cannot be set while SVME is.
  private mutating func writeVMControl(_ value: UInt64) throws(Interruption) {
    try requireMSR(.virtualMachines)
    if value & ~VMControl.implemented != 0 { throw .generalProtection(0, .reservedMSRBits) }
    let kept = VMControl.lock | VMControl.isDisabled
    let new =
      svm.control & VMControl.lock == 0 ? value : value & ~kept | svm.control & kept
    if value & VMControl.isDisabled != 0 && msrs.efer & ExtendedFeatures.virtualMachines != 0 {
      throw .generalProtection(0, .reservedMSRBits)
    }
    svm.control = new
    // DIS_A20M may open what the A20 gate closes.
    requestAttention()
  }

  private func checkPageAttributes(_ value: UInt64) throws(Interruption) {
    if !isPageAttributes(value) { throw .generalProtection(0, .reservedMSRBits) }
  }

  /// Eight memory types; 2, 3 and 8 up are reserved.
  func isPageAttributes(_ value: UInt64) -> Bool {
    (0..<8).allSatisfy {
      let type = value >> UInt64($0 * 8) & 0xFF
      return type <= 7 && type != 2 && type != 3
    }
  }
}
