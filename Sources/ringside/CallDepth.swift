import Machine
import X86

/// How deep in calls and handlers a machine is, counted from where one began to look: a call or a
/// handler's entry is one deeper, the return from it one less.
struct CallDepth: Equatable {
  /// Negative when the function in which it began has been left.
  private(set) var depth = 0

  /// Executes one instruction, or delivers one event. `step` does it.
  mutating func step(_ machine: Machine, _ step: () -> Stop?) -> Stop? {
    let flow = Self.flow(machine)
    let place = machine.cpu.log.end
    let stop = step()
    var isRefused = false
    for index in max(place, machine.cpu.log.start)..<max(place, machine.cpu.log.end) {
      let event = machine.cpu.log[place: index]
      switch event.kind {
      case .fault:
        isRefused = true
        if event.marks.contains(.delivered) { depth += 1 }
      case .interrupt: if event.marks.contains(.delivered) { depth += 1 }
      case .softwareInterrupt, .systemEnter: depth += 1
      case .interruptReturn, .systemExit: depth -= 1
      default: break
      }
    }
    if !isRefused { depth += flow }
    return stop
  }

  /// 1 where a CALL comes next, -1 where a RET does.
  private static func flow(_ machine: Machine) -> Int {
    guard !machine.cpu.isHalted else { return 0 }
    let start = machine.cpu.segment(SegmentRegister.cs).base &+ machine.cpu.eip
    var place = start
    while let byte = machine.cpu.peekByte(place), place &- start < 14 {
      switch byte {
      case 0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3: place &+= 1
      case 0xE8, 0x9A: return 1
      case 0xC2, 0xC3, 0xCA, 0xCB: return -1
      case 0xFF:
        let form = (machine.cpu.peekByte(place &+ 1) ?? 0) >> 3 & 7
        return form == 2 || form == 3 ? 1 : 0
      default: return 0
      }
    }
    return 0
  }
}

/// Looks for the moment at which the present function was before its last instruction, or at which
/// it was entered: runs a stretch of the past again and notes how deep each moment was.
struct CallSearch {
  /// Where it began, as a tick.
  let origin: UInt64
  private let isOut: Bool
  private var calls = CallDepth()
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
    calls = CallDepth()
    (latest, lowest) = ([], 0)
  }

  /// Executes one instruction of the stretch.
  mutating func step(_ machine: Machine, _ step: () -> Stop?) -> Stop? {
    note(machine.ticks)
    return calls.step(machine, step)
  }

  private mutating func note(_ tick: UInt64) {
    if latest.isEmpty || calls.depth < lowest { (lowest, latest) = (calls.depth, []) }
    let place = calls.depth - lowest
    if latest.count > place { latest.removeSubrange(place...) }
    while latest.count < place { latest.append(tick) }
    latest.append(tick)
  }

  /// The moment, now that the stretch has been run to its end; nil if it lies before the stretch.
  var found: UInt64? {
    let place = calls.depth - lowest
    if isOut { return place > 0 && place <= latest.count ? latest[place - 1] : nil }
    return latest.isEmpty || place < 0 ? nil : latest[min(place, latest.count - 1)]
  }
}
