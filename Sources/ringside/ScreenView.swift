import Chipset
import Machine
import Monitors
import Panes
import X86

/// Makes views of a machine: copies of what it holds, with the few things a screen remembers.
struct ViewMaker {
  private let guest: String
  private var serial = SerialTerminal()
  private var timeline: [UInt8] = []
  private var events: [MachineView.Event] = []
  /// The first place in the log not looked at yet.
  private var nextEvent: UInt64 = 0
  private var listing = Listing()
  /// The machine's tick in the last view.
  private(set) var shownTicks: UInt64 = 0
  /// The registers when the machine last stood still, and when it did before, at another moment.
  private var stood: (ticks: UInt64, registers: MachineView.Registers)?
  private var stoodBefore: MachineView.Registers?

  /// How many of each a view holds: enough for the largest terminals.
  private static let eventCount = 150
  private static let timelineCount = 400
  private static let serialRows = 200

  init(guest: String) { self.guest = guest }

  /// Whether this text is among the newest lines of the serial line.
  func hasSent(_ text: String) -> Bool {
    serial.screen(rows: Self.serialRows).lines.contains { $0.contains(text) }
  }

  /// Forgets everything, for a machine that starts anew.
  mutating func reset() { self = ViewMaker(guest: guest) }

  /// The guest's name as part of a file's.
  var fileName: String {
    let name = guest.split(separator: "/").last.map(String.init) ?? "guest"
    return name.split(separator: ".").first.map(String.init) ?? name
  }

  /// Shows another moment of the same machine, until which the guest had sent `output`.
  mutating func revisit(_ output: ArraySlice<UInt8>) {
    reset()
    receive(output)
  }

  /// Takes output of the serial line in.
  mutating func receive(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { serial.receive(byte) }
  }

  mutating func view(
    of machine: Machine, state: MachineView.RunState, speed: Double?
  ) -> MachineView {
    takeEvents(machine)
    var view = MachineView()
    view.mode = machine.configuration.mode
    view.guest = guest
    view.runState = state
    view.rings.real = machine.ring
    view.rings.believed = Int(machine.cpu.cpl)
    view.rings.timeline = timeline
    view.rings.operation = machine.operation
    view.rings.isInMonitor = machine.isInMonitor
    view.registers = machine.guestRegisters
    view.lab = machine.labRegisters
    view.monitorCounters = machine.countersOfMonitor
    view.rings.isInGuestMode = machine.isInGuestMode
    view.rings.interpretation = machine.interpretation
    view.controlBlock = machine.fieldsOfControlBlock
    view.counters = machine.countersOfEvents
    view.clock.ticks = machine.ticks
    view.clock.instructions = machine.instructions
    view.clock.events = machine.cpu.log.count
    view.clock.mips = speed
    view.textScreen = MachineView.TextScreen(machine.board.textScreen())
    view.serial = serial.screen(rows: Self.serialRows)
    view.events = events
    switch state {
    case .running, .idle, .travelling: break
    case .paused, .stopped, .slow:
      view.code = listing.lines(machine)
      view.stack = machine.stack(newest: events.last?.transition)
      view.walks = machine.walks
      view.translation = machine.translationAtEIP
      view.domains = machine.domains
      view.wholeControlBlock = machine.wholeControlBlock
      if stood?.ticks != machine.ticks {
        stoodBefore = stood?.registers
        stood = (machine.ticks, view.registers)
      }
      view.before = stoodBefore
    }
    shownTicks = machine.ticks
    return view
  }

  /// Puts the transitions since the last view into words, and ring changes onto the timeline.
  private mutating func takeEvents(_ machine: Machine) {
    if timeline.isEmpty { timeline = [0] }
    let end = machine.cpu.log.end
    var place = max(nextEvent, machine.cpu.log.start)
    while place < end {
      let transition = machine.cpu.log[place: place]
      if transition.toCPL != timeline.last { timeline.append(transition.toCPL) }
      if end - place <= UInt64(Self.eventCount) {
        events.append(MachineView.Event(transition))
        if transition.kind == .halt { foldIdleWake() }
        if transition.kind == .shadowPaging { foldHiddenFault() }
      }
      place += 1
    }
    nextEvent = end
    timeline.removeFirst(max(0, timeline.count - Self.timelineCount))
    events.removeFirst(max(0, events.count - Self.eventCount))
  }
}

extension ViewMaker {
  /// An idle kernel wakes and halts a hundred times a second: HLT, interrupt, return, HLT in one
  /// ring becomes one entry that counts, so that what matters stays in sight.
  fileprivate mutating func foldIdleWake() {
    guard events.count >= 4 else { return }
    let last = events.count - 1
    let (before, interrupt) = (events[last - 3], events[last - 2])
    let (back, halt) = (events[last - 1], events[last])
    guard before.text == halt.text,
      interrupt.kind == .interrupt, back.kind == .back,
      [before.to, interrupt.from, interrupt.to, back.from, back.to].allSatisfy({ $0 == halt.to })
    else { return }
    events[last].idleWakes = before.idleWakes + 1
    events.removeSubrange(last - 3..<last)
  }
}

