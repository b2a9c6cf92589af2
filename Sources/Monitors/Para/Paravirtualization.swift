public import X86

/// Paravirtualization: a type-1 hypervisor that owns the machine, and guest kernels that know it.
///
/// The interface is Xen's for 32-bit x86 without PAE: the guest's kernel runs at CPL 1 and asks for what
/// only CPL 0 may do by hypercalls. There is one processor, the machine's own; what the guest believes
/// is what is true. The hypervisor's tables and stubs are bytes in the machine's memory, reached
/// through the processor's own vectoring; the handlers' bodies are here.
///
///     guest        call hypercall_page + 26 * 32
///     its page     mov eax, 26; int 82h
///     processor    gate 82h, DPL 1; SS0:ESP0 from the TSS; CPL is 0
///     stub         push 0; push 82h; host gate
///     hypervisor   reads the arguments from the registers and the guest's memory, checks, does it
///     stub         add esp, 8; iret: CPL 1 again, the result in EAX
///
/// Time is the machine's: the stubs' instructions count, and the physical timer interrupts whoever
/// runs.
public final class Paravirtualization: Monitor {
  public internal(set) var counters: ParaCounters
  public internal(set) var unsupported: String?

  /// How int 80h of a program reaches its kernel.
  let systemCalls: SystemCallPath
  /// Ticks of the time stamp counter in a second, as a hypervisor finds out when it starts.
  let ticksPerSecond: UInt64

  private let others: Int
  let weights: [UInt32]
  /// What domains are started from.
  let image: DomainImage

  var frames: FrameTable
  var domains: [Domain] = []
  /// The domain whose address space is in CR3.
  var running = 0
  /// The processor waits in the idle loop.
  var isIdle = false
  /// Where the guest was entered from, and goes on.
  var frame = EntryFrame()
  /// A frame has changed its kind, and the TLB may remember what it was.
  var needsFlush = false
  /// Pages whose translations are to be forgotten on the way back.
  var pagesToFlush: [UInt32] = []
  /// Pages mapped by grants, by handle.
  var grants: [GrantMapping?] = []
  /// The calls of a multicall are being made.
  var isInMulticall = false
  /// What one entry into the hypervisor may still do of lists, in elements; a list of calls and the lists
  /// in it share it. Below 0 when one element was a lot of work.
  var elementsLeft = 0
  /// The arguments with which the call that is being served goes on, after others have had a chance.
  var continuation: [UInt32]?
  /// Why the last call was refused.
  var refusalCause = Cause.none
  /// Domains that have just ended, and whose memory is still theirs.
  var ended: [Int] = []
  /// The running domain wants others to have the processor.
  var mustYield = false
  /// The I/O bitmap is in force for the running domain's kernel.
  var portsAreOpen = false
  /// What has been seen of the ledger.
  var seenPlace: UInt64 = 0
  /// The hypercall that is being served, by its number in the ledger; 0 if none.
  var servedEvent: UInt64 = 0
  /// The IRQ lines that the interrupt controllers let through.
  var heardLines: UInt16 = 0
  /// What has come over the first serial line for Domain 0 and has not been read: see `consoleRoom`.
  var consoleInput: [UInt8] = []
  /// The system time for which the timer is set; .max when it is not.
  var armedFor = UInt64.max
  /// The domain whose x87 state is in the processor.
  var fpuOwner: Int?
  /// System times in nanoseconds: when the scheduler takes the processor away from who has it, until
  /// when that one has paid, when credit is given out again.
  var sliceEnd: UInt64 = .max
  var chargedUntil: UInt64 = 0
  var periodEnd: UInt64 = 0

  /// Takes the machine over and starts domains from an image: number 0, which gets the devices and most
  /// of the memory, and `others` beside it. Weights say who gets how much of the processor, from
  /// Domain 0 on; who has none has `usualWeight`. On a machine that has been reset it knows nothing
  /// of what was, and goes on counting.
  public init(
    _ cpu: inout CPU, memory: UInt64, ticksPerSecond: UInt64, systemCalls: SystemCallPath,
    image: DomainImage, others: Int = 0, weights: [UInt32] = [],
    counters: ParaCounters = ParaCounters()
  ) throws(DomainError) {
    precondition(others < HypervisorLayout.domains, "checked by whoever asks the user")
    self.counters = counters
    self.ticksPerSecond = ticksPerSecond
    self.systemCalls = systemCalls
    self.others = others
    self.weights = weights
    self.image = image
    frames = FrameTable(frames: Int(memory >> 12))
    try start(&cpu)
  }

  private func start(_ cpu: inout CPU) throws(DomainError) {
    guard HypervisorLayout.firstFreeFrame(of: frames.frames.count) < frames.frames.count else {
      throw DomainError("the hypervisor needs 2 MiB of memory for itself")
    }
    HypervisorMemory.build(&cpu, frames: frames.frames.count)
    cpu.memory.giveToMonitor(HypervisorMemory.machine(HypervisorLayout.stubs), size: 4096)
    for frame in 0..<UInt32(frames.frames.count) { setPseudoPhysical(frame, .max, &cpu) }
    takeOver(&cpu)
    startInterruptControllers(&cpu)
    let pages = frames.free.count - others * Self.pagesOfOthers
    guard pages > 0 else {
      throw DomainError("each domain beside the first needs \(Self.pagesOfOthers >> 8) MiB")
    }
    for id in 0...others {
      try build(UInt16(id), pages: id == 0 ? pages : Self.pagesOfOthers, &cpu)
    }
    running = 0
    isIdle = false
    seenPlace = cpu.log.end
    enter(0, &cpu)
    leave(&cpu)
  }

