import Synchronization

/// One IA-32 processor: its registers, the semantics of its instructions, and how it addresses memory.
///
/// A non-copyable struct whose hot state is plain fields and raw pointers, so that the interpreter
/// pays for no reference counts and no exclusivity checks. Registers live in 64-bit slots
/// (long mode may come); slot 8 always reads zero and stands for "no base" and "no index".
public struct CPU: ~Copyable {
  /// Register slots of eight bytes, in ModR/M order.
  let registers: UnsafeMutableRawPointer
  /// ES CS SS DS FS GS LDTR TR, see `SegmentRegister`.
  let segments: UnsafeMutablePointer<Segment>
  /// The data TLB entries of the current privilege: supervisor (CPL 0-2) or user (CPL 3).
  var currentTLB: UnsafeMutablePointer<TLBEntry>

  /// Offset of the instruction being executed, or of the next one between instructions.
  public internal(set) var eip: UInt32 = 0
  /// Offset of the instruction after the one being executed.
  var nextEIP: UInt32 = 0
  var lazy = LazyFlags()
  /// EFLAGS without the arithmetic flags.
  var systemFlags: EFLAGS = .alwaysSet
  public internal(set) var cpl: UInt8 = 0

  // Time. `ticks` = target − remaining, corrected inside a block; see `Run.swift`.
  var targetTick: UInt64 = 0
  /// Ticks until `targetTick`, with the running block already taken off; negative when the block
  /// is longer than that, with a stop planted where the budget ends.
  var remaining: Int = 0
  /// Ticks that passed without instructions while the processor was halted.
  var skippedTicks: UInt64 = 0

  /// The instruction being executed, and the end of its block; equal between blocks.
  var currentInstruction: UnsafePointer<Instruction>
  var blockEnd: UnsafePointer<Instruction>
  /// Offset in CS of the running block's first instruction.
  var blockStart: UInt32 = 0
  /// The instruction whose handler has been replaced by `stop`, and that handler.
  var plantedStop: UnsafeMutablePointer<Instruction>?
  var displacedHandler = Handler.stop
  /// The end of the block, if it is the running one, of which the untimed instructions are off the
  /// budget.
  var untimedEnd: UnsafePointer<Instruction>?
  /// All ones or 0xFFFF: how much of ESP the stack uses (SS.B).
  var stackMask: UInt32 = 0xFFFF

  /// Identifies what a block was looked up under: translation generation and mode bits, in the
  /// upper half; the lower is zero.
  var codeStamp: UInt64 = 8 << 32
  /// Base and limit of CS, where the run loop finds them at once.
  var codeBase: UInt32 = 0
  var codeLimit: UInt32 = 0xFFFF
  var generation: UInt32 = 1
  /// The generation of the address space that does not run: the guest's while the host runs, and
  /// the other way round. 0 when nothing of it is to be believed.
  var idleGeneration: UInt32 = 0
  /// The newest generation given out.
  private var lastGeneration: UInt32 = 1
  /// Whose translations the guest's bank of the TLBs holds.
  var guestASID: UInt32 = 0

  public internal(set) var cr0: CR0 = [.extensionType, .cacheDisable, .notWriteThrough]
  public internal(set) var cr2: UInt32 = 0
  /// What CR2 becomes when the #PF being raised is delivered.
  var pageFaultAddress: UInt32 = 0
  public internal(set) var cr3: UInt32 = 0
  public internal(set) var cr4: CR4 = []
  public internal(set) var gdtBase: UInt32 = 0
  public internal(set) var gdtLimit: UInt16 = 0xFFFF
  public internal(set) var idtBase: UInt32 = 0
  public internal(set) var idtLimit: UInt16 = 0x3FF
  /// DR0-DR7; 4 and 5 are aliases.
  let debugRegisters: UnsafeMutablePointer<UInt32>
  /// PAE page-directory-pointer entries, loaded with CR3.
  var pdptes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
  var msrs = ModelSpecificRegisters()
  var fpu = FPU()

  /// HLT executed: nothing runs until an interrupt.
  public internal(set) var isHalted = false
  /// A triple fault stopped the processor; only a reset helps.
  public internal(set) var isShutDown = false
  /// What cast the interrupt shadow, and the tick of the boundary that lies in it.
  var shadowKind = InterruptShadow.none
  var shadowTick: UInt64 = 0
  /// The INTR pin, set by the machine.
  public var interruptRequested = false
  /// The NMI pin's latch.
  public var nonMaskableRequested = false
  var nonMaskableBlocked = false
  /// Debug conditions found during an instruction, raised as #DB after it (DR6 bits).
  var pendingDebug: UInt32 = 0
  /// The instruction executed last has set RF, which is meant for the next one.
  var loadedResume = false
  /// The instruction executed last was INT, after which TF makes no trap.
  var suppressesSingleStep = false
  /// An instruction found that the rest of its block must not run before the run loop looks again.
  var needsAttention = false
  /// A host gate ends the run.
  var isAtHostGate = false
  /// What has been flushed since a monitor asked.
  var flush = TranslationFlush.none
  /// The virtual-machine extension; at rest on processors without it.
  var svm = SVMState()
  /// Says nothing. But a structure with an atomic inside is always used where it lies, while of another
  /// one Swift makes a copy of all its bytes for each function that borrows it.
  private let stays = Atomic<UInt8>(0)

