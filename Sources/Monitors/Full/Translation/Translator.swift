import X86

/// Turns guest instructions into others that do the same at ring 1, where the guest must not notice
/// that it is.
///
/// Most are copied. What must not be executed there as it is becomes a sequence, which leaves the
/// flags alone, or an HLT: that is #GP at ring 1, and the monitor does what the guest meant.
/// A block goes on behind a conditional jump that is not taken, and never beyond a page.
struct Translator {
  let cache: TranslationCache
  let block: Int
  let page: Int
  /// The block has one page.
  let isInside: Bool
  /// Near transfers can leave the code segment: they are the monitor's.
  let checksLimit: Bool
  private var pending: [(branch: UInt32, target: UInt32)] = []
  /// Whether the guest instruction before was STI.
  private var isBehindSTI = false

  static let longest = 64

  init(_ cache: TranslationCache, block: Int) {
    self.cache = cache
    self.block = block
    page = cache.blocks[block].page
    isInside = cache.blocks[block].secondPage < 0
    checksLimit = cache.codeLimit != .max
  }

  /// Translates what begins at `bytes`, of which `available` are in the page (or are one instruction
  /// across two). Returns how many guest bytes that was.
  mutating func translate(
    _ bytes: UnsafeRawPointer, available: Int, profile: Profile
  ) -> Int {
    let start = cache.blocks[block].guest
    var offset = 0
    var count = 0
    while true {
      let eip = start &+ UInt32(offset)
      guard count < Self.longest, count == 0 || !cache.isWatched(eip),
        cache.isInLimit(eip),
        let form = CodeForm(
          bytes + offset, available: min(available - offset, cache.limitRoom(eip)),
          is32Bit: true, profile: profile)
      else { break }
      translate(form, bytes + offset, eip)
      offset += form.length
      count += 1
      if form.isLast {
        finishBranches()
        return offset
      }
      if !isInside { break }
    }
    leave(to: start &+ UInt32(offset), behindSTI: isBehindSTI)
    finishBranches()
    return offset
  }

  private mutating func translate(_ form: CodeForm, _ bytes: UnsafeRawPointer, _ eip: UInt32) {
    let flags: TranslatedInstruction.Flags = isBehindSTI ? .behindSTI : []
    isBehindSTI = false
    let next = eip &+ UInt32(form.length)
    let target = eip &+ form.target
    switch form.kind {
    case .plain:
      cache.begin(eip, .identical, flags)
      copy(bytes, form.length)
    case .jump where cache.isInLimit(target): jump(to: target, eip, flags)
    case .conditional(let condition) where cache.isInLimit(target):
      branch(condition, to: target, eip, flags)
    case .counted(let opcode) where cache.isInLimit(target):
      counted(opcode, form, bytes, to: target, eip, flags)
    case .call where cache.isInLimit(target):
      cache.begin(eip, .inline, flags)
      push(next)
      leave(to: target)
    case .cli: storeInterruptFlag(false, eip, flags)
    case .sti:
      enableInterrupts(eip, flags)
      isBehindSTI = true
    case .pushf: pushFlags(eip, flags)
    case .popf: popFlags(eip, flags)
    case .pushSelector(let segment): pushSelector(segment, is16: form.is16, eip, flags)
    case .moveSelector(let segment, let register):
      moveSelector(segment, to: register, is16: form.is16, eip, flags)
    case .jumpRegister(let register) where !checksLimit: jump(register, eip, flags)
    case .callRegister(let register) where !checksLimit: call(register, next, eip, flags)
    case .jumpMemory where !checksLimit: jumpMemory(form, bytes, call: nil, eip, flags)
    case .callMemory where !checksLimit: jumpMemory(form, bytes, call: next, eip, flags)
    case .ret(let released) where !checksLimit: ret(released, eip, flags)
    default: cache.emit(0xF4, eip, .service, flags)
    }
  }

