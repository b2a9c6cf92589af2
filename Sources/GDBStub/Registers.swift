import X86

/// The registers that gdb sees, in the order of their numbers: the i386's as its own target
/// descriptions have them, then the system's.
enum Registers {
  /// One register of the description.
  struct Entry: Sendable {
    let name: String
    /// In bits.
    let size: Int
    let type: String
    let read: @Sendable (borrowing CPU) -> [UInt8]
    /// Nil when it cannot be written from outside.
    var writable: WritableRegister?

    init(
      _ name: String, _ size: Int = 32, _ type: String = "int", writable: WritableRegister? = nil,
      _ read: @escaping @Sendable (borrowing CPU) -> UInt64
    ) {
      self.init(name, size, type, writable: writable) { cpu -> [UInt8] in
        let value = read(cpu)
        return (0..<size / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
      }
    }

    init(
      _ name: String, _ size: Int, _ type: String, writable: WritableRegister? = nil,
      _ read: @escaping @Sendable (borrowing CPU) -> [UInt8]
    ) {
      (self.name, self.size, self.type) = (name, size, type)
      (self.writable, self.read) = (writable, read)
    }
  }

  /// Feature `org.gnu.gdb.i386.core`.
  static let core: [Entry] = general + segments + stack + control

  /// Feature `org.ringside.system`: what rings and paging depend on.
  static let system: [Entry] = [
    Entry("cr0") { UInt64($0.cr0.rawValue) }, Entry("cr2") { UInt64($0.cr2) },
    Entry("cr3") { UInt64($0.cr3) }, Entry("cr4") { UInt64($0.cr4.rawValue) },
    Entry("gdt_base", 32, "data_ptr") { UInt64($0.gdtBase) },
    Entry("idt_base", 32, "data_ptr") { UInt64($0.idtBase) },
    Entry("cpl") { UInt64($0.cpl) },
  ]

  static let all: [Entry] = core + system

  private static var general: [Entry] {
    let names: [(String, Register, String)] = [
      ("eax", .eax, "int"), ("ecx", .ecx, "int"), ("edx", .edx, "int"), ("ebx", .ebx, "int"),
      ("esp", .esp, "data_ptr"), ("ebp", .ebp, "data_ptr"), ("esi", .esi, "int"),
      ("edi", .edi, "int"),
    ]
    return names.map { name, register, type in
      Entry(name, 32, type, writable: .general(register)) { UInt64($0[register]) }
    } + [
      Entry("eip", 32, "code_ptr", writable: .eip) { UInt64($0.eip) },
      Entry("eflags", 32, "i386_eflags", writable: .eflags) { UInt64($0.eflags.rawValue) },
    ]
  }

  private static var segments: [Entry] {
    [
      ("cs", SegmentRegister.cs), ("ss", SegmentRegister.ss), ("ds", SegmentRegister.ds),
      ("es", SegmentRegister.es), ("fs", SegmentRegister.fs), ("gs", SegmentRegister.gs),
    ].map { name, index in Entry(name) { UInt64($0.segment(index).selector) } }
  }

  private static var stack: [Entry] {
    (0..<8).map { index in
      Entry("st\(index)", 80, "i387_ext") { cpu -> [UInt8] in
        let value = cpu.floatingPoint.stack[index]
        return (0..<8).map { UInt8(truncatingIfNeeded: value.significand >> ($0 * 8)) }
          + [UInt8(truncatingIfNeeded: value.signExponent), UInt8(value.signExponent >> 8)]
      }
    }
  }

  private static var control: [Entry] {
    [
      Entry("fctrl") { UInt64($0.floatingPoint.control) },
      Entry("fstat") { UInt64($0.floatingPoint.status) },
      Entry("ftag") { UInt64($0.floatingPoint.tags) },
      Entry("fiseg") { UInt64($0.floatingPoint.codeSelector) },
      Entry("fioff") { UInt64($0.floatingPoint.instructionPointer) },
      Entry("foseg") { UInt64($0.floatingPoint.dataSelector) },
      Entry("fooff") { UInt64($0.floatingPoint.dataPointer) },
      Entry("fop") { UInt64($0.floatingPoint.lastOpcode) },
    ]
  }
}

/// What gdb is told of the target (gdb manual, appendix G).
enum TargetDescription {
  /// The document `target.xml`.
  static let document: String = {
    let flags = [
      ("CF", 0), ("", 1), ("PF", 2), ("AF", 4), ("ZF", 6), ("SF", 7), ("TF", 8), ("IF", 9),
      ("DF", 10), ("OF", 11), ("NT", 14), ("RF", 16), ("VM", 17), ("AC", 18), ("VIF", 19),
      ("VIP", 20), ("ID", 21),
    ].map { "<field name=\"\($0)\" start=\"\($1)\" end=\"\($1)\"/>" }.joined()
    return """
      <?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">\
      <architecture>i386</architecture>\
      <feature name="org.gnu.gdb.i386.core">\
      <flags id="i386_eflags" size="4">\(flags)</flags>\
      \(elements(Registers.core))</feature>\
      <feature name="org.ringside.system">\(elements(Registers.system))</feature></target>
      """
  }()

  private static func elements(_ entries: [Registers.Entry]) -> String {
    entries.map { entry in
      let group = entry.name.hasPrefix("f") && entry.size == 32 && entry.name != "fs"
      return "<reg name=\"\(entry.name)\" bitsize=\"\(entry.size)\" type=\"\(entry.type)\""
        + (group ? " group=\"float\"/>" : "/>")
    }.joined()
  }
}
