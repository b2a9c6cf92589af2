/// All of a processor between two instructions, as a value: what software can see, what the pins
/// hold, and the translations remembered, which guests may rely on until they flush them.
///
/// What only makes the core fast (decoded blocks, fast paths to memory) is not in it. Memory and
/// the log have values of their own.
public struct ProcessorState: Sendable {
  var registers: [UInt32] = []
  var segments: [Segment] = []
  var eip: UInt32 = 0
  var lazy = LazyFlags()
  var systemFlags: EFLAGS = .alwaysSet
  var cpl: UInt8 = 0
  var stackMask: UInt32 = 0
  var ticks: UInt64 = 0
  var skippedTicks: UInt64 = 0
  var cr0: CR0 = []
  var cr2: UInt32 = 0
  var cr3: UInt32 = 0
  var cr4: CR4 = []
  var gdtBase: UInt32 = 0
  var gdtLimit: UInt16 = 0
  var idtBase: UInt32 = 0
  var idtLimit: UInt16 = 0
  var debugRegisters: [UInt32] = []
  var pdptes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  var msrs = ModelSpecificRegisters()
  var fpu = FPUState()
  var isHalted = false
  var isShutDown = false
  var shadowKind = CPU.InterruptShadow.none
  var shadowTick: UInt64 = 0
  var interruptRequested = false
  var nonMaskableRequested = false
  var nonMaskableBlocked = false
  var pendingDebug: UInt32 = 0
  var floatingPointError = false
  var addressMask: PhysicalAddress = .max
  var svm = SVMState()
  var guestASID: UInt32 = 0
  var translations: [TLB.Place] = []
  /// Of the address space that runs, and of the other.
  var codePages: [CodeTLB.Page] = []
  var idleCodePages: [CodeTLB.Page] = []

  /// A state to be read into: no processor has it.
  public init() {}

  /// Machine ticks, and those of them in which something was executed or delivered.
  public var time: (ticks: UInt64, instructions: UInt64) { (ticks, ticks - skippedTicks) }

  /// The same with every translation forgotten.
  public var withoutTranslations: ProcessorState {
    var state = self
    (state.translations, state.codePages, state.idleCodePages) = ([], [], [])
    return state
  }

  /// What it takes in memory, in bytes, roughly.
  public var size: Int {
    1024 + translations.count * MemoryLayout<TLB.Place>.stride
      + (codePages.count + idleCodePages.count) * MemoryLayout<CodeTLB.Page>.stride
  }
}

extension CPU {
  /// The processor's state, or a new one in its place. To be used between runs only.
  public var state: ProcessorState {
    get {
      precondition(currentInstruction == blockEnd, "not in the middle of a block")
      var state = ProcessorState()
      state.registers = Register.allCases.map { self[$0] }
      state.segments = (0..<8).map { segments[$0] }
      (state.eip, state.lazy, state.systemFlags) = (eip, lazy, systemFlags)
      (state.cpl, state.stackMask) = (cpl, stackMask)
      (state.ticks, state.skippedTicks) = (ticks, skippedTicks)
      (state.cr0, state.cr2, state.cr3, state.cr4) = (cr0, cr2, cr3, cr4)
      (state.gdtBase, state.gdtLimit, state.idtBase, state.idtLimit) =
        (gdtBase, gdtLimit, idtBase, idtLimit)
      state.debugRegisters = (0..<8).map { debugRegisters[$0] }
      (state.pdptes, state.msrs, state.fpu) = (pdptes, msrs, fpu.state)
      (state.isHalted, state.isShutDown) = (isHalted, isShutDown)
      (state.shadowKind, state.shadowTick) = (shadowKind, shadowTick)
      state.interruptRequested = interruptRequested
      state.nonMaskableRequested = nonMaskableRequested
      state.nonMaskableBlocked = nonMaskableBlocked
      (state.pendingDebug, state.floatingPointError) = (pendingDebug, floatingPointError)
      state.addressMask = addressMask
      (state.svm, state.guestASID) = (svm, guestASID)
      state.translations = tlb.contents
      state.codePages = codeTLB.pages(of: generation, bank: svm.isGuest ? 1 : 0)
      if idleGeneration != 0 {
        state.idleCodePages = codeTLB.pages(of: idleGeneration, bank: svm.isGuest ? 0 : 1)
      }
      return state
    }
    set { restore(newValue) }
  }

