public import X86

/// Where a rule is written: sections of the processor manuals.
///
/// SDM is Intel's Software Developer's Manual by volume, with the section numbers of its editions of
/// 2016 to 2021 (later ones moved the chapters behind 6 by one or two); APM is AMD's Architecture
/// Programmer's Manual.
extension Cause {
  /// The section with the rule that the check enforces.
  public var section: String { Self.sections[self] ?? "SDM 3A 6.15" }

  static let sections: [Cause: String] = [
    .none: "SDM 3A 6.15",

    .cplNotZero: "SDM 3A 5.9",
    .sensitiveOutsideRing0: "Popek and Goldberg 1974, theorem 1",
    .cplAboveIOPL: "SDM 3A 6.8.1",
    .ioPermissionBitmap: "SDM 1 18.5.2",
    .timeStampDisabled: "SDM 3A 2.5",
    .v86WithoutIOPL3: "SDM 3B 20.2.7",

    .nullSelector: "SDM 3A 5.4.1",
    .selectorOutsideTable: "SDM 3A 5.3",
    .notASegment: "SDM 3A 5.4",
    .notReadable: "SDM 3A 5.4",
    .notWritable: "SDM 3A 5.4",
    .notCode: "SDM 3A 5.4",
    .notWritableData: "SDM 3A 5.4",
    .dplBelowCPL: "SDM 3A 5.6",
    .dplBelowRPL: "SDM 3A 5.6",
    .dplNotEqualCPL: "SDM 3A 5.7",
    .rplNotEqualCPL: "SDM 3A 5.7",
    .conformingDPLAboveCPL: "SDM 3A 5.8.1.2",
    .descriptorNotPresent: "SDM 3A 3.4.5",
    .limitExceeded: "SDM 3A 5.3",
    .codeLimitExceeded: "SDM 3A 5.3",
    .instructionTooLong: "SDM 3A 6.15",

    .vectorOutsideIDT: "SDM 3A 6.10",
    .notAGate: "SDM 3A 6.11",
    .gateDPLBelowCPL: "SDM 3A 6.12.1.1",
    .gateDPLBelowRPL: "SDM 3A 5.8.4",
    .gateNotPresent: "SDM 3A 6.11",
    .gateTargetNull: "SDM 3A 6.12.1",
    .gateTargetNotCode: "SDM 3A 6.12.1",
    .gateTargetDPLAboveCPL: "SDM 3A 6.12.1.1",
    .notATSS: "SDM 3A 7.2.2",
    .tssBusy: "SDM 3A 7.2.2",
    .tssLimitTooSmall: "SDM 3A 7.2.2",
    .tssStackSelectorNull: "SDM 3A 5.8.5",
    .tssStackInvalid: "SDM 3A 5.8.5",
    .notAnLDT: "SDM 3A 3.5.1",
    .nestedTaskLinkInvalid: "SDM 3A 7.4",
    .returnToInnerRing: "SDM 3A 5.8.6",
    .v86EntryNotToRing0: "SDM 3B 20.3.1.1",

    .pageNotPresent: "SDM 3A 4.7",
    .pageDirectoryNotPresent: "SDM 3A 4.7",
    .pageSupervisorOnly: "SDM 3A 4.6",
    .pageReadOnly: "SDM 3A 4.6",
    .pageReservedBit: "SDM 3A 4.7",
    .pageNoExecute: "SDM 3A 4.6",

    .reservedControlBits: "SDM 3A 2.5",
    .invalidControlCombination: "SDM 3A 2.5",
    .reservedDebugRegister: "SDM 3B 17.2.2",
    .generalDetect: "SDM 3B 17.3.1.3",
    .unknownMSR: "SDM 3A 9.4",
    .reservedMSRBits: "SDM 3A 9.4",
    .undefinedOpcode: "SDM 3A 6.15",
    .notInThisProfile: "SDM 3A 6.15",
    .notInRealMode: "SDM 3B 20.1.3",
    .lockNotAllowed: "SDM 3A 8.1.2.2",
    .memoryOperandRequired: "SDM 3A 6.15",
    .loadOfCS: "SDM 2B MOV",
    .divideByZero: "SDM 3A 6.15",
    .quotientTooLarge: "SDM 3A 6.15",
    .boundExceeded: "SDM 3A 6.15",
    .overflowFlag: "SDM 3A 6.15",
    .coprocessorEmulated: "SDM 3A 2.5",
    .taskSwitched: "SDM 3A 2.5",
    .floatingPointPending: "SDM 1 8.7",
    .unalignedAccess: "SDM 3A 6.15",
    .singleStep: "SDM 3B 17.3.1.4",
    .breakpointRegister: "SDM 3B 17.3.1",
    .taskSwitchTrap: "SDM 3B 17.3.1.5",
    .softwareInterrupt: "SDM 3A 6.3.3",
    .externalInterrupt: "SDM 3A 6.3.2",
    .nonMaskableInterrupt: "SDM 3A 6.7",
    .sysenterDisabled: "SDM 3A 5.8.7",
    .faultDuringDelivery: "SDM 3A 6.15",
    .injected: "APM 2 15.20",
    .virtualMachinesDisabled: "APM 2 15.4",
    .hypercallNotIntercepted: "APM 3 VMMCALL",
    .vmcbMisaligned: "APM 3 VMRUN",
    .hostSaveAreaMissing: "APM 2 15.30.4",
    .notInSystemManagementMode: "APM 3 RSM",
    .guestExit: "APM 2 15.6",

    .frameOfAnotherDomain: "Barham et al., SOSP 2003, 3.3",
    .frameInOtherUse: "Barham et al., SOSP 2003, 3.3",
    .entryBitsNotAllowed: "Barham et al., SOSP 2003, 3.3",
    .entryOfHypervisor: "Barham et al., SOSP 2003, 3.3",
    .noPageTable: "Barham et al., SOSP 2003, 3.3",
    .descriptorNotAllowed: "Barham et al., SOSP 2003, 3.3",
    .argumentNotMapped: "Xen x86-32 ABI, xen.h",
  ]
}

