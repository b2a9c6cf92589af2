public import Machine
import X86

/// One gdb's conversation with a machine: bytes in, bytes out, and the machine's time in between.
/// It knows nothing of sockets, and survives whatever comes in.
///
/// Addresses are linear: with a flat CS they are what EIP holds. Breakpoints and watchpoints patch
/// nothing, see `Watch`; what gdb changes is written down like any other input.
public final class Session {
  /// Whether the machine is to run.
  public private(set) var isRunning = false
  /// Whether the guest waited in HLT the last time it ran.
  public private(set) var isIdle = false
  /// How the conversation ended, if it did.
  public private(set) var ending: Ending?
  /// How conversations end.
  public enum Ending: Equatable, Sendable {
    /// gdb lets the machine go on without it.
    case detached
    /// gdb wants the machine gone.
    case killed
  }

  let history: History
  var machine: Machine { history.machine }
  var points = Points()
  private var reader = PacketReader()
  private var lastReply: [UInt8] = []
  private var acknowledges = true
  /// What the machine does while it runs.
  private var motion = Motion.forward
  enum Motion {
    case forward
    /// On the way back: the checkpoints and the re-run do the rest.
    case back
    /// One instruction.
    case step
  }

  /// A conversation about a machine that stands still.
  public init(_ history: History) { self.history = history }

  /// Leaves the machine without breakpoints.
  public func close() { machine.setWatch(Watch()) }

  // MARK: In and out

  /// Takes bytes from gdb. Returns what to send.
  public func receive(_ bytes: some Sequence<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    for byte in bytes where ending == nil {
      switch reader.take(byte) {
      case .packet(let body):
        if acknowledges { output.append(UInt8(ascii: "+")) }
        if let reply = answer(body) { output += send(reply) }
      case .broken: if acknowledges { output.append(UInt8(ascii: "-")) }
      case .again: output += lastReply
      case .interrupt: if isRunning { output += stop(signal: 2) }
      case nil: break
      }
    }
    return output
  }

  private func send(_ body: [UInt8]) -> [UInt8] {
    lastReply = Packet.framed(body)
    return lastReply
  }

  // MARK: The machine's time

  /// Lets the machine do about `instructions`. Returns what to send when it stops.
  public func run(instructions: UInt64) -> [UInt8] {
    guard isRunning else { return [] }
    switch motion {
    case .forward: return runForward(instructions)
    case .back: return runBack(instructions)
    case .step: return step()
    }
  }

  private func runForward(_ instructions: UInt64) -> [UInt8] {
    isIdle = false
    switch history.run(until: machine.ticks + instructions, returningWhenIdle: true) {
    case .reached, .reset, .breakpoint: return []
    case .watched(let hit): return stop(signal: 5, points.reason(for: hit))
    case .stopped(let stop): return end(stop)
    case .idle(let tick):
      isIdle = true
      if tick < .max { history.skip(to: tick) }
      return []
    }
  }

  private func step() -> [UInt8] {
    if let stop = history.step() { return end(stop) }
    return stop(signal: 5, machine.takeWatchHit().map(points.reason) ?? "")
  }

  private func runBack(_ instructions: UInt64) -> [UInt8] {
    switch history.proceed(instructions: instructions) {
    case .underway: return []
    case .arrived:
      guard let hit = history.foundHit else {
        return stop(signal: 5, "replaylog:begin;")
      }
      return stop(signal: 5, points.reason(for: hit))
    case .nowhere:
      history.go(to: .start)
      return stop(signal: 5, "replaylog:begin;")
    case .stopped: return stop(signal: 5, "")
    }
  }

  private func stop(signal: UInt8, _ reason: String = "") -> [UInt8] {
    isRunning = false
    return send(Array("T".utf8) + Hex.digits(of: [signal]) + Array("thread:1;\(reason)".utf8))
  }

  /// A machine that has come to its end stands there, and can be sent back.
  private func end(_ stop: Stop) -> [UInt8] {
    isRunning = false
    switch stop {
    case .exit, .haltedForGood, .recordingEnd: return self.stop(signal: 5, "replaylog:end;")
    case .tripleFault: return self.stop(signal: 11)
    default: return self.stop(signal: 6)
    }
  }

  /// Sets the machine in motion.
  func resume(_ motion: Motion) {
    self.motion = motion
    isRunning = true
    switch motion {
    case .forward: machine.passWatch()
    case .step: break
    case .back:
      let hasAim = machine.ticks > history.start && !points.isEmpty
      history.setOut(for: hasAim ? .previousWatched : .start)
    }
  }

  /// One instruction back.
  func stepBack() -> [UInt8] {
    guard machine.ticks > history.start else {
      return Array("T05thread:1;replaylog:begin;".utf8)
    }
    machine.setWatch(Watch())
    history.go(to: .back)
    machine.setWatch(points.watch)
    return Array("T05thread:1;".utf8)
  }

  func stopAcknowledging() { acknowledges = false }

  func end(_ ending: Ending) {
    isRunning = false
    self.ending = ending
  }
}
