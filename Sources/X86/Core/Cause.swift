/// Why a check failed, in the manual's terms. Set at the check site; worded only by the panes.
public enum Cause: UInt8, Sendable, CaseIterable {
  case none

  // Privilege
  case cplNotZero
  case sensitiveOutsideRing0
  case cplAboveIOPL
  case ioPermissionBitmap
  case timeStampDisabled
  case v86WithoutIOPL3

  // Segments
  case nullSelector
  case selectorOutsideTable
  case notASegment
  case notReadable
  case notWritable
  case notCode
  case notWritableData
  case dplBelowCPL
  case dplBelowRPL
  case dplNotEqualCPL
  case rplNotEqualCPL
  case conformingDPLAboveCPL
  case descriptorNotPresent
  case limitExceeded
  case codeLimitExceeded
  case instructionTooLong

  // Gates and tasks
  case vectorOutsideIDT
  case notAGate
  case gateDPLBelowCPL
  case gateDPLBelowRPL
  case gateNotPresent
  case gateTargetNull
  case gateTargetNotCode
  case gateTargetDPLAboveCPL
  case notATSS
  case tssBusy
  case tssLimitTooSmall
  case tssStackSelectorNull
  case tssStackInvalid
  case notAnLDT
  case nestedTaskLinkInvalid
  case returnToInnerRing
  case v86EntryNotToRing0

  // Paging
  case pageNotPresent
  case pageDirectoryNotPresent
  case pageSupervisorOnly
  case pageReadOnly
  case pageReservedBit
  case pageNoExecute

  // Registers and instructions
  case reservedControlBits
  case invalidControlCombination
  case reservedDebugRegister
  case generalDetect
  case unknownMSR
  case reservedMSRBits
  case undefinedOpcode
  case notInThisProfile
  case notInRealMode
  case lockNotAllowed
  case memoryOperandRequired
  case loadOfCS
  case divideByZero
  case quotientTooLarge
  case boundExceeded
  case overflowFlag
  case coprocessorEmulated
  case taskSwitched
  case floatingPointPending
  case unalignedAccess
  case singleStep
  case breakpointRegister
  case taskSwitchTrap
  case softwareInterrupt
  case externalInterrupt
  case nonMaskableInterrupt
  case sysenterDisabled
  case faultDuringDelivery

  // Virtual machines
  case injected
  case virtualMachinesDisabled
  case hypercallNotIntercepted
  case vmcbMisaligned
  case hostSaveAreaMissing
  case notInSystemManagementMode
  /// No fault: a guest is left for its hypervisor.
  case guestExit

  // Why a hypervisor refused a hypercall
  case frameOfAnotherDomain
  case frameInOtherUse
  case entryBitsNotAllowed
  case entryOfHypervisor
  case noPageTable
  case descriptorNotAllowed
  case argumentNotMapped
}
