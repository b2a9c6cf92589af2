/// What the handlers of a type-1 hypervisor do to the machine that it owns. Their bodies are not x86
/// code, but what they do takes the processor's own paths, at CPL 0: page tables are walked and their
/// A and D bits set, writes end decoded code, register writes go into the ledger.
extension CPU {
  /// Reads 1 to 8 bytes at a linear address of the address space in CR3, as CPL 0 would; nil where that
  /// is a page fault.
  public mutating func peekSystem(_ linear: UInt32, _ size: Int) -> UInt64? {
    try? readLinear(linear, size, user: false)
  }

  /// Writes 1 to 8 bytes; false where that is a page fault, and then nothing is written.
  public mutating func pokeSystem(_ linear: UInt32, _ value: UInt64, _ size: Int) -> Bool {
    do throws(Interruption) {
      try writeLinear(linear, value, size, user: false)
      return true
    } catch {
      return false
    }
  }

  /// Reads an integer that lies in one frame.
  public mutating func load<T: FixedWidthInteger>(
    _ type: T.Type = T.self, at address: PhysicalAddress
  ) -> T {
    T(truncatingIfNeeded: readPhysical(address, MemoryLayout<T>.size))
  }

  /// Writes an integer that lies in one frame.
  public mutating func store<T: FixedWidthInteger>(_ value: T, at address: PhysicalAddress) {
    writePhysical(address, UInt64(truncatingIfNeeded: value), MemoryLayout<T>.size)
  }

  /// MOV CR3.
  public mutating func loadPageDirectory(_ value: UInt32) {
    do throws(Interruption) { try loadCR3(value) } catch {
      preconditionFailure("only PAE has anything to check")
    }
  }

  /// OUT.
  public mutating func writePort(_ port: UInt16, byte: UInt8) { writePort(port, 1, UInt32(byte)) }

  /// IN.
  public mutating func readPort(_ port: UInt16) -> UInt8 {
    UInt8(truncatingIfNeeded: readPort(port, 1))
  }

  /// Changes CR0.TS.
  public mutating func setTaskSwitched(_ isSet: Bool) {
    guard cr0.contains(.taskSwitched) != isSet else { return }
    let old = cr0
    if isSet { cr0.insert(.taskSwitched) } else { cr0.remove(.taskSwitched) }
    recordWrite(
      .controlRegisterWrite, register: 0, old: UInt64(old.rawValue), new: UInt64(cr0.rawValue))
  }

  /// Loads LDTR with a segment, or with null.
  public mutating func replaceLocalTable(_ segment: Segment) {
    setSegment(SegmentRegister.ldtr, segment)
  }
}

/// The x87's state while somebody else has the x87: at first as after FNINIT.
public struct SavedFPU: Sendable {
  var state: FPUState?

  public init() {}

  /// Writes or reads it for a file; nothing if nobody has used the x87.
  public mutating func exchange<Coder: WordCoder>(_ coder: inout Coder) {
    coder.optional(&state, empty: FPUState()) { $1.exchange(&$0) }
    if let state, state.registers.count != 8 { coder.fail() }
  }
}

extension CPU {
  /// FNSAVE and FRSTOR: the x87 takes over a saved state, and its own is saved.
  public mutating func exchangeFPU(with saved: inout SavedFPU) {
    let mine = fpu.state
    if let state = saved.state { fpu.state = state } else { fpu = FPU() }
    saved.state = mine
  }
}
