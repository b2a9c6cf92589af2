import X86

/// How the monitor uses the translation cache: the guest's ring 0 is executed there, and what the
/// cache holds stands for guest addresses that only the monitor knows.
extension FullVirtualization {
  /// The lab processor executes translated code: the guest is in its ring 0 and the registers are
  /// the lab's.
  var isTranslated: Bool {
    translation != nil && projected[SegmentRegister.cs].selector == TranslationLayout.codeSelector
  }

  /// Why the guest cannot be executed as it is now without showing ring 1; nil if it can.
  func translationRefusal(_ guest: borrowing CPU) -> InterpretationReason? {
    guard guest.cpl == 0 else {
      return guest.eflags.contains(.interrupt) ? nil : .interruptsOff
    }
    guard guest.segment(SegmentRegister.cs).isBig, guest.segment(SegmentRegister.ss).isBig else {
      return .sixteenBitCode
    }
    let odd: EFLAGS = [.ioPrivilegeLevel, .virtualInterrupt, .virtualInterruptPending]
    return guest.eflags.isDisjoint(with: odd) ? nil : .ioPrivilege
  }

  /// Before a run: what has changed since the last one.
  func beginTranslatedRun(_ guest: inout CPU) {
    guard let cache = translation else { return }
    while let page = changedPages.popLast() { translatedPageWritten(page, &guest) }
    guard isProjected, isTranslated else { return }
    var flags = guest.eflags
    if cache.interruptFlag { flags.insert(.interrupt) } else { flags.remove(.interrupt) }
    guest.eflags = flags
  }

  /// Before the lab processor goes on: whether turning IF on would have consequences.
  func prepareTranslatedRun(_ guest: borrowing CPU) {
    translation?.setData(
      UInt8(guest.interruptRequested ? 1 : 0), TranslationLayout.Data.isPending)
  }

  /// Translations are no part of a state: they are made again, and the guest, which was lifted before
  /// it was saved, is entered anew.
  func leaveTranslation(_ state: inout FullState) {
    guard let cache = translation else { return }
    cache.removeAll()
    tellLabProcessor(cache)
    (resumesAt, needsReentry, isLost, changedPages) = (nil, false, false, [])
    let code = state.projected[SegmentRegister.cs].selector
    guard state.isProjected, code == TranslationLayout.codeSelector else { return }
    enterMonitor()
    lab.useDirectory(state.paging.root)
    (state.isInMonitor, state.isProjected) = (true, false)
    state.projected = [Segment](repeating: Segment(), count: 6)
  }

  /// Takes the lab processor out of a translation that is not valid any more.
  func reenter(_ guest: inout CPU) {
    needsReentry = false
    guard !isInMonitor, isTranslated else { return }
    kick(&guest)
    guard isInMonitor else { return }
    synchronize(&guest)
    isProjected = false
    enterGuest(&guest)
  }

  // MARK: Into translated code

  /// Finds or makes the translation of where the guest is, in its ring 0. False when the guest has to
  /// be interpreted for now.
  func prepareTranslation(_ cache: TranslationCache, _ guest: inout CPU) -> Bool {
    follow(codeSegmentOf: guest, cache)
    guard let place = translatedPlace(cache, &guest) else { return false }
    translatedEIP = TranslationLayout.linear(place)
    tellLabProcessor(cache)
    return true
  }

  /// All translations are for one base and limit of CS.
  private func follow(codeSegmentOf guest: borrowing CPU, _ cache: TranslationCache) {
    let code = guest.segment(SegmentRegister.cs)
    guard code.base != cache.codeBase || code.limit != cache.codeLimit else { return }
    empty(cache)
    (cache.codeBase, cache.codeLimit) = (code.base, code.limit)
  }

  private func translatedPlace(_ cache: TranslationCache, _ guest: inout CPU) -> UInt32? {
    let eip = guest.eip
    guard cache.isInLimit(eip) else { return interpret(1, .unfetchable, guest) }
    if cache.isWatched(eip) { return interpret(1, .breakpoint, guest) }
    let page = cache.page(of: cache.codeBase &+ eip)
    guard open(page, cache, &guest) else { return interpret(1, .unfetchable, guest) }
    guard cache.pages[page].restsUntil <= guest.ticks else {
      return interpret(Self.interpretedAtOnce, .modifiedCode, guest)
    }
    if let known = resumption(cache, eip) { return known }
    if let known = cache.blockAt[eip], cache.blocks[known].isValid,
      openSecondPage(of: known, cache, &guest)
    {
      return cache.blocks[known].body
    }
    if !cache.hasRoom {
      empty(cache)
      counters.cacheFlushes &+= 1
      return translatedPlace(cache, &guest)
    }
    return makeBlock(cache, &guest).map { cache.blocks[$0].body }
      ?? interpret(1, .unfetchable, guest)
  }

