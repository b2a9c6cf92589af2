import Narration
public import X86

extension MachineView.Event {
  /// Words for a transition.
  public init(_ transition: Transition) {
    let words = EventWords(transition)
    self.init(
      sequence: transition.sequence, tick: transition.tick,
      kind: MachineView.EventKind(transition), text: words.text,
      from: transition.levelBefore, to: transition.levelAfter, why: words.why)
    isVirtual = transition.isVirtual
    self.transition = transition
  }

  /// The guest's tick at which it happened: a place in the machine's history.
  var guestTick: UInt64 { transition?.guestTick ?? tick }
}

extension MachineView.EventKind {
  /// What a kind of transition is on the screen.
  init(_ transition: Transition) {
    self =
      switch transition.kind {
      case .fault, .shutdown: .fault
      case .interrupt: .interrupt
      case .softwareInterrupt, .systemEnter, .hypercall: .call
      case .interruptReturn, .systemExit: .back
      case .farTransfer, .vmEntry, .vmExit, .worldSwitch: .transfer
      case .taskSwitch: .task
      case .controlRegisterWrite, .cr3Load, .debugRegisterWrite, .machineSpecificWrite, .tableLoad,
        .pageInvalidation:
        .control
      case .shadowPaging where transition.code == ShadowOperation.fill.rawValue: .shadow
      case .portRead, .portWrite, .memoryMappedRead, .memoryMappedWrite, .deviceEdge, .halt, .reset,
        .shadowPaging, .translation, .injection, .speaker:
        .other
      }
  }
}
