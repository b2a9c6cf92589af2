/// A processor's state as numbers, for a file. A field that `ProcessorState` gains has to be named
/// here too, once for both directions; snapshots of other versions can then not be read any more.
extension ProcessorState {
  /// The state as words, in the order in which `init(words:)` takes them.
  public var words: [UInt64] {
    var coder = WordWriter()
    var copy = self
    copy.exchange(&coder)
    return coder.words
  }

  /// The state that gave these words; nil if they are none that a processor has.
  public init?(words: [UInt64]) {
    self.init()
    var coder = WordReader(words)
    exchange(&coder)
    guard coder.isComplete, isPossible else { return nil }
  }

  /// Writes or reads all fields.
  public mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.array(&registers, empty: 0) { $0.field(&$1) }
    coder.array(&segments, empty: Segment()) { $1.exchange(&$0) }
    coder.field(&eip)
    coder.field(&lazy.result)
    coder.field(&lazy.carries)
    coder.option(&systemFlags)
    coder.field(&cpl)
    coder.field(&stackMask)
    coder.field(&ticks)
    coder.field(&skippedTicks)
    coder.option(&cr0)
    coder.field(&cr2)
    coder.field(&cr3)
    coder.option(&cr4)
    coder.field(&gdtBase)
    coder.field(&gdtLimit)
    coder.field(&idtBase)
    coder.field(&idtLimit)
    coder.array(&debugRegisters, empty: 0) { $0.field(&$1) }
    coder.field(&pdptes.0)
    coder.field(&pdptes.1)
    coder.field(&pdptes.2)
    coder.field(&pdptes.3)
    msrs.exchange(&coder)
    fpu.exchange(&coder)
    coder.flag(&isHalted)
    coder.flag(&isShutDown)
    var shadow = shadowKind.rawValue
    coder.field(&shadow)
    if let kind = CPU.InterruptShadow(rawValue: shadow) { shadowKind = kind } else { coder.fail() }
    coder.field(&shadowTick)
    coder.flag(&interruptRequested)
    coder.flag(&nonMaskableRequested)
    coder.flag(&nonMaskableBlocked)
    coder.field(&pendingDebug)
    coder.flag(&floatingPointError)
    coder.field(&addressMask)
    svm.exchange(&coder)
    coder.field(&guestASID)
    coder.array(&translations, empty: TLB.Place(bank: 0, index: 0, translation: Translation())) {
      $1.exchange(&$0)
    }
    coder.array(&codePages, empty: CodeTLB.Page(linear: 0, isUser: false, physical: 0)) {
      $1.exchange(&$0)
    }
    coder.array(&idleCodePages, empty: CodeTLB.Page(linear: 0, isUser: false, physical: 0)) {
      $1.exchange(&$0)
    }
  }

  /// What the core relies on and no processor violates.
  public var isPossible: Bool {
    registers.count == Register.allCases.count && segments.count == 8 && debugRegisters.count == 8
      && fpu.registers.count == 8 && cpl < 4 && ticks < 1 << 62 && skippedTicks <= ticks
      && (addressMask == .max || addressMask == ~(1 << 20))
      && stackMask == (segments[SegmentRegister.ss].isBig ? 0xFFFF_FFFF : 0xFFFF)
      && translations.allSatisfy {
        (0..<TLB.banks).contains($0.bank) && (0..<2 * TLB.entries).contains($0.index)
      }
  }
}

extension Segment {
  /// Writes or reads the visible and the hidden part.
  public mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&selector)
    coder.field(&access)
    coder.flag(&isBig)
    coder.field(&upperAttributes)
    coder.field(&base)
    coder.field(&limit)
    coder.flag(&isUsable)
    updateBounds()
  }
}

extension ModelSpecificRegisters {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&sysenterCS)
    coder.field(&sysenterESP)
    coder.field(&sysenterEIP)
    coder.field(&timeStampOffset)
    coder.field(&efer)
    coder.field(&pat)
  }
}

extension FPUState {
  mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.array(&registers, empty: Extended(signExponent: 0, significand: 0)) {
      $0.field(&$1.significand)
      $0.field(&$1.signExponent)
    }
    coder.field(&control)
    coder.field(&statusWord)
    coder.field(&tags)
    coder.field(&lastOpcode)
    coder.field(&codeSelector)
    coder.field(&dataSelector)
    coder.field(&instructionPointer)
    coder.field(&dataPointer)
  }
}

extension SVMState {
  /// An exit on its way ends before the instruction does, and is never in a state.
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.flag(&isGuest)
    coder.flag(&globalInterruptFlag)
    coder.field(&control)
    coder.field(&hostSaveArea)
    coder.field(&taskPriority)
    for index in carried.indices { coder.field(&carried[index]) }
    coder.field(&vmcb)
    guest.exchange(&coder)
    host.exchange(&coder)
    coder.field(&injection)
    coder.field(&delivering)
  }
}

extension GuestControls {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    for index in intercepts.indices { coder.field(&intercepts[index]) }
    coder.field(&ioPermissions)
    coder.field(&msrPermissions)
    coder.field(&timeStampOffset)
    coder.field(&taskPriority)
    coder.flag(&isInterruptRequested)
    coder.field(&interruptPriority)
    coder.flag(&ignoresTaskPriority)
    coder.field(&interruptVector)
    coder.flag(&masksInterrupts)
    coder.flag(&nestsPaging)
    coder.field(&nestedCR3)
  }
}

extension HostControls {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.flag(&acceptsInterrupts)
    coder.option(&cr4)
    coder.flag(&hasNoExecute)
    coder.field(&pat)
  }
}

extension TLB.Place {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    var (bankNumber, indexNumber) = (UInt8(bank & 1), UInt16(truncatingIfNeeded: index))
    coder.field(&bankNumber)
    coder.field(&indexNumber)
    (bank, index) = (Int(bankNumber), Int(indexNumber))
    translation.exchange(&coder)
  }
}

extension CodeTLB.Page {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&linear)
    coder.flag(&isUser)
    coder.field(&physical)
  }
}

extension Translation {
  fileprivate mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.field(&tag)
    coder.flag(&isWritable)
    coder.flag(&isDirty)
    coder.flag(&isGlobal)
    coder.field(&physical)
  }
}
