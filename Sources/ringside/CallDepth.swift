import Machine
import X86

/// How deep in calls and handlers a machine is, counted from where one began to look: a call or a
/// handler's entry is one deeper, the return from it one less.
///
/// A handler is known by its frame, so that kernels may leave it in any way they like (by a call that
/// ends in IRET, or after another process has run), and a monitor's handlers are told from the guest's.
struct CallDepth: Equatable {
  private enum Level: Equatable {
    case call
    /// Where the frame was pushed; nil for SYSENTER, which pushes none.
    case handler(UInt32?)
  }

  private var levels: [Level] = []
  /// How many functions and handlers have been left that were entered before it began.
  private var left = 0
  /// The address space in which it began.
  private let space: UInt32

  /// Begins where the machine is.
  init(_ machine: Machine) { space = machine.cpu.cr3 }

  /// Negative when the function in which it began has been left.
  var depth: Int { levels.count - left }

  /// Executes one instruction, or delivers one event. `step` does it.
  mutating func step<Outcome>(_ machine: Machine, _ step: () -> Outcome) -> Outcome {
    let flow = Self.flow(machine)
    let place = machine.cpu.log.end
    let outcome = step()
    var isRefused = false
    for index in max(place, machine.cpu.log.start)..<max(place, machine.cpu.log.end) {
      let event = machine.cpu.log[place: index]
      if event.kind == .fault { isRefused = true }
      note(event, in: machine.cpu.cr3)
    }
    if !isRefused { note(flow) }
    return outcome
  }

  private mutating func note(_ event: Transition, in space: UInt32) {
    switch event.kind {
    case .fault, .interrupt:
      if event.marks.contains(.delivered) { levels.append(.handler(event.toESP)) }
    case .softwareInterrupt: levels.append(.handler(event.toESP))
    case .systemEnter: levels.append(.handler(nil))
    case .systemExit: leave(levels.lastIndex(of: .handler(nil)), in: space)
    case .interruptReturn:
      // An error code has been taken off before.
      let frames = [event.esp, event.esp &- 4].map { Level.handler($0) }
      leave(levels.lastIndex { frames.contains($0) }, in: space)
    default: break
    }
  }

  private mutating func leave(_ place: Int?, in space: UInt32) {
    if let place {
      levels.removeSubrange(place...)
    } else if space == self.space && levels.allSatisfy({ $0 == .call }) {
      levels = []
      left += 1
    }
  }

  private mutating func note(_ flow: Flow) {
    switch flow {
    case .call: levels.append(.call)
    case .back where levels.last == .call: levels.removeLast()
    case .back: if levels.isEmpty { left += 1 }
    case .other: break
    }
  }

  private enum Flow { case call, back, other }

  /// What the next instruction is: a CALL, a RET, or another one.
  private static func flow(_ machine: Machine) -> Flow {
    guard !machine.cpu.isHalted else { return .other }
    let start = machine.cpu.segment(SegmentRegister.cs).base &+ machine.cpu.eip
    var place = start
    while let byte = machine.cpu.peekByte(place), place &- start < 14 {
      switch byte {
      case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3: place &+= 1
      case 0xE8, 0x9A: return .call
      case 0xC2, 0xC3, 0xCA, 0xCB: return .back
      case 0xFF:
        let form = (machine.cpu.peekByte(place &+ 1) ?? 0) >> 3 & 7
        return form == 2 || form == 3 ? .call : .other
      default: return .other
      }
    }
    return .other
  }
}

/// Looks for the moment at which the present function was before its last instruction, or at which
/// it was entered: runs a stretch of the past again and notes how deep each moment was.
struct CallSearch {
  /// Where it began, as a tick.
  let origin: UInt64
  private let isOut: Bool
  private var calls: CallDepth?
  /// The latest tick at each depth, the lowest depth first.
  private var latest: [UInt64] = []
  private var lowest = 0
  /// How far back the stretch reaches, in ticks.
  private(set) var reach: UInt64 = 20_000

  init(from origin: UInt64, isOut: Bool) {
    self.origin = origin
    self.isOut = isOut
  }

  /// Begins again with a longer stretch.
  mutating func reachFurther() {
    reach *= 16
    calls = nil
    (latest, lowest) = ([], 0)
  }

  /// Executes one instruction of the stretch.
  mutating func step(_ machine: Machine, _ step: () -> Stop?) -> Stop? {
    var calls = self.calls ?? CallDepth(machine)
    note(machine.ticks, depth: calls.depth)
    defer { self.calls = calls }
    return calls.step(machine, step)
  }

  private mutating func note(_ tick: UInt64, depth: Int) {
    if latest.isEmpty || depth < lowest { (lowest, latest) = (depth, []) }
    let place = depth - lowest
    if latest.count > place { latest.removeSubrange(place...) }
    while latest.count < place { latest.append(tick) }
    latest.append(tick)
  }

  /// The moment, now that the stretch has been run to its end; nil if it lies before the stretch.
  var found: UInt64? {
    let place = (calls?.depth ?? 0) - lowest
    if isOut { return place > 0 && place <= latest.count ? latest[place - 1] : nil }
    return latest.isEmpty || place < 0 ? nil : latest[min(place, latest.count - 1)]
  }
}
