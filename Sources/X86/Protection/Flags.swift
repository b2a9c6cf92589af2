/// Which bits of EFLAGS exist and which of them an instruction may change (SDM 1, 3.4.3).
extension EFLAGS {
  /// CF PF AF ZF SF TF DF OF NT: what any POPF or IRET may change.
  static let poppable: EFLAGS = [.arithmetic, .trap, .direction, .nestedTask]
}

extension CPU {
  /// The flags that this profile has; all other bits read as they are after reset.
  var implementedFlags: EFLAGS {
    var flags: EFLAGS = [
      .poppable, .interrupt, .ioPrivilegeLevel, .resume, .virtual8086,
    ]
    if profile.features.contains(.i486) { flags.insert(.alignmentCheck) }
    if profile.features.contains(.cpuid) { flags.insert(.identification) }
    if profile.features.contains(.virtual8086Extensions) {
      flags.formUnion([.virtualInterrupt, .virtualInterruptPending])
    }
    return flags
  }

  /// Replaces the flags in `mask` by those of an image; RF is cleared unless the image brings it.
  mutating func loadFlags(_ image: UInt32, mask: EFLAGS) {
    let allowed = mask.intersection(implementedFlags)
    let new = eflags.subtracting(allowed).subtracting(.resume)
      .union(EFLAGS(rawValue: image).intersection(allowed))
    lazy.set(new)
    if new.contains(.resume) { loadedResume = true }
    setSystemFlags(new)
  }

  /// What POPF or IRET may change at this level, IOPL as it is now.
  func poppableFlags(is16: Bool) -> EFLAGS {
    var mask = EFLAGS.poppable
    if !is16 { mask.formUnion([.alignmentCheck, .identification]) }
    if cpl <= iopl { mask.insert(.interrupt) }
    if cpl == 0 { mask.insert(.ioPrivilegeLevel) }
    return mask
  }

  mutating func setZero(_ isSet: Bool) {
    var flags = lazy.eflags
    if isSet { flags.insert(.zero) } else { flags.remove(.zero) }
    lazy.set(flags)
  }
}
