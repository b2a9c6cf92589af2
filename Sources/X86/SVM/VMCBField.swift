/// The fields of a virtual machine control block by their byte offsets (AMD APM 2, appendix B).
///
/// A VMCB is a page of plain memory. Control fields come first, the guest's registers from 400h.
public enum VMCBField: Int, CaseIterable, Sendable {
  // Control area
  case interceptCR = 0x000
  case interceptDR = 0x004
  case interceptExceptions = 0x008
  case interceptControls = 0x00C
  case interceptInstructions = 0x010
  case ioPermissionsBase = 0x040
  case msrPermissionsBase = 0x048
  case tscOffset = 0x050
  case guestASID = 0x058
  case tlbControl = 0x05C
  case virtualTPR = 0x060
  case virtualIRQ = 0x061
  case virtualPriority = 0x062
  case virtualMasking = 0x063
  case virtualVector = 0x064
  case interruptShadow = 0x068
  case exitCode = 0x070
  case exitInfo1 = 0x078
  case exitInfo2 = 0x080
  case exitInterruptInfo = 0x088
  case nestedPagingEnable = 0x090
  case eventInjection = 0x0A8
  case nestedCR3 = 0x0B0
  case lbrVirtualization = 0x0B8
  case cleanBits = 0x0C0
  case nextRIP = 0x0C8

  // State save area
  case esSelector = 0x400
  case esAttributes = 0x402
  case esLimit = 0x404
  case esBase = 0x408
  case csSelector = 0x410
  case csAttributes = 0x412
  case csLimit = 0x414
  case csBase = 0x418
  case ssSelector = 0x420
  case ssAttributes = 0x422
  case ssLimit = 0x424
  case ssBase = 0x428
  case dsSelector = 0x430
  case dsAttributes = 0x432
  case dsLimit = 0x434
  case dsBase = 0x438
  case fsSelector = 0x440
  case fsAttributes = 0x442
  case fsLimit = 0x444
  case fsBase = 0x448
  case gsSelector = 0x450
  case gsAttributes = 0x452
  case gsLimit = 0x454
  case gsBase = 0x458
  case gdtrLimit = 0x464
  case gdtrBase = 0x468
  case ldtrSelector = 0x470
  case ldtrAttributes = 0x472
  case ldtrLimit = 0x474
  case ldtrBase = 0x478
  case idtrLimit = 0x484
  case idtrBase = 0x488
  case trSelector = 0x490
  case trAttributes = 0x492
  case trLimit = 0x494
  case trBase = 0x498
  case cpl = 0x4CB
  case efer = 0x4D0
  case cr4 = 0x548
  case cr3 = 0x550
  case cr0 = 0x558
  case dr7 = 0x560
  case dr6 = 0x568
  case rflags = 0x570
  case rip = 0x578
  case rsp = 0x5D8
  case rax = 0x5F8
  case star = 0x600
  case longModeStar = 0x608
  case compatibilityStar = 0x610
  case syscallFlagMask = 0x618
  case kernelGSBase = 0x620
  case sysenterCS = 0x628
  case sysenterESP = 0x630
  case sysenterEIP = 0x638
  case cr2 = 0x640
  case guestPAT = 0x668

  /// Width in bytes: 1, 2, 4 or 8.
  public var width: Int {
    switch self {
    case .tlbControl, .virtualTPR, .virtualIRQ, .virtualPriority, .virtualMasking, .virtualVector,
      .cpl:
      return 1
    case .interceptCR, .interceptDR, .interceptExceptions, .interceptControls,
      .interceptInstructions, .guestASID, .cleanBits, .gdtrLimit, .idtrLimit:
      return 4
    default:
      guard (Self.esSelector.rawValue..<Self.cpl.rawValue).contains(rawValue) else { return 8 }
      // A segment: selector, attributes, limit, base.
      return [2, 2, 4, 4, 8, 8, 8, 8][rawValue >> 1 & 7]
    }
  }

  /// The manual's name.
  public var name: String {
    if let known = Self.names[self] { return known }
    // Segments and registers are called what their cases are called.
    let text = "\(self)"
    for part in ["Selector", "Attributes", "Limit", "Base"] where text.hasSuffix(part) {
      return text.dropLast(part.count).uppercased() + "." + part.lowercased()
    }
    return text.uppercased()
  }