  public let profile: Profile
  public var memory: PhysicalMemory
  var tlb = TLB()
  var codeTLB = CodeTLB()
  var blocks: BlockCache
  public var log: TransitionLog
  /// The event that set off what is being written down; 0 between instructions.
  var setOffBy: UInt64 = 0
  /// The memory operand that a segment refused, until its fault is written down.
  var violation: (segment: UInt8, offset: UInt32)?
  /// What somebody waits for, see `Watching.swift`; the flags say whether the lists have anything.
  var stopsAtCode = false
  var notesAccesses = false
  var watchedCode: [AddressRange] = []
  var watchedData: [AddressRange] = []
  var accesses: [WatchedAccess] = []
  /// The tick of the boundary at which a watched instruction has been reported or let pass.
  var passedTick = UInt64.max
  let bus: any Bus
  /// FERR#: an unmasked x87 exception with CR0.NE = 0; the board turns it into IRQ 13.
  public internal(set) var floatingPointError = false
  /// All ones, or bit 20 clear when the A20 gate is closed.
  public internal(set) var addressMask: PhysicalAddress = .max
  /// Longest basic block in instructions, 1...64. The result never depends on it.
  public var maximumBlockLength = 32 {
    didSet { precondition((1...64).contains(maximumBlockLength)) }
  }

  enum InterruptShadow: UInt8 { case none, afterSTI, afterMovSS }

  public init(
    profile: Profile, memory: consuming PhysicalMemory, bus: any Bus, logCapacity: Int = 4096
  ) {
    registers = .allocate(byteCount: 16 * 8, alignment: 64)
    registers.initializeMemory(as: UInt64.self, repeating: 0, count: 16)
    segments = .allocate(capacity: 8)
    segments.initialize(repeating: Segment(), count: 8)
    debugRegisters = .allocate(capacity: 8)
    debugRegisters.initialize(repeating: 0, count: 8)
    currentTLB = tlb.data
    self.profile = profile
    self.memory = memory
    self.bus = bus
    blocks = BlockCache()
    currentInstruction = UnsafePointer(blocks.none.pointee.instructions)
    blockEnd = currentInstruction
    log = TransitionLog(capacity: logCapacity)
    reset()
  }

  deinit {
    registers.deallocate()
    segments.deallocate()
    debugRegisters.deallocate()
  }

  /// RESET#: the state of SDM 3A table 9-1. Memory stays.
  public mutating func reset() {
    for register in Register.allCases { self[register] = 0 }
    self[.edx] = profile.signature
    for index in 0..<6 {
      segments[index] = Segment()
      segments[index].limit = 0xFFFF
      segments[index].loadReal(selector: 0)
    }
    segments[SegmentRegister.cs].selector = 0xF000
    segments[SegmentRegister.cs].base = 0xFFFF_0000
    for (index, type) in [(SegmentRegister.ldtr, UInt8(0x82)), (SegmentRegister.tr, 0x8B)] {
      segments[index] = Segment()
      segments[index].limit = 0xFFFF
      segments[index].access = type
      segments[index].isUsable = true
    }
    eip = 0xFFF0
    lazy = LazyFlags()
    lazy.set([])
    systemFlags = .alwaysSet
    cr0 = profile.features.contains(.i486) ? [.extensionType, .cacheDisable, .notWriteThrough] : []
    cr2 = 0
    cr3 = 0
    cr4 = []
    (gdtBase, gdtLimit, idtBase, idtLimit) = (0, 0xFFFF, 0, 0x3FF)
    for index in 0..<8 { debugRegisters[index] = 0 }
    debugRegisters[6] = 0xFFFF_0FF0
    debugRegisters[7] = 0x400
    msrs = ModelSpecificRegisters()
    fpu = FPU()
    isHalted = false
    isShutDown = false
    shadowKind = .none
    nonMaskableBlocked = false
    nonMaskableRequested = false
    pendingDebug = 0
    floatingPointError = false
    stackMask = 0xFFFF
    if svm.isGuest { leaveAddressSpace() }
    svm = SVMState()
    setCPL(0)
    flushAllAddressSpaces()
  }

