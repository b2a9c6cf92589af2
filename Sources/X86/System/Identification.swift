/// CPUID (SDM 2A, CPUID): what the profile says about itself.
extension CPU {
  /// CPUID — 0F A2. Leaves above the highest answer like the highest basic one.
  mutating func cpuid() throws(Interruption) {
    try require(.cpuid)
    try requireVirtualizable()
    try intercept(.cpuid)
    if profile.features.contains(.virtualMachines) { return answerAsAMD() }
    let highest: UInt32 = profile.features.contains(.cmov) ? 2 : 1
    let highestExtended: UInt32 = 0x8000_0004
    let hasExtended = profile.features.contains(.noExecute)
    let leaf = self[.eax]
    switch leaf {
    case 0: answer(highest, vendorWord(0), vendorWord(2), vendorWord(1))
    case 1: answer(profile.signature, 0, 0, featureBits)
    case 0x8000_0000 where hasExtended: answer(highestExtended, 0, 0, 0)
    case 0x8000_0001 where hasExtended: answer(0, 0, 0, 1 << 20)
    case 0x8000_0002...highestExtended where hasExtended:
      let start = Int(leaf - 0x8000_0002) * 4
      answer(
        brandWord(start), brandWord(start + 1), brandWord(start + 2), brandWord(start + 3))
    default:
      if highest == 2 {
        // TLBs; 512 KiB second level, 16 KiB of instructions and 16 KiB of data in the first.
        answer(0x0302_0101, 0, 0, 0x0C04_0843)
      } else {
        answer(profile.signature, 0, 0, featureBits)
      }
    }
  }

  /// The leaves of an AMD part (AMD APM 3, appendix E). Cache sizes are 0: there are no caches.
  private mutating func answerAsAMD() {
    let leaf = self[.eax]
    switch leaf {
    case 0: answer(1, vendorWord(0), vendorWord(2), vendorWord(1))
    case 1: answer(profile.signature, 0, 0, featureBits)
    case 0x8000_0000: answer(0x8000_000A, vendorWord(0), vendorWord(2), vendorWord(1))
    case 0x8000_0001:
      // SVM and CR8 by LOCK MOV CR0; the features of leaf 1 that AMD repeats, and no-execute.
      answer(profile.signature, 0, 1 << 2 | 1 << 4, featureBits & 0x0183_F3FF | 1 << 20)
    case 0x8000_0002...0x8000_0004:
      let start = Int(leaf - 0x8000_0002) * 4
      answer(
        brandWord(start), brandWord(start + 1), brandWord(start + 2), brandWord(start + 3))
    // 36 bits of physical, 32 of linear address; FXSAVE always saves the error pointers.
    case 0x8000_0008: answer(UInt32(32 << 8 | Self.physicalAddressBits), 1 << 2, 0, 0)
    // Revision 1, 64 ASIDs; nested paging, nRIP and flushes by ASID.
    case 0x8000_000A: answer(1, 64, 0, 1 << 0 | 1 << 3 | 1 << 6)
    default: answer(0, 0, 0, 0)
    }
  }

  private mutating func answer(_ eax: UInt32, _ ebx: UInt32, _ ecx: UInt32, _ edx: UInt32) {
    self[.eax] = eax
    self[.ebx] = ebx
    self[.ecx] = ecx
    self[.edx] = edx
  }

  /// Leaf 1 EDX, by bit.
  private static let featureNumbers: [(UInt32, Profile.Features)] = [
    (0, .fpu), (1, .virtual8086Extensions), (2, .debuggingExtensions), (3, .pageSizeExtensions),
    (4, .timeStamp), (5, .modelSpecificRegisters), (6, .physicalAddressExtension),
    (8, .cmpxchg8b), (11, .sysenter), (13, .pageGlobal), (15, .cmov), (16, .cmov), (24, .fxsave),
  ]

  private var featureBits: UInt32 {
    var bits: UInt32 = 0
    for (bit, feature) in Self.featureNumbers where profile.features.contains(feature) {
      bits |= 1 << bit
    }
    return bits
  }

  private func vendorWord(_ index: Int) -> UInt32 {
    Self.word(index, of: profile.vendor.utf8)
  }

  private func brandWord(_ index: Int) -> UInt32 {
    Self.word(index, of: "Ringside \(profile.name)".utf8)
  }

  /// Four characters as a little-endian word, zero after the end.
  private static func word(_ index: Int, of text: String.UTF8View) -> UInt32 {
    var value: UInt32 = 0
    for (position, byte) in text.dropFirst(index * 4).prefix(4).enumerated() {
      value |= UInt32(byte) << UInt32(position * 8)
    }
    return value
  }
}