  private func interpret(
    _ count: UInt64, _ reason: InterpretationReason, _ guest: borrowing CPU
  ) -> UInt32? {
    counters.interpretations[Int(reason.rawValue)] &+= 1
    interpretationBegan = reason
    interpretedUntil = guest.ticks &+ count
    return nil
  }

  /// Behind an instruction that the monitor has done, in the same block.
  private func resumption(_ cache: TranslationCache, _ eip: UInt32) -> UInt32? {
    defer { resumesAt = nil }
    guard let index = resumesAt else { return nil }
    // A repeated string instruction goes on with itself.
    if cache.map[index].kind == .identical, let place = entry(cache, index, eip) { return place }
    return cache.nextGuestInstruction(behind: index).flatMap { entry(cache, $0, eip) }
  }

  /// The place of an instruction, if the guest can be put there: it stands for what is at its EIP, and
  /// for nothing before.
  private func entry(_ cache: TranslationCache, _ index: Int, _ eip: UInt32) -> UInt32? {
    let found = cache.map[index]
    guard found.guest == eip, [.identical, .inline, .service].contains(found.kind),
      found.flags.isDisjoint(with: [.indirect, .begun, .behindSTI, .chain]), found.index >= 0
    else { return nil }
    let block = cache.blocks[Int(found.index)]
    guard block.isValid, block.secondPage < 0, block.instructions.contains(index) else {
      return nil
    }
    return found.place
  }

  /// Looks at the mapping of a page as a fetch of its first instruction after a flush would. False
  /// when that is a fault.
  private func open(_ page: Int, _ cache: TranslationCache, _ guest: inout CPU) -> Bool {
    if cache.pages[page].isValid { return true }
    let found: GuestTranslation
    do throws(Interruption) {
      found = try guest.walk(cache.pages[page].linear, isWrite: false, isUser: false)
    } catch { return false }
    guard guest.memory.host(at: found.page) != nil else { return false }
    let had = cache.pages[page].hasTranslations
    cache.open(page, at: found.page)
    if had && !cache.pages[page].hasTranslations { noteInvalidation(page, cache, &guest) }
    return true
  }

  private func openSecondPage(
    of block: Int, _ cache: TranslationCache, _ guest: inout CPU
  ) -> Bool {
    let second = cache.blocks[block].secondPage
    guard second >= 0 else { return true }
    guard open(second, cache, &guest), cache.blocks[block].isValid else { return false }
    return true
  }

  // MARK: Making blocks

  private func makeBlock(_ cache: TranslationCache, _ guest: inout CPU) -> Int? {
    let eip = guest.eip
    let linear = cache.codeBase &+ eip
    let page = cache.page(of: linear)
    guard let bytes = guest.memory.host(at: cache.pages[page].physical) else { return nil }
    let offset = Int(linear & 0xFFF)
    let room = 0x1000 - offset
    let number = blockNumber(cache, eip, page)
    if CodeForm(bytes + offset, available: room, is32Bit: true, profile: guest.profile) == nil {
      return makeCrossingBlock(cache, number, bytes + offset, room, &guest)
    }
    beginBlock(cache, number)
    var translator = Translator(cache, block: number)
    let size = translator.translate(bytes + offset, available: room, profile: guest.profile)
    guard finishBlock(cache, number, size) else { return nil }
    protect(page, cache, &guest)
    cache.note(bytes, page: page, from: offset, count: size)
    cache.openSlot(number)
    noteCreation(number, cache, &guest)
    return number
  }

  /// One instruction across two pages is a block of its own, valid while both are.
  private func makeCrossingBlock(
    _ cache: TranslationCache, _ number: Int, _ first: UnsafeRawPointer, _ room: Int,
    _ guest: inout CPU
  ) -> Int? {
    let page = cache.blocks[number].page
    let second = cache.page(of: cache.pages[page].linear &+ 0x1000)
    guard cache.pages[page].linear < MonitorLayout.hole - 0x1000, open(second, cache, &guest),
      let rest = guest.memory.host(at: cache.pages[second].physical)
    else { return nil }
    cache.blocks[number].secondPage = second
    if !cache.pages[second].blocks.contains(number) { cache.pages[second].blocks.append(number) }
    beginBlock(cache, number)
    var translator = Translator(cache, block: number)
    let size = withUnsafeTemporaryAllocation(byteCount: room + 16, alignment: 1) { buffer in
      guard let bytes = buffer.baseAddress else { return 0 }
      bytes.copyMemory(from: first, byteCount: room)
      (bytes + room).copyMemory(from: rest, byteCount: 16)
      return translator.translate(bytes, available: room + 16, profile: guest.profile)
    }
    guard finishBlock(cache, number, size) else { return nil }
    for (page, host, start, count) in [
      (page, first - (0x1000 - room), 0x1000 - room, room),
      (second, UnsafeRawPointer(rest), 0, size - room),
    ] {
      protect(page, cache, &guest)
      cache.note(host, page: page, from: start, count: count)
    }
    cache.openSlot(number)
    noteCreation(number, cache, &guest)
    return number
  }

