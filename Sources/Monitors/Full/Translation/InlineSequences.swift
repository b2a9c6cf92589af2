import X86

/// The sequences for instructions that would tell the truth at ring 1, or that go where only the
/// table knows.
///
/// Each leaves the arithmetic flags alone, uses no register but ECX, which it keeps in the monitor's
/// data, and takes one tick: its last instruction's. Where the guest's state cannot be told
/// any more as it was before, the rest is `begun` and has to be finished.
extension Translator {
  typealias Flags = TranslatedInstruction.Flags
  private typealias Data = TranslationLayout.Data

  // MARK: Parts

  /// An instruction with GS:[field] as its memory operand, without ModR/M.reg's meaning in the way.
  private func onData(
    _ opcode: [UInt8], _ reg: UInt8, _ field: UInt32, _ eip: UInt32, _ flags: Flags
  ) {
    cache.begin(eip, .inline, flags)
    cache.put(opcode)
    cache.put(reg << 3 | 5)
    cache.put(field)
  }

  /// MOV GS:[ecx], ECX.
  private func saveECX(_ eip: UInt32, _ flags: Flags = []) {
    onData([0x65, 0x89], 1, Data.ecx, eip, flags.union(.untimed))
  }

  /// MOV ECX, GS:[ecx].
  private func restoreECX(_ eip: UInt32, _ flags: Flags = .untimed) {
    onData([0x65, 0x8B], 1, Data.ecx, eip, flags.union(.ecxSaved))
  }

  private func inline(_ bytes: [UInt8], _ eip: UInt32, _ flags: Flags) {
    cache.begin(eip, .inline, flags)
    cache.put(bytes)
  }

  /// Goes on if ECX is 0, and calls the monitor if not.
  private func serviceUnlessZero(_ eip: UInt32) {
    inline([0xE3, 1], eip, [.untimed, .ecxSaved])
    cache.emit(0xF4, eip, .service, [.untimed, .ecxSaved])
  }

  // MARK: Flags

  /// CLI: IF is a byte in memory.
  func storeInterruptFlag(_ isOn: Bool, _ eip: UInt32, _ flags: Flags) {
    cache.begin(eip, .inline, flags)
    cache.put([0x65, 0xC6, 0x05])
    cache.put(Data.interruptFlag)
    cache.put(UInt8(isOn ? 2 : 0))
  }

  /// STI: the monitor is asked if a device waits, or if IF is on already.
  func enableInterrupts(_ eip: UInt32, _ flags: Flags) {
    saveECX(eip, flags)
    onData([0x65, 0x8B], 1, Data.interruptFlag, eip, [.untimed, .ecxSaved])
    serviceUnlessZero(eip)
    restoreECX(eip)
    storeInterruptFlag(true, eip, [])
  }

  /// PUSHF: the real IF is always on.
  func pushFlags(_ eip: UInt32, _ flags: Flags) {
    inline([0x9C], eip, flags.union(.untimed))
    saveECX(eip, .begun)
    onData([0x65, 0x0F, 0xB6], 1, Data.interruptFlag, eip, [.untimed, .begun])
    inline([0xE3, 2], eip, [.untimed, .begun])
    inline([0xEB, 12], eip, [.untimed, .begun])
    // mov ecx, [esp]; lea ecx, [ecx - 200h]; mov [esp], ecx
    inline([0x8B, 0x0C, 0x24], eip, [.untimed, .begun])
    inline([0x8D, 0x89, 0x00, 0xFE, 0xFF, 0xFF], eip, [.untimed, .begun])
    inline([0x89, 0x0C, 0x24], eip, [.untimed, .begun])
    restoreECX(eip, .begun)
  }

  /// POPF: IF goes to memory, the rest to where it belongs. The monitor is asked about TF and IOPL,
  /// and while a device waits.
  func popFlags(_ eip: UInt32, _ flags: Flags) {
    saveECX(eip, flags)
    // mov ecx, [esp]; movzx ecx, ch
    inline([0x8B, 0x0C, 0x24], eip, [.untimed, .ecxSaved])
    inline([0x0F, 0xB6, 0xCD], eip, [.untimed, .ecxSaved])
    // movzx ecx, word gs:[flagTable + ecx*2]
    cache.begin(eip, .inline, [.untimed, .ecxSaved])
    cache.put([0x65, 0x0F, 0xB7, 0x0C, 0x4D])
    cache.put(Data.flagTable)
    // IF and needsMonitor at once; then needsMonitor and isPending at once.
    onData([0x66, 0x65, 0x89], 1, Data.interruptFlag, eip, [.untimed, .ecxSaved])
    onData([0x65, 0x0F, 0xB7], 1, Data.needsMonitor, eip, [.untimed, .ecxSaved, .begun])
    inline([0xE3, 1], eip, [.untimed, .ecxSaved, .begun])
    cache.emit(0xF4, eip, .service, [.untimed, .ecxSaved])
    restoreECX(eip, [.untimed, .begun])
    inline([0x9D], eip, .begun)
  }

  // MARK: Selectors

  private static func field(_ segment: Int) -> UInt32 {
    switch segment {
    case SegmentRegister.cs: Data.cs
    case SegmentRegister.ss: Data.ss
    default: Data.gs
    }
  }

