public import X86

/// Someone who wants every kept transition, in order, with none lost.
public protocol LedgerSink: AnyObject {
  /// The next transition.
  func receive(_ transition: Transition)
}

extension Machine {
  /// Gives the sink what is new, and has the processor stop before the log is full again.
  func emptyLog() {
    guard let ledgerSink else { return }
    let end = cpu.log.end
    precondition(cpu.log.start <= sunkPlace, "the log was emptied in time")
    while sunkPlace < end {
      ledgerSink.receive(cpu.log[place: sunkPlace])
      sunkPlace += 1
    }
    cpu.log.fullAt = end + UInt64(cpu.log.capacity / 2)
  }
}