extension ViewMaker {
  /// A monitor fills its shadow page tables by thousands of hidden page faults: fill, return, fault,
  /// fill becomes one entry that counts.
  fileprivate mutating func foldHiddenFault() {
    guard events.count >= 4 else { return }
    let last = events.count - 1
    let (before, back, fault) = (events[last - 3], events[last - 2], events[last - 1])
    guard before.isShadowFill, events[last].isShadowFill, back.kind == .back, back.from == 0,
      fault.kind == .fault, fault.to == 0, fault.from == back.to
    else { return }
    events[last].repeats = before.repeats + 1
    events.removeSubrange(last - 3..<last)
  }
}

extension Machine {
  fileprivate var operation: MachineView.Operation {
    guard cpu.cr0.contains(.protection) else { return .real }
    if cpu.eflags.contains(.virtual8086) { return .virtual8086 }
    return cpu.cr0.contains(.paging) ? .paged : .protected
  }
}

extension MachineView.TextScreen {
  fileprivate init(_ screen: TextScreen) {
    self.init(
      columns: screen.columns, rows: screen.rows,
      cells: screen.cells.map { Cell(glyph: $0.character, color: $0.attribute) },
      cursor: screen.cursor)
    isBlockCursor = screen.isBlockCursor
    isBlinking = screen.isBlinking
    switch screen.content {
    case .text: break
    case .graphics: instead = "a graphics mode: there is no text to show"
    case .off: instead = "the guest has switched the screen off"
    }
  }
}

/// Instructions around EIP. What was listed stays where it is while EIP moves through it.
private struct Listing {
  private static let count = 64
  /// Offset and linear address of the first line.
  private var start: (offset: UInt32, linear: UInt32)?

  mutating func lines(_ machine: Machine) -> [MachineView.CodeLine] {
    let base = machine.cpu.segment(SegmentRegister.cs).base
    let current = machine.cpu.eip
    if let start, start.linear == base &+ start.offset {
      let lines = decode(machine, from: start.offset)
      if let place = lines.firstIndex(where: \.isCurrent), place < Self.count / 2 { return lines }
    }
    start = (current, base &+ current)
    return decode(machine, from: current)
  }

  private func decode(_ machine: Machine, from start: UInt32) -> [MachineView.CodeLine] {
    let segment = machine.cpu.segment(SegmentRegister.cs)
    let isVirtual = machine.cpu.eflags.contains(.virtual8086)
    var lines: [MachineView.CodeLine] = []
    var offset = start
    while lines.count < Self.count {
      let linear = segment.base &+ offset
      let instruction = Disassembly.decode(address: offset, is32Bit: segment.isBig && !isVirtual) {
        machine.cpu.peekByte(linear &+ UInt32($0))
      }
      if instruction.status == .truncated { break }
      let bytes = (0..<instruction.length).compactMap {
        machine.cpu.peekByte(linear &+ UInt32($0))
      }
      lines.append(
        MachineView.CodeLine(
          address: linear, bytes: bytes, text: instruction.text,
          mark: mark(instruction, machine), isCurrent: offset == machine.cpu.eip))
      offset &+= UInt32(instruction.length)
    }
    return lines
  }

  /// Whether a sensitive instruction traps outside ring 0 on this processor. Far transfers do on none.
  private func traps(_ instruction: Disassembly, on profile: Profile) -> Bool {
    profile.features.contains(.trapsSensitive)
      && !["call", "jmp", "retf"].contains(instruction.mnemonic)
  }

  /// What the current ring makes of an instruction.
  private func mark(_ instruction: Disassembly, _ machine: Machine) -> MachineView.Mark {
    // A translating monitor never has the guest's ring 0 executed as it is.
    if machine.configuration.mode == .fullTranslate && machine.cpu.cpl == 0 {
      return instruction.privilege == .innocuous ? .none : .translated
    }
    // What counts is the processor that executes: in ring 1 its IOPL is 0.
    let cpl = UInt32(machine.ring)
    let isCompressed = machine.monitor is FullVirtualization
    let iopl = isCompressed ? 0 : machine.cpu.eflags.rawValue >> 12 & 3
    return switch instruction.privilege {
    case .innocuous: .none
    case .privileged: cpl > 0 ? .traps : .none
    case .ioSensitive: cpl > iopl ? .traps : .none
    case .sensitiveUnprivileged where cpl == 0: .none
    case .sensitiveUnprivileged:
      traps(instruction, on: machine.configuration.hardware) ? .traps : .silent
    }
  }
}