  /// MOV from CS, SS, GS: their selectors are the monitor's, or show ring 1.
  func moveSelector(
    _ segment: Int, to register: UInt8, is16: Bool, _ eip: UInt32, _ flags: Flags
  ) {
    onData(
      is16 ? [0x66, 0x65, 0x8B] : [0x65, 0x0F, 0xB7], register, Self.field(segment), eip, flags)
  }

  /// PUSH CS, SS, GS: only two bytes are written, whatever ESP moves by.
  func pushSelector(_ segment: Int, is16: Bool, _ eip: UInt32, _ flags: Flags) {
    let distance: UInt8 = is16 ? 0xFE : 0xFC
    saveECX(eip, flags)
    onData([0x65, 0x0F, 0xB7], 1, Self.field(segment), eip, [.untimed, .ecxSaved])
    // mov [esp - 4], cx
    inline([0x66, 0x89, 0x4C, 0x24, distance], eip, [.untimed, .ecxSaved])
    restoreECX(eip, [.untimed, .begun])
    // lea esp, [esp - 4]
    inline([0x8D, 0x64, 0x24, distance], eip, .begun)
  }

  // MARK: Transfers to addresses in registers and memory

  /// MOVZX ECX, the target's lower half; JMP by the table.
  private func goToTarget(_ eip: UInt32, _ flags: Flags) {
    onData([0x65, 0x0F, 0xB7], 1, Data.target, eip, flags.union([.untimed, .ecxSaved]))
    jumpByTable(eip, flags)
  }

  private func jumpByTable(_ eip: UInt32, _ flags: Flags) {
    cache.begin(eip, .inline, flags.union([.ecxSaved, .chain]))
    cache.put([0x65, 0xFF, 0x24, 0x8D])
    cache.put(Data.table)
  }

  func jump(_ register: UInt8, _ eip: UInt32, _ flags: Flags) {
    onData([0x65, 0x89], register, Data.target, eip, flags.union(.untimed))
    saveECX(eip)
    goToTarget(eip, [])
  }

  func call(_ register: UInt8, _ next: UInt32, _ eip: UInt32, _ flags: Flags) {
    onData([0x65, 0x89], register, Data.target, eip, flags.union(.untimed))
    cache.begin(eip, .inline, .untimed)
    push(next)
    saveECX(eip, .begun)
    goToTarget(eip, .begun)
  }

  /// JMP or CALL through memory: the same operand, loaded into ECX.
  func jumpMemory(
    _ form: CodeForm, _ bytes: UnsafeRawPointer, call next: UInt32?, _ eip: UInt32,
    _ flags: Flags
  ) {
    saveECX(eip, flags)
    cache.begin(eip, .inline, [.untimed, .ecxSaved])
    copy(bytes, form.prefixes)
    let modRM = bytes.load(fromByteOffset: form.prefixes + 1, as: UInt8.self)
    cache.put([0x8B, modRM & 0xC7 | 1 << 3])
    copy(bytes + form.prefixes + 2, form.length - form.prefixes - 2)
    onData([0x65, 0x89], 1, Data.target, eip, [.untimed, .ecxSaved])
    if let next {
      cache.begin(eip, .inline, [.untimed, .ecxSaved])
      push(next)
    }
    let after: Flags = next == nil ? [] : .begun
    inline([0x0F, 0xB7, 0xC9], eip, after.union([.untimed, .ecxSaved]))
    jumpByTable(eip, after)
  }

  func ret(_ released: UInt16, _ eip: UInt32, _ flags: Flags) {
    // pop gs:[target]
    onData([0x65, 0x8F], 0, Data.target, eip, flags.union(.untimed))
    if released != 0 {
      cache.begin(eip, .inline, [.untimed, .begun])
      cache.put([0x8D, 0xA4, 0x24])
      cache.put(UInt32(released))
    }
    saveECX(eip, .begun)
    goToTarget(eip, .begun)
  }
}

extension TranslationCache {
  private typealias Data = TranslationLayout.Data

  /// Makes the place where indirect transfers to a block land: it looks whether the address is really
  /// this one, as the table knows half of it only.
  ///
  ///     mov ecx, gs:[target]; lea ecx, [ecx - EIP]; jecxz here; jmp miss
  ///     here: mov ecx, gs:[ecx]; jmp gs:[slot]
  func makeLanding(_ block: Int) {
    let eip = blocks[block].guest
    let flags: TranslatedInstruction.Flags = [.untimed, .ecxSaved, .indirect, .chain]
    blocks[block].landing = used
    begin(eip, .inline, flags)
    put([0x65, 0x8B, 0x0D])
    put(Data.target)
    begin(eip, .inline, flags)
    put([0x8D, 0x89])
    put(0 &- eip)
    begin(eip, .inline, flags)
    put([0xE3, 5])
    begin(eip, .inline, flags)
    put(UInt8(0xE9))
    put(lookupMiss &- (used + 4))
    begin(eip, .inline, [.untimed, .ecxSaved, .chain])
    put([0x65, 0x8B, 0x0D])
    put(Data.ecx)
    begin(eip, .inline, [.untimed, .chain])
    put([0x65, 0xFF, 0x25])
    put(Data.slots + UInt32(block * 4))
  }
}
