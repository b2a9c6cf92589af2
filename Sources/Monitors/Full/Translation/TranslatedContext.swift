import X86

/// What the guest's state is while the lab processor is in translated code, and what an HLT there
/// asks for.
extension FullVirtualization {
  /// Puts the guest's EIP, IF and ECX for those that translated code has in their places.
  func liftTranslated(_ frame: inout TrapFrame, _ guest: inout CPU) {
    guard let cache = translation, frame.cs == TranslationLayout.codeSelector else { return }
    var flags = guest.eflags
    if cache.interruptFlag { flags.insert(.interrupt) } else { flags.remove(.interrupt) }
    guest.eflags = flags
    resumesAt = nil
    guard let place = TranslationLayout.cacheOffset(frame.eip),
      let index = cache.map.index(at: place)
    else {
      isLost = true
      return
    }
    let instruction = cache.map[index]
    if instruction.flags.contains(.ecxSaved) {
      guest[.ecx] = cache.data(TranslationLayout.Data.ecx)
    }
    if instruction.flags.contains(.behindSTI) { guest.resumeBehindSTI() }
    frame.eip =
      instruction.flags.contains(.indirect)
      ? cache.data(TranslationLayout.Data.target) : instruction.guest
    resumesAt = index
  }

  /// Makes the state of the guest one that it can be in: lets what has begun be finished. Nil: it is.
  func finishTranslatedInstruction(_ guest: inout CPU) -> RunExit? {
    guard let cache = translation else { return nil }
    while lab.cpl == 1, isTranslated, let place = TranslationLayout.cacheOffset(lab.eip),
      let index = cache.map.index(at: place), cache.map[index].flags.contains(.begun)
    {
      switch lab.run(until: lab.ticks &+ 1) {
      case .gate: return trapped(&guest) ?? .attention
      case .shutdown: return .shutdown
      default: break
      }
    }
    return nil
  }

  /// The lab processor remembers a place in the cache as that of the last x87 instruction.
  func mapFloatingPointInstruction(_ cache: TranslationCache) {
    guard fpuIsInLab else { return }
    let last = lab.floatingPointInstruction
    guard last.selector == TranslationLayout.codeSelector,
      let place = TranslationLayout.cacheOffset(last.offset), let index = cache.map.index(at: place)
    else { return }
    typealias Data = TranslationLayout.Data
    lab.floatingPointInstruction = (
      UInt16(truncatingIfNeeded: cache.data(Data.cs)), cache.map[index].guest
    )
    // An operand on the stack: SS is that of ring 1.
    let stack = UInt16(truncatingIfNeeded: cache.data(Data.ss))
    if lab.floatingPointOperandSelector == stack | 1 { lab.floatingPointOperandSelector = stack }
  }

  /// What translated code finds through GS.
  func projectTranslated(_ guest: borrowing CPU) {
    guard let cache = translation else { return }
    typealias Data = TranslationLayout.Data
    mapFloatingPointInstruction(cache)
    cache.setData(
      UInt32(guest.eflags.contains(.interrupt) ? 2 : 0), Data.interruptFlag)
    cache.setData(UInt32(guest.segment(SegmentRegister.cs).selector), Data.cs)
    cache.setData(UInt32(guest.segment(SegmentRegister.ss).selector), Data.ss)
    cache.setData(UInt32(guest.segment(SegmentRegister.gs).selector), Data.gs)
  }

  /// The segment register that translated code has in place of the guest's; nil for the others.
  func translatedSegment(_ index: Int) -> Segment? {
    switch index {
    case SegmentRegister.cs: descriptors.segment(TranslationLayout.codeSelector, .kernel)
    case SegmentRegister.gs: descriptors.segment(TranslationLayout.dataSelector, .kernel)
    default: nil
    }
  }

  // MARK: Callouts

  /// What translated code wants from the monitor.
  enum Callout {
    /// A guest instruction, or whatever has gone wrong in it.
    case instruction
    /// To be led on from the end of a block; the guest has executed nothing.
    case transfer(TranslatedInstruction)
    /// Nothing that was ever written there: the cache is damaged.
    case lost
  }

  func callout(_ frame: TrapFrame) -> Callout {
    guard let cache = translation, frame.cs == TranslationLayout.codeSelector else {
      return .instruction
    }
    guard let place = TranslationLayout.cacheOffset(frame.eip),
      let index = cache.map.index(at: place)
    else { return .lost }
    guard frame.vector == 13, cache.byte(at: place) == 0xF4 else { return .instruction }
    let found = cache.map[index]
    cache.map.countCall(index)
    switch found.kind {
    case .link, .linkAfterJump: counters.linkCallouts &+= 1
    case .entry: counters.entryCallouts &+= 1
    case .lookup: counters.lookupCallouts &+= 1
    default:
      counters.serviceCallouts &+= 1
      return .instruction
    }
    return .transfer(found)
  }

  /// Leads the guest on from the end of a block: next time it goes there without the monitor.
  func lead(_ from: TranslatedInstruction, _ guest: inout CPU) -> RunExit {
    guard let cache = translation else { return .budget }
    var exit = RunExit.budget
    if from.kind == .linkAfterJump {
      let before = guest.ticks
      exit = stepGuest(&guest, until: before &+ 1)
      counters.emulated &+= guest.ticks &- before
    } else {
      synchronize(&guest)
      isProjected = false
    }
    let (eip, flushes) = (guest.eip, counters.cacheFlushes)
    enterGuest(&guest)
    guard isProjected, isTranslated, counters.cacheFlushes == flushes,
      let block = cache.blockAt[eip],
      cache.blocks[block].isValid
    else { return exit }
    switch from.kind {
    case .link, .linkAfterJump:
      guard cache.exits[Int(from.index)].target == eip else { break }
      cache.link(Int(from.index), to: block)
      counters.chained &+= 1
    case .lookup:
      if cache.blocks[block].landing == 0 {
        // Without room the next block that is made empties the cache; until then this calls out.
        guard cache.hasRoomForLanding else { break }
        cache.makeLanding(block)
      }
      cache.setTable(eip, cache.blocks[block].landing)
    default: break
    }
    tellLabProcessor(cache)
    return exit
  }
}