  /// How many domains there is room for beside Domain 0.
  public static let mostOthers = HypervisorLayout.domains - 1
  /// 8 MiB for a domain without devices.
  static let pagesOfOthers = 2048

  /// Puts the processor where a stub's handler ends, with the hypervisor's tables.
  private func takeOver(_ cpu: inout CPU) {
    cpu.enter(
      MonitorState(
        cr0: [.protection, .paging, .writeProtect, .extensionType, .numericError],
        cr3: UInt32(HypervisorLayout.idleDirectory), cr4: [],
        gdtBase: HypervisorLayout.gdt, gdtLimit: 0xFFFF,
        idtBase: HypervisorLayout.own + HypervisorLayout.idt, idtLimit: 0x7FF,
        code: HypervisorLayout.codeSelector, data: HypervisorLayout.dataSelector,
        task: HypervisorLayout.taskSelector, ldt: HypervisorLayout.taskSelector,
        eip: HypervisorLayout.own + HypervisorLayout.idle,
        esp: HypervisorLayout.own + HypervisorLayout.stackTop))
    cpu.replaceLocalTable(Segment())
  }

  public var counts: [(name: String, count: UInt64)] { counters.named }
  public func lift(_ guest: inout CPU) {}
  public func watch(code: [CPU.AddressRange], data: [CPU.AddressRange]) {}
  public func memoryChanged(at address: PhysicalAddress, size: Int) {}
  public func reset(_ guest: inout CPU) {}

  /// The domain whose address space is in CR3.
  var current: Domain {
    _read { yield domains[running] }
    _modify { yield &domains[running] }
  }

  // MARK: Running

  public func run(_ cpu: inout CPU, until target: UInt64) -> RunExit {
    guard unsupported == nil else { return .attention }
    let exit = cpu.run(until: target)
    amendEvents(&cpu)
    guard exit == .gate else { return exit }
    return serve(&cpu)
  }

  /// A stub has called.
  private func serve(_ cpu: inout CPU) -> RunExit {
    frame = EntryFrame(&cpu)
    let vector = Int(frame.vector & 0xFF)
    counters.entries[vector] &+= 1
    counters.monitorInstructions &+= HypervisorMemory.entryLength(vector)
    servedEvent = cpu.log.count
    // In the idle loop there are only interrupts; anything else is damage to the hypervisor itself.
    let isInterrupt = (0x20..<0x30).contains(vector)
    guard frame.ring != 0 || isInterrupt, vector != 8 else { return .shutdown }
    switch vector {
    case HypervisorMemory.hypercallVector: hypercall(&cpu)
    case _ where isInterrupt: interrupt(UInt32(vector - 0x20), &cpu)
    default: trap(vector, &cpu)
    }
    leave(&cpu)
    amendEvents(&cpu)
    servedEvent = 0
    return .attention
  }

  /// Back to a guest: events that wait are told first. With nobody to run, to the idle loop.
  func leave(_ cpu: inout CPU) {
    repeat {
      takeBackMemory(&cpu)
      schedule(&cpu)
      guard !isIdle else {
        flushTranslations(&cpu)
        return enterIdleLoop(&cpu)
      }
    } while !prepareReturn(&cpu)
    flushTranslations(&cpu)
    frame.store(&cpu)
    counters.monitorInstructions &+= HypervisorMemory.exitLength
    let stub = HypervisorMemory.stub(Int(frame.vector & 0xFF))
    cpu[.esp] = HypervisorLayout.own + EntryFrame.offset
    cpu.resume(at: HypervisorLayout.own + stub + EntryBytes.exitOffset, cpl: 0)
  }

  private func flushTranslations(_ cpu: inout CPU) {
    for page in pagesToFlush { cpu.invalidate(page: page) }
    pagesToFlush.removeAll(keepingCapacity: true)
    guard needsFlush else { return }
    needsFlush = false
    cpu.flushTLB()
  }

  /// False if the guest could not be prepared and is no more.
  private func prepareReturn(_ cpu: inout CPU) -> Bool {
    guard tellNMI(&cpu), tellEvents(&cpu) else { return false }
    if portsAreOpen && frame.ring == 3 { closePorts(&cpu) }
    guard let reason = refusal(of: frame, cpu) else { return true }
    crash(reason, &cpu)
    return false
  }

  private func enterIdleLoop(_ cpu: inout CPU) {
    let isOver = !domains.contains { $0.isAlive }
    counters.monitorInstructions &+= HypervisorMemory.idleLength
    cpu[.esp] = HypervisorLayout.own + HypervisorLayout.stackTop
    let start = HypervisorLayout.own + HypervisorLayout.idle
    cpu.resume(at: isOver ? start + HypervisorMemory.haltOffset : start, cpl: 0)
  }
}

/// How INT 80h of a program reaches its kernel.
public enum SystemCallPath: String, Sendable, CaseIterable {
  /// By a gate from ring 3 to ring 1: the hypervisor has no part in it.
  case direct
  /// By #GP to the hypervisor, which passes it on.
  case bounce
}

/// Why a domain cannot be made.
public struct DomainError: Error, Equatable, Sendable {
  /// A clause without a full stop.
  public let description: String
  init(_ description: String) { self.description = description }
}
