import X86

/// The host's own tables and code, in machine memory: the lab processor uses them by its own rules.
extension MonitorMemory {
  /// Writes everything that never changes.
  func buildHost() {
    storeHostTables()
    let loop = HostLoop()
    for (index, byte) in loop.bytes.enumerated() {
      store(byte, at: HardwareLayout.code + UInt32(index))
    }
    // The one interrupt that reaches the host. Whatever else happens to it finds no gate: it is lost.
    storeHostGate(LabBus.kickVector, HardwareLayout.code + loop.handler)
    // The host sees its own 4 MiB, at the addresses where they are.
    store(UInt32(0x83), at: HardwareLayout.hostDirectory)
    for offset in stride(from: UInt32(0), to: 0x3000, by: 8) {
      store(UInt64.max, at: HardwareLayout.ioPermissions + offset)
    }
    for offset in stride(from: UInt32(0), to: 0x2000, by: 8) {
      store(UInt64.max, at: HardwareLayout.msrPermissions + offset)
    }
  }

  private func storeHostTables() {
    for (selector, raw) in [
      (HardwareLayout.codeSelector, Descriptor.flatCode.raw),
      (HardwareLayout.dataSelector, Descriptor.flatData.raw),
      (
        HardwareLayout.taskSelector,
        EntryBytes.system(base: HardwareLayout.task, limit: 0x67, type: 0x8B)
      ),
    ] { store(raw, at: HardwareLayout.gdt + UInt32(selector)) }
    store(HardwareLayout.stackTop, at: HardwareLayout.task + 4)
    store(UInt32(HardwareLayout.dataSelector), at: HardwareLayout.task + 8)
    store(UInt16(0x68), at: HardwareLayout.task + 0x66)
  }

  /// An interrupt gate, DPL 0.
  private func storeHostGate(_ vector: UInt8, _ target: UInt32) {
    store(
      EntryBytes.gate(
        HardwareLayout.codeSelector, target, access: EntryBytes.interruptGate(dpl: 0)),
      at: HardwareLayout.idt + UInt32(vector) * 8)
  }

  /// The state in which the host's code starts.
  static var hostState: MonitorState {
    MonitorState(
      cr0: [.protection, .paging, .writeProtect, .extensionType, .numericError],
      cr3: HardwareLayout.hostDirectory, cr4: [.pageSizeExtensions],
      gdtBase: HardwareLayout.gdt, gdtLimit: 0x1F, idtBase: HardwareLayout.idt, idtLimit: 0x7FF,
      code: HardwareLayout.codeSelector, data: HardwareLayout.dataSelector,
      task: HardwareLayout.taskSelector, ldt: 0, eip: HardwareLayout.code,
      esp: HardwareLayout.stackTop)
  }

  // MARK: The guest's registers beside its VMCB

  /// Where the host loop finds them.
  func storeRegisters(of guest: borrowing CPU) {
    for (place, register) in HostLoop.registers.enumerated() {
      store(guest[register], at: HardwareLayout.registers + UInt32(place * 4))
    }
  }

  /// As the host loop has left them.
  func loadRegisters(into guest: borrowing CPU) {
    for (place, register) in HostLoop.registers.enumerated() {
      guest[register] = load(HardwareLayout.registers + UInt32(place * 4))
    }
  }
}