  func copy(_ bytes: UnsafeRawPointer, _ count: Int) {
    for index in 0..<count { cache.put(bytes.load(fromByteOffset: index, as: UInt8.self)) }
  }

  // MARK: Transfers to known addresses

  /// Goes on at a guest address, taking no time.
  private func leave(to target: UInt32, behindSTI: Bool = false) {
    exit(to: target, guest: target, behindSTI ? [.untimed, .behindSTI] : .untimed)
  }

  private func jump(to target: UInt32, _ eip: UInt32, _ flags: TranslatedInstruction.Flags) {
    exit(to: target, guest: eip, flags)
  }

  /// Seven bytes that jump to a block, or call the monitor to find one first.
  private func exit(
    to target: UInt32, guest: UInt32, _ flags: TranslatedInstruction.Flags, branch: UInt32 = 0
  ) {
    let isTimed = !flags.contains(.untimed)
    let number = cache.exits.count
    cache.exits.append(
      TranslatedExit(
        place: cache.used, branch: branch, target: target, page: page, isInside: isInside,
        isTimed: isTimed))
    cache.begin(
      guest, isTimed ? .linkAfterJump : .link, flags.union(.chain), exit: number)
    cache.put([0xF4, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC])
    if let known = cache.blockAt[target], !cache.isWatched(target) { cache.link(number, to: known) }
  }

  private mutating func branch(
    _ condition: UInt8, to target: UInt32, _ eip: UInt32, _ flags: TranslatedInstruction.Flags
  ) {
    cache.begin(eip, .identical, flags)
    cache.put([0x0F, 0x80 | condition])
    pending.append((cache.used, target))
    cache.put(UInt32(0))
  }

  /// The places that conditional jumps go to, behind the block.
  private mutating func finishBranches() {
    for (branch, target) in pending {
      cache.write(cache.used &- (branch + 4), at: branch)
      exit(to: target, guest: target, .untimed, branch: branch)
    }
    pending = []
  }

  /// These have short forms only.
  private func counted(
    _ opcode: UInt8, _ form: CodeForm, _ bytes: UnsafeRawPointer, to target: UInt32,
    _ eip: UInt32, _ flags: TranslatedInstruction.Flags
  ) {
    cache.begin(eip, .identical, flags)
    copy(bytes, form.prefixes)
    cache.put([opcode, 7])
    leave(to: eip &+ UInt32(form.length))
    leave(to: target)
  }

  /// PUSH of a constant: what a CALL pushes is the guest's address.
  func push(_ value: UInt32) {
    cache.put(UInt8(0x68))
    cache.put(value)
  }
}

extension TranslationCache {
  func isWatched(_ eip: UInt32) -> Bool {
    let linear = codeBase &+ eip
    return watched.contains { $0.contains(linear) }
  }

  /// The address may be executed in the guest's code segment.
  func isInLimit(_ eip: UInt32) -> Bool { eip <= codeLimit && codeBase &+ eip < MonitorLayout.hole }

  /// Bytes from an address to the limit, as far as that matters.
  func limitRoom(_ eip: UInt32) -> Int { Int(min(codeLimit - eip, 0xFFFF)) + 1 }

  /// Connects an exit with the block it goes to. Inside a page straight, as both live and die
  /// together; otherwise by the block's slot, which is valid while the page is.
  func link(_ number: Int, to block: Int) {
    let exit = exits[number]
    let target = blocks[block]
    if exit.isInside && target.isValid && target.page == exit.page && target.secondPage < 0 {
      if exit.branch != 0 { write(target.body &- (exit.branch + 4), at: exit.branch) }
      write(UInt8(0xE9), at: exit.place)
      write(target.body &- (exit.place + 5), at: exit.place + 1)
    } else {
      write(UInt8(0x65), at: exit.place)
      write(UInt16(0x25FF), at: exit.place + 1)
      write(TranslationLayout.Data.slots + UInt32(block * 4), at: exit.place + 3)
    }
  }
}
