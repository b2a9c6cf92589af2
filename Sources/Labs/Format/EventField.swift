import X86

/// What a lab can ask of one event.
enum EventField: String, Sendable, CaseIterable {
  case number, vector, eip, cs, ss, esp, tick
  case fromRing = "from ring"
  case toRing = "to ring"
  case fromBelievedRing = "from believed ring"
  case toBelievedRing = "to believed ring"
  case error = "error code"
  case eax
  case newEIP = "new eip"
  case newCS = "new cs"
  case newSS = "new ss"
  case newESP = "new esp"
  case gateDPL = "gate dpl"
  case gateType = "gate type"
  case newValue = "new value"
  case oldValue = "old value"
  case address
  case code, info, detail

  /// The field of an event; nil if events of its kind do not have it.
  func value(of event: Transition) -> Int64? {
    let goesElsewhere = event.kind.isTransfer
    let isWrite = [.controlRegisterWrite, .cr3Load, .debugRegisterWrite].contains(event.kind)
    return switch self {
    case .number: Int64(event.sequence)
    case .tick: Int64(event.tick)
    case .vector: event.hasVector ? Int64(event.vector) : nil
    case .eip: Int64(event.eip)
    case .cs: Int64(event.cs)
    case .ss: Int64(event.ss)
    case .esp: Int64(event.esp)
    case .fromRing: Int64(event.fromCPL)
    case .toRing: Int64(event.toCPL)
    case .fromBelievedRing: Int64(event.fromVirtualRing)
    case .toBelievedRing: Int64(event.toVirtualRing)
    case .error: event.hasErrorCode ? Int64(event.code) : nil
    case .eax:
      [.softwareInterrupt, .systemEnter].contains(event.kind)
        ? Int64(UInt32(truncatingIfNeeded: event.info)) : nil
    case .newEIP: goesElsewhere ? Int64(event.toEIP) : nil
    case .newCS: goesElsewhere ? Int64(event.toCS) : nil
    case .newSS: goesElsewhere ? Int64(event.toSS) : nil
    case .newESP: goesElsewhere ? Int64(event.toESP) : nil
    case .gateDPL: event.gate == 0 ? nil : Int64(event.gate >> 5 & 3)
    case .gateType: event.gate == 0 ? nil : Int64(event.gate & 15)
    case .newValue: isWrite ? Int64(bitPattern: event.detail) : nil
    case .oldValue: isWrite ? Int64(bitPattern: event.info) : nil
    case .code: Self.monitorKinds.contains(event.kind) ? Int64(event.code) : nil
    case .info: Self.monitorKinds.contains(event.kind) ? Int64(bitPattern: event.info) : nil
    case .detail: Self.monitorKinds.contains(event.kind) ? Int64(bitPattern: event.detail) : nil
    case .address: event.kind == .fault && event.vector == 14 ? Int64(event.info) : nil
    }
  }
}

extension EventField {
  /// Those whose code and two words are described with `Transition`.
  private static let monitorKinds: [TransitionKind] = [.hypercall, .vmExit, .vmEntry]
}

extension Transition {
  fileprivate var hasVector: Bool {
    [.fault, .interrupt, .softwareInterrupt].contains(kind)
  }
}
