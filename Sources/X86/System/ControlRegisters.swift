/// MOV CR, LMSW, SMSW, CLTS, INVLPG: the rules for CR0, CR3 and CR4 (SDM 3A, 2.5).
extension CPU {
  /// MOV r32, CRn — 0F 20.
  mutating func movFromCR(_ i: Instruction) throws(Interruption) {
    let number = Int(i.a)
    try requireControlRegister(number)
    try requireRing0()
    try intercept(.readCR(number))
    switch number {
    case 0: put(i.b, cr0.rawValue)
    case 2: put(i.b, cr2)
    case 3: put(i.b, cr3)
    case 8: put(i.b, UInt32(taskPriority))
    default: put(i.b, cr4.rawValue)
    }
  }

  /// MOV CRn, r32 — 0F 22.
  mutating func movToCR(_ i: Instruction) throws(Interruption) {
    let number = Int(i.a)
    try requireControlRegister(number)
    try requireRing0()
    let value: UInt32 = get(i.b)
    // A value that cannot be is a fault before it is anything to intercept.
    switch number {
    case 0: _ = try checkedCR0(CR0(rawValue: value))
    case 4: try checkCR4(CR4(rawValue: value))
    case 8 where value > 15: throw .generalProtection(0, .reservedControlBits)
    default: break
    }
    try intercept(.writeCR(number))
    switch number {
    case 0:
      try interceptSelectively(CR0(rawValue: value))
      try writeCR0(CR0(rawValue: value))
    case 2:
      recordWrite(.controlRegisterWrite, register: 2, old: UInt64(cr2), new: UInt64(value))
      cr2 = value
    case 3: try loadCR3(value)
    case 8:
      let old = UInt64(taskPriority)
      taskPriority = UInt8(value)
      recordWrite(.controlRegisterWrite, register: 8, old: old, new: UInt64(value))
    default: try writeCR4(CR4(rawValue: value))
    }
  }

  private func requireControlRegister(_ number: Int) throws(Interruption) {
    switch number {
    case 0, 2, 3: return
    case 4 where !implementedCR4.isEmpty: return
    case 4: throw .invalidOpcode(.notInThisProfile)
    // LOCK MOV CR0: how CR8 is named outside 64-bit mode.
    case 8: return
    default: throw .invalidOpcode(.undefinedOpcode)
    }
  }

  // MARK: CR0

  private var implementedCR0: CR0 {
    var bits: CR0 = [.protection, .monitorCoprocessor, .emulation, .taskSwitched, .paging]
    if profile.features.contains(.i486) {
      bits.formUnion([
        .numericError, .writeProtect, .alignmentMask, .notWriteThrough, .cacheDisable,
      ])
    } else {
      bits.insert(.extensionType)
    }
    return bits
  }

  /// What CR0 becomes. Reserved bits are ignored; from the 486 on ET is always 1.
  private func checkedCR0(_ value: CR0) throws(Interruption) -> CR0 {
    var new = value.intersection(implementedCR0)
    if profile.features.contains(.i486) { new.insert(.extensionType) }
    if new.contains(.paging) && !new.contains(.protection) {
      throw .generalProtection(0, .invalidControlCombination)
    }
    if new.contains(.notWriteThrough) && !new.contains(.cacheDisable) {
      throw .generalProtection(0, .invalidControlCombination)
    }
    return new
  }

  /// The intercept for writes of CR0 that change more than TS and MP.
  private mutating func interceptSelectively(_ value: CR0) throws(Interruption) {
    guard svm.isGuest else { return }
    let changed = try checkedCR0(value).symmetricDifference(cr0)
    if !changed.isSubset(of: [.taskSwitched, .monitorCoprocessor]) {
      try intercept(.selectiveCR0)
    }
  }

  /// All of CR0.
  mutating func writeCR0(_ value: CR0) throws(Interruption) {
    let new = try checkedCR0(value)
    let changed = new.symmetricDifference(cr0)
    if new.contains(.paging), cr4.contains(.physicalAddressExtension),
      !changed.isDisjoint(with: [.paging, .cacheDisable, .notWriteThrough])
    {
      try loadPDPTEs(cr3: cr3)
    }
    recordWrite(
      .controlRegisterWrite, register: 0, old: UInt64(cr0.rawValue), new: UInt64(new.rawValue))
    cr0 = new
    if !changed.isDisjoint(with: [.protection, .paging, .writeProtect]) { flushTLB() }
    if changed.contains(.alignmentMask) { tlb.withdrawAll() }
  }