  private static let names: [VMCBField: String] = [
    .interceptCR: "INTERCEPT_CR", .interceptDR: "INTERCEPT_DR",
    .interceptExceptions: "INTERCEPT_EXCEPTIONS", .interceptControls: "INTERCEPT_MISC1",
    .interceptInstructions: "INTERCEPT_MISC2", .ioPermissionsBase: "IOPM_BASE_PA",
    .msrPermissionsBase: "MSRPM_BASE_PA", .tscOffset: "TSC_OFFSET", .guestASID: "GUEST_ASID",
    .tlbControl: "TLB_CONTROL", .virtualTPR: "V_TPR", .virtualIRQ: "V_IRQ",
    .virtualPriority: "V_INTR_PRIO", .virtualMasking: "V_INTR_MASKING",
    .virtualVector: "V_INTR_VECTOR", .interruptShadow: "INTERRUPT_SHADOW", .exitCode: "EXITCODE",
    .exitInfo1: "EXITINFO1", .exitInfo2: "EXITINFO2", .exitInterruptInfo: "EXITINTINFO",
    .nestedPagingEnable: "NP_ENABLE", .eventInjection: "EVENTINJ", .nestedCR3: "N_CR3",
    .lbrVirtualization: "LBR_VIRTUALIZATION_ENABLE", .cleanBits: "VMCB_CLEAN", .nextRIP: "nRIP",
    .longModeStar: "LSTAR", .compatibilityStar: "CSTAR", .syscallFlagMask: "SFMASK",
    .kernelGSBase: "KernelGsBase", .sysenterCS: "SYSENTER_CS", .sysenterESP: "SYSENTER_ESP",
    .sysenterEIP: "SYSENTER_EIP", .guestPAT: "G_PAT",
  ]

  /// The first field of a segment register's four, by its number (see `SegmentRegister`).
  static func segment(_ index: Int) -> Int {
    switch index {
    case SegmentRegister.ldtr: ldtrSelector.rawValue
    case SegmentRegister.tr: trSelector.rawValue
    default: esSelector.rawValue + index * 16
    }
  }
}

/// Reading and writing fields in memory. `base` is the physical address of the block.
extension CPU {
  mutating func readVMCB(_ base: PhysicalAddress, _ field: VMCBField) -> UInt64 {
    readPhysical((base + UInt64(field.rawValue)) & addressMask, field.width)
  }

  mutating func writeVMCB(_ base: PhysicalAddress, _ field: VMCBField, _ value: UInt64) {
    writePhysical((base + UInt64(field.rawValue)) & addressMask, value, field.width)
  }

  /// A field that holds 32 bits of an address or a register on a processor without long mode.
  mutating func readVMCB32(_ base: PhysicalAddress, _ field: VMCBField) -> UInt32 {
    UInt32(truncatingIfNeeded: readVMCB(base, field))
  }

  /// A segment register with its hidden part: attributes are bits 40-47 and 52-55 of a descriptor,
  /// and P = 0 stands for a null selector.
  mutating func readVMCBSegment(_ base: PhysicalAddress, _ index: Int) -> Segment {
    let place = (base + UInt64(VMCBField.segment(index))) & addressMask
    return Segment(controlBlock: readPhysical(place, 8), readPhysical(place + 8, 8))
  }

  mutating func writeVMCBSegment(_ base: PhysicalAddress, _ index: Int) {
    let place = (base + UInt64(VMCBField.segment(index))) & addressMask
    let (low, high) = segments[index].controlBlockWords
    writePhysical(place, low, 8)
    writePhysical(place + 8, high, 8)
  }
}

extension Segment {
  /// A segment register from the 16 bytes that a VMCB has for it.
  init(controlBlock low: UInt64, _ high: UInt64) {
    self.init()
    selector = UInt16(truncatingIfNeeded: low)
    access = UInt8(truncatingIfNeeded: low >> 16)
    upperAttributes = UInt8(truncatingIfNeeded: low >> 24) & 0xF
    isBig = upperAttributes & 4 != 0
    limit = UInt32(truncatingIfNeeded: low >> 32)
    base = UInt32(truncatingIfNeeded: high)
    isUsable = access & 0x80 != 0
    updateBounds()
  }

  /// The 16 bytes that a VMCB has for it.
  var controlBlockWords: (UInt64, UInt64) {
    let upper = UInt64(upperAttributes & 0xB | (isBig ? 4 : 0))
    let attributes = isUsable ? UInt64(access) | upper << 8 : 0
    return (UInt64(selector) | attributes << 16 | UInt64(limit) << 32, UInt64(base))
  }
}