  /// A block keeps its number, and so its slot, however often it is made.
  private func blockNumber(_ cache: TranslationCache, _ eip: UInt32, _ page: Int) -> Int {
    if let known = cache.blockAt[eip] {
      cache.blocks[known].secondPage = -1
      return known
    }
    cache.blocks.append(TranslatedBlock(guest: eip, page: page))
    let number = cache.blocks.count - 1
    cache.blockAt[eip] = number
    cache.pages[page].blocks.append(number)
    return number
  }

  private func beginBlock(_ cache: TranslationCache, _ number: Int) {
    cache.currentBlock = number
    cache.emit(0xF4, cache.blocks[number].guest, .entry, .untimed)
    cache.blocks[number].body = cache.used
    cache.blocks[number].isValid = true
    cache.blocks[number].instructions = cache.map.count..<cache.map.count
  }

  private func finishBlock(_ cache: TranslationCache, _ number: Int, _ size: Int) -> Bool {
    cache.blocks[number].guestSize = UInt32(size)
    cache.blocks[number].end = cache.used
    let first = cache.blocks[number].instructions.lowerBound
    cache.blocks[number].instructions = first..<cache.map.count
    if size == 0 {
      cache.blocks[number].isValid = false
      cache.setSlot(number, cache.blocks[number].body - 1)
    }
    return size > 0
  }

  /// From its first translation on, writes to a page must be seen: wherever it is mapped, it is
  /// read-only in the shadow.
  private func protect(_ page: Int, _ cache: TranslationCache, _ guest: inout CPU) {
    let physical = cache.pages[page].physical
    guest.watch(page: physical)
    guard !cache.isTranslated(physical) else { return }
    if paging.protect(physical) { forgetTranslations() }
  }

  // MARK: Losing translations

  /// Throws everything away. The lab processor is in the monitor, or is sent there.
  func empty(_ cache: TranslationCache) {
    mapFloatingPointInstruction(cache)
    if isProjected && isTranslated {
      cache.removeAllTranslations()
      needsReentry = true
    } else {
      cache.removeAll()
      resumesAt = nil
      tellLabProcessor(cache)
    }
  }

  /// A page of the guest's memory may have changed.
  func translatedPageWritten(_ physical: PhysicalAddress, _ guest: inout CPU) {
    guard let cache = translation, cache.isTranslated(physical) else { return }
    let host = guest.memory.host(at: physical & ~0xFFF)
    let gone = cache.pageWritten(physical, host)
    for page in gone { noteInvalidation(page, cache, &guest) }
    if cache.isTranslated(physical) { guest.watch(page: physical & ~0xFFF) }
  }

  /// The guest writes to a page that has code in it. If it does so all the time, the code gives way.
  func noteWriteToCode(_ physical: PhysicalAddress, _ guest: inout CPU) {
    guard let cache = translation, cache.isTranslated(physical),
      cache.noteWrite(physical, at: guest.ticks)
    else { return }
    for page in cache.pagesIn[physical] ?? [] where cache.pages[page].hasTranslations {
      cache.removeTranslations(of: page)
      noteInvalidation(page, cache, &guest)
    }
  }

  private func noteCreation(_ number: Int, _ cache: TranslationCache, _ guest: inout CPU) {
    counters.blocksMade &+= 1
    let page = cache.pages[cache.blocks[number].page]
    recordTranslation(
      .made, linear: cache.codeBase &+ cache.blocks[number].guest, page.physical, &guest)
  }

  private func noteInvalidation(_ page: Int, _ cache: TranslationCache, _ guest: inout CPU) {
    counters.pagesInvalidated &+= 1
    resumesAt = nil
    if isProjected && isTranslated { needsReentry = true }
    recordTranslation(
      .invalidated, linear: cache.pages[page].linear, cache.pages[page].physical, &guest)
  }

  /// The lab processor has decoded what was there before.
  func tellLabProcessor(_ cache: TranslationCache) {
    if let (address, size) = cache.takeChange() { lab.memoryChanged(at: address, size: size) }
  }
}