  private mutating func restore(_ state: ProcessorState) {
    removePlantedStop()
    currentInstruction = UnsafePointer(blocks.none.pointee.instructions)
    blockEnd = currentInstruction
    (targetTick, remaining, skippedTicks) = (state.ticks, 0, state.skippedTicks)
    for register in Register.allCases { self[register] = state.registers[register.rawValue] }
    for index in 0..<8 {
      segments[index] = state.segments[index]
      debugRegisters[index] = state.debugRegisters[index]
    }
    (eip, nextEIP) = (state.eip, state.eip)
    (lazy, systemFlags, stackMask) = (state.lazy, state.systemFlags, state.stackMask)
    (cr0, cr2, cr3, cr4) = (state.cr0, state.cr2, state.cr3, state.cr4)
    (gdtBase, gdtLimit, idtBase, idtLimit) =
      (state.gdtBase, state.gdtLimit, state.idtBase, state.idtLimit)
    (pdptes, msrs, fpu.state) = (state.pdptes, state.msrs, state.fpu)
    (isHalted, isShutDown) = (state.isHalted, state.isShutDown)
    (shadowKind, shadowTick) = (state.shadowKind, state.shadowTick)
    interruptRequested = state.interruptRequested
    nonMaskableRequested = state.nonMaskableRequested
    nonMaskableBlocked = state.nonMaskableBlocked
    (pendingDebug, floatingPointError) = (state.pendingDebug, state.floatingPointError)
    (loadedResume, suppressesSingleStep, needsAttention) = (false, false, false)
    passedTick = .max
    addressMask = state.addressMask
    (svm, guestASID) = (state.svm, state.guestASID)
    tlb.contents = state.translations
    tlb.select(bank: svm.isGuest ? 1 : 0)
    restore(state.idleCodePages, bank: svm.isGuest ? 0 : 1)
    idleGeneration = generation
    restore(state.codePages, bank: svm.isGuest ? 1 : 0)
    setCPL(state.cpl)
  }

  /// Makes these the pages of a new generation.
  private mutating func restore(_ pages: [CodeTLB.Page], bank: Int) {
    startNewGeneration()
    codeTLB.select(bank: bank)
    for page in pages {
      codeTLB.entry(for: page.linear, user: page.isUser).pointee =
        CodeTLB.Entry(generation: generation, physical: page.physical)
    }
  }

  /// From now on, puts a page's contents aside before the page is written to. Returns the pages
  /// written to so far; all others are as they were when the machine was made.
  public mutating func keepOldPages() -> [PhysicalAddress] {
    tlb.withdrawAll()
    return memory.changes.keep(memory)
  }

  /// The pages written to since the last call, with what was in them before.
  ///
  /// From now on they count as unchanged: every fast path to memory is withdrawn, so that the
  /// next write to each is noticed.
  public mutating func takeChanges() -> [PageChange] {
    tlb.withdrawAll()
    return memory.changes.take()
  }
}

extension TLB {
  /// A translation, and where it is remembered.
  struct Place {
    var bank: Int
    var index: Int
    var translation: Translation
  }

  /// The translations remembered. Setting them selects some bank.
  var contents: [Place] {
    get {
      var places: [Place] = []
      for bank in 0..<usedBanks {
        for index in 0..<2 * Self.entries {
          let translation = remembered(bank, index)
          if translation.tag != TLBEntry.noTag {
            places.append(Place(bank: bank, index: index, translation: translation))
          }
        }
      }
      return places
    }
    set {
      flushAllBanks()
      for place in newValue {
        select(bank: place.bank)
        insert(place.translation, at: place.index)
      }
    }
  }
}