extension TransitionKind {
  /// The section that says what the processor does.
  public var section: String {
    switch self {
    case .fault: "SDM 3A 6.12"
    case .interrupt: "SDM 3A 6.12.1"
    case .softwareInterrupt: "SDM 3A 6.12.1"
    case .interruptReturn: "SDM 2A IRET"
    case .farTransfer: "SDM 3A 5.8"
    case .systemEnter, .systemExit: "SDM 3A 5.8.7"
    case .taskSwitch: "SDM 3A 7.3"
    case .controlRegisterWrite: "SDM 3A 2.5"
    case .cr3Load, .pageInvalidation: "SDM 3A 4.10.4.1"
    case .debugRegisterWrite: "SDM 3B 17.2"
    case .machineSpecificWrite: "SDM 3A 9.4"
    case .tableLoad: "SDM 3A 2.4"
    case .portRead, .portWrite: "SDM 1 18.3"
    case .memoryMappedRead, .memoryMappedWrite: "SDM 1 18.3.1"
    case .deviceEdge: "SDM 3A 6.3.1"
    case .speaker: "8254 data sheet, mode 3"
    case .halt: "SDM 3A 8.10.1"
    case .reset: "SDM 3A 9.1"
    case .shutdown: "SDM 3A 6.15"
    case .hypercall: "Xen x86-32 ABI, xen.h"
    case .vmExit: "APM 2 15.6"
    case .vmEntry, .worldSwitch: "APM 2 15.5"
    case .shadowPaging: "SDM 3C 32.3"
    case .translation: "Adams and Agesen, ASPLOS 2006, 3"
    case .injection: "APM 2 15.20"
    }
  }
}

extension Transition {
  /// The section for this event: that of the failed check for a fault, that of the kind otherwise.
  public var section: String {
    if kind == .injection && actor == .hypervisor { return TransitionKind.hypercall.section }
    guard kind == .fault else { return kind.section }
    let isPort = instruction.map { ["in", "out", "ins", "outs"].contains(Self.verb(of: $0)) }
    switch (cause, vector) {
    case (.cplAboveIOPL, _) where isPort == true: return "SDM 1 18.5.1"
    // The new task's registers are checked while it is loaded.
    case (_, Vector.invalidTSS) where cause != .tssStackSelectorNull && cause != .tssStackInvalid:
      return cause == .tssLimitTooSmall ? cause.section : "SDM 3A 7.3"
    case (.dplNotEqualCPL, _), (.rplNotEqualCPL, _): return transferSection ?? cause.section
    case (.notAGate, _), (.gateNotPresent, _), (.gateDPLBelowCPL, _), (.gateTargetNull, _),
      (.gateTargetNotCode, _), (.gateTargetDPLAboveCPL, _):
      // An error code without its IDT bit speaks of a call gate.
      return code & 2 == 0 && transferSection != nil ? "SDM 3A 5.8.4" : cause.section
    default: return cause.section
    }
  }

  private var transferSection: String? {
    switch instruction.map(Self.verb) {
    case "call", "jmp": "SDM 3A 5.8"
    case "ret", "retf", "iret", "iretd": "SDM 3A 5.8.6"
    default: nil
    }
  }

  static func verb(of instruction: String) -> String {
    var verb = instruction.prefix { $0 != " " }
    for size in ["sb", "sw", "sd"] where ["in" + size, "out" + size].contains(String(verb)) {
      verb = verb.dropLast()
    }
    return String(verb)
  }
}
