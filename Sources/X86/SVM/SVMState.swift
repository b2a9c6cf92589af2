/// What the processor holds for AMD's Secure Virtual Machine extension (AMD APM 2, chapter 15).
struct SVMState {
  /// A guest runs: there was a VMRUN, and no #VMEXIT since.
  var isGuest = false
  /// GIF. While it is clear, interrupts, NMIs and breakpoints wait or are lost.
  var globalInterruptFlag = true
  /// VM_CR and VM_HSAVE_PA.
  var control: UInt64 = 0
  var hostSaveArea: UInt64 = 0
  /// CR8 of the host, 0...15. There is no local APIC whose interrupts it could hold back.
  var taskPriority: UInt8 = 0
  /// STAR, LSTAR, CSTAR, SFMASK and KernelGsBase: VMLOAD and VMSAVE carry them, and without SYSCALL
  /// and long mode nothing uses them.
  var carried = InlineArray<5, UInt64>(repeating: 0)

  /// Physical address of the running guest's VMCB, and what was read from it.
  var vmcb: PhysicalAddress = 0
  var guest = GuestControls()
  /// What of the host counts while a guest runs.
  var host = HostControls()
  /// Accepted by VMRUN and not yet delivered, as in EVENTINJ; 0 when there is none.
  var injection: UInt64 = 0
  /// Being delivered to the guest, as in EXITINTINFO; 0 when there is none.
  var delivering: UInt64 = 0
  /// The exit that is on its way, from the check that found it to `leaveGuest`.
  var exit = PendingExit()
}

/// The control fields of a VMCB, read by VMRUN and kept until #VMEXIT.
struct GuestControls {
  /// One bit for each exit code up to 9Fh.
  var intercepts = InlineArray<5, UInt32>(repeating: 0)
  var ioPermissions: PhysicalAddress = 0
  var msrPermissions: PhysicalAddress = 0
  var timeStampOffset: UInt64 = 0
  /// V_TPR, 0...15.
  var taskPriority: UInt8 = 0
  /// V_IRQ, and V_INTR_PRIO, V_IGN_TPR and V_INTR_VECTOR of what it requests.
  var isInterruptRequested = false
  var interruptPriority: UInt8 = 0
  var ignoresTaskPriority = false
  var interruptVector: UInt8 = 0
  /// V_INTR_MASKING: the host's IF masks real interrupts, the guest's IF only virtual ones.
  var masksInterrupts = false
  var nestsPaging = false
  var nestedCR3: UInt64 = 0
}

/// The host's side of a running guest.
struct HostControls {
  /// IF, for V_INTR_MASKING.
  var acceptsInterrupts = false
  /// How nested page tables are read.
  var cr4: CR4 = []
  var hasNoExecute = false
  /// Kept while a guest with nested paging has a PAT of its own.
  var pat: UInt64 = 0
}

/// An exit code with what goes beside it into the VMCB.
struct PendingExit {
  var code = ExitCode.invalid
  var info1: UInt64 = 0
  var info2: UInt64 = 0
  /// The instruction behind an intercepted one; 0 for all other exits.
  var nextRIP: UInt32 = 0
}

/// An event in the format of EVENTINJ and EXITINTINFO (AMD APM 2, 15.20 and 15.7.2).
enum EventInformation {
  static let interrupt: UInt64 = 0
  static let nonMaskable: UInt64 = 2
  static let exception: UInt64 = 3
  static let softwareInterrupt: UInt64 = 4

  static let hasErrorCode: UInt64 = 1 << 11
  static let isValid: UInt64 = 1 << 31

  static func value(_ vector: UInt8, type: UInt64, errorCode: UInt32? = nil) -> UInt64 {
    let code = errorCode.map { UInt64($0) << 32 | hasErrorCode } ?? 0
    return code | isValid | type << 8 | UInt64(vector)
  }
}

/// Bits of VM_CR (AMD APM 2, 15.30.1).
enum VMControl {
  static let disableA20Mask: UInt64 = 1 << 2
  static let lock: UInt64 = 1 << 3
  static let isDisabled: UInt64 = 1 << 4
  static let implemented: UInt64 = 0x1F
}

/// Bits of EFER that the profiles have.
enum ExtendedFeatures {
  static let noExecute: UInt64 = 1 << 11
  static let virtualMachines: UInt64 = 1 << 12
}

extension SVMState {
  func combine(into hash: inout StateHash) {
    let flags: UInt64 =
      (isGuest ? 1 : 0) | (globalInterruptFlag ? 2 : 0) | (guest.isInterruptRequested ? 4 : 0)
      | (guest.ignoresTaskPriority ? 8 : 0) | (guest.masksInterrupts ? 16 : 0)
      | (guest.nestsPaging ? 32 : 0) | (host.acceptsInterrupts ? 64 : 0)
      | (host.hasNoExecute ? 128 : 0)
    hash.combine(flags)
    hash.combine(UInt64(taskPriority) | UInt64(guest.taskPriority) << 8)
    hash.combine(UInt64(guest.interruptPriority) | UInt64(guest.interruptVector) << 8)
    for value in [
      control, hostSaveArea, vmcb, injection, guest.ioPermissions, guest.msrPermissions,
      guest.timeStampOffset, guest.nestedCR3, UInt64(host.cr4.rawValue), host.pat,
    ] { hash.combine(value) }
    for index in carried.indices { hash.combine(carried[index]) }
    for index in guest.intercepts.indices { hash.combine(UInt64(guest.intercepts[index])) }
  }
}