  /// A general register as 32 bits.
  public subscript(register: Register) -> UInt32 {
    @inline(__always) get { registers.load(fromByteOffset: register.rawValue * 8, as: UInt32.self) }
    @inline(__always) nonmutating set {
      registers.storeBytes(of: newValue, toByteOffset: register.rawValue * 8, as: UInt32.self)
    }
  }

  /// A general register by its number, 0...7.
  @inline(__always)
  func register(_ number: Int) -> UInt32 {
    registers.load(fromByteOffset: number * 8, as: UInt32.self)
  }
  @inline(__always)
  func setRegister(_ number: Int, _ value: UInt32) {
    registers.storeBytes(of: value, toByteOffset: number * 8, as: UInt32.self)
  }

  /// EFLAGS, all of it.
  public var eflags: EFLAGS {
    get { systemFlags.union(lazy.eflags) }
    set {
      lazy.set(newValue)
      systemFlags = newValue.subtracting(.arithmetic).union(.alwaysSet)
    }
  }

  /// A segment register with its hidden part, see `SegmentRegister`.
  public func segment(_ index: Int) -> Segment { segments[index] }

  var isProtected: Bool { cr0.contains(.protection) }
  var isVirtual8086: Bool { systemFlags.contains(.virtual8086) }
  /// Protected mode proper: selectors name descriptors.
  var usesDescriptors: Bool { isProtected && !isVirtual8086 }
  var iopl: UInt8 { UInt8(truncatingIfNeeded: systemFlags.rawValue >> 12 & 3) }

  /// Changes the current privilege level and with it the TLB half that data accesses use.
  mutating func setCPL(_ level: UInt8) {
    cpl = level
    currentTLB = tlb.data + (level == 3 ? TLB.entries : 0)
    updateCodeStamp()
  }

  /// To be called after anything that instruction fetch depends on has changed: CPL, CS.
  mutating func updateCodeStamp() {
    let code = segments + SegmentRegister.cs
    codeBase = code.pointee.base
    codeLimit = code.pointee.limit
    let stamp = generation << 2 | (code.pointee.isBig ? 1 : 0) | (cpl == 3 ? 2 : 0)
    codeStamp = UInt64(stamp) << 32
  }

  /// Makes every block look its translation up again before it is entered.
  mutating func startNewGeneration() {
    lastGeneration = (lastGeneration &+ 1) & 0x3FFF_FFFF
    if lastGeneration == 0 {
      blocks.removeAll(&memory)
      codeTLB.removeAll()
      idleGeneration = 0
      lastGeneration = 1
    }
    generation = lastGeneration
    updateCodeStamp()
  }

  /// Forgets every translation of the current address space, global ones included.
  public mutating func flushTLB() {
    tlb.flushAll()
    flush = .all
    startNewGeneration()
  }

  /// Forgets the translations of host and guest.
  mutating func flushAllAddressSpaces() {
    tlb.flushAllBanks()
    flush = .all
    idleGeneration = 0
    startNewGeneration()
  }

  /// Opens or closes the A20 gate.
  public mutating func setA20(_ isOpen: Bool) {
    let isIgnored = svm.control & VMControl.disableA20Mask != 0
    let mask: PhysicalAddress = isOpen || isIgnored ? .max : ~(1 << 20)
    guard mask != addressMask else { return }
    addressMask = mask
    flushAllAddressSpaces()
  }

  /// #GP(0) unless CPL is 0. Real mode always runs at CPL 0.
  @inline(__always)
  func requireRing0() throws(Interruption) {
    if cpl != 0 { throw .generalProtection(0, .cplNotZero) }
  }

  /// #GP(0) outside ring 0 for a sensitive instruction, on the processor where these trap.
  @inline(__always)
  func requireVirtualizable() throws(Interruption) {
    if profile.features.contains(.trapsSensitive) && cpl != 0 {
      throw .generalProtection(0, .sensitiveOutsideRing0)
    }
  }

  /// #UD on a processor without the feature.
  @inline(__always)
  func require(_ feature: Profile.Features) throws(Interruption) {
    if !profile.features.contains(feature) { throw .invalidOpcode(.notInThisProfile) }
  }
}

/// The machine-specific registers of the i686 profile.
struct ModelSpecificRegisters {
  var sysenterCS: UInt32 = 0
  var sysenterESP: UInt32 = 0
  var sysenterEIP: UInt32 = 0
  /// What RDTSC adds to the tick count.
  var timeStampOffset: UInt64 = 0
  var efer: UInt64 = 0
  var pat: UInt64 = 0x0007_0406_0007_0406
}
