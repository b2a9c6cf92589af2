/// The x87 as a value.
struct FPUState: Sendable {
  var registers: [Extended] = []
  var control: UInt16 = 0
  var statusWord: UInt16 = 0
  var tags: UInt8 = 0
  var lastOpcode: UInt16 = 0
  var codeSelector: UInt16 = 0
  var dataSelector: UInt16 = 0
  var instructionPointer: UInt32 = 0
  var dataPointer: UInt32 = 0
}

extension FPU {
  /// All of it; ES and B, which follow from the rest, are worked out anew.
  var state: FPUState {
    get {
      FPUState(
        registers: (0..<8).map { self[physical: $0] }, control: control, statusWord: statusWord,
        tags: abridgedTags, lastOpcode: lastOpcode, codeSelector: codeSelector,
        dataSelector: dataSelector, instructionPointer: instructionPointer,
        dataPointer: dataPointer)
    }
    set {
      for index in 0..<8 { self[physical: index] = newValue.registers[index] }
      setControl(newValue.control)
      setStatusWord(newValue.statusWord)
      abridgedTags = newValue.tags
      lastOpcode = newValue.lastOpcode
      (codeSelector, dataSelector) = (newValue.codeSelector, newValue.dataSelector)
      (instructionPointer, dataPointer) = (newValue.instructionPointer, newValue.dataPointer)
    }
  }
}