  /// LMSW — 0F 01 /6. PE can be set but not cleared.
  mutating func lmsw(_ i: Instruction) throws(Interruption) {
    try requireRing0()
    try intercept(.writeCR(0))
    // Whatever it would change.
    try intercept(.selectiveCR0)
    let word: UInt16 = try readOperand(i)
    let low: CR0 = [.protection, .monitorCoprocessor, .emulation, .taskSwitched]
    var new = cr0.subtracting(low).union(CR0(rawValue: UInt32(word)).intersection(low))
    if cr0.contains(.protection) { new.insert(.protection) }
    try writeCR0(new)
  }

  /// SMSW — 0F 01 /4: anyone may; memory gets 16 bits whatever the operand size.
  mutating func smsw(_ i: Instruction) throws(Interruption) {
    try requireVirtualizable()
    try intercept(.readCR(0))
    if i.isMemory || i.is16 {
      try writeOperand(i, UInt16(truncatingIfNeeded: cr0.rawValue))
    } else {
      put(i.b, cr0.rawValue)
    }
  }

  /// CLTS — 0F 06.
  mutating func clts() throws(Interruption) {
    try requireRing0()
    try intercept(.writeCR(0))
    let new = cr0.subtracting(.taskSwitched)
    recordWrite(
      .controlRegisterWrite, register: 0, old: UInt64(cr0.rawValue), new: UInt64(new.rawValue))
    cr0 = new
  }

  // MARK: CR3

  /// Loads the page directory base: every translation but the global ones is forgotten. With PAE
  /// paging the directory pointers are loaded too, #GP(0) when they are malformed.
  mutating func loadCR3(_ value: UInt32) throws(Interruption) {
    if cr0.contains(.paging) && cr4.contains(.physicalAddressExtension) {
      try loadPDPTEs(cr3: value)
    }
    let new = profile.features.contains(.i486) ? value : value & 0xFFFF_F000
    recordWrite(.cr3Load, register: 3, old: UInt64(cr3), new: UInt64(new))
    cr3 = new
    tlb.flushNonGlobal()
    flush = flush.and(.nonGlobal)
    startNewGeneration()
  }

  // MARK: CR4

  private static let cr4Features: [(CR4, Profile.Features)] = [
    ([.virtual8086Extensions, .protectedVirtualInterrupts], .virtual8086Extensions),
    (.timeStampDisable, .timeStamp),
    (.debuggingExtensions, .debuggingExtensions),
    (.pageSizeExtensions, .pageSizeExtensions),
    (.physicalAddressExtension, .physicalAddressExtension),
    (.pageGlobal, .pageGlobal),
    (.fxsave, .fxsave),
  ]

  /// The bits of CR4 that this profile has; none: no CR4.
  var implementedCR4: CR4 {
    var bits: CR4 = []
    for (bit, feature) in Self.cr4Features where profile.features.contains(feature) {
      bits.formUnion(bit)
    }
    // RDPMC came with the P6, like CMOV.
    if profile.features.contains(.cmov) { bits.insert(.performanceCounters) }
    return bits
  }

  /// #GP(0) for a bit that the processor lacks.
  private func checkCR4(_ value: CR4) throws(Interruption) {
    if !value.isSubset(of: implementedCR4) { throw .generalProtection(0, .reservedControlBits) }
  }

  /// All of CR4.
  mutating func writeCR4(_ value: CR4) throws(Interruption) {
    try checkCR4(value)
    let changed = value.symmetricDifference(cr4)
    let paging: CR4 = [.pageSizeExtensions, .physicalAddressExtension, .pageGlobal]
    if cr0.contains(.paging), value.contains(.physicalAddressExtension),
      !changed.isDisjoint(with: paging)
    {
      try loadPDPTEs(cr3: cr3)
    }
    recordWrite(
      .controlRegisterWrite, register: 4, old: UInt64(cr4.rawValue), new: UInt64(value.rawValue))
    cr4 = value
    if !changed.isDisjoint(with: paging) { flushTLB() }
  }

  /// INVLPG — 0F 01 /7.
  mutating func invlpg(_ i: Instruction) throws(Interruption) {
    try require(.i486)
    try requireMemory(i)
    try requireRing0()
    try intercept(.invlpg)
    let linear = segments[Int(i.segment)].base &+ effectiveAddress(i)
    recordWrite(.pageInvalidation, register: 0, new: UInt64(linear))
    tlb.flush(page: linear)
    flush = flush.and(.page(linear))
    startNewGeneration()
  }
}
