/// Where Bochs departs from the manual in the lines of Fuzz/system.c, or where the manual lets
/// processors differ. The fuzzer counts these cases under their names and does not call them wrong.
struct SystemDeviation: Sendable {
  /// A line in its fields.
  struct Case {
    let fields: [Substring]
    let opcode: ArraySlice<UInt8>

    /// Nil for a line that has not all fields: after a shutdown.
    init?(_ line: Substring) {
      fields = line.split(separator: " ")
      guard fields.count == Self.names.count else { return nil }
      let digits = Array(fields[2])
      let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
        UInt8(String(digits[$0...$0 + 1]), radix: 16)
      }
      opcode = bytes.drop {
        [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3].contains($0)
      }
    }

    static let names = """
      number mode code vector error eip flags eax ecx edx ebx esp ebp esi edi es cs ss ds fs gs link \
      cr0 cr2 dr6 tables codeHash data pages x87
      """.split(separator: " ")

    var mode: Substring { fields[1] }
    var vector: Substring { fields[3] }
    var first: UInt8 { opcode.first ?? 0 }
    /// The second byte after 0F, else nil.
    var second: UInt8? { first == 0x0F ? opcode.dropFirst().first : nil }

    /// The names of the fields in which two lines differ.
    func differences(from other: Case) -> Set<Substring> {
      Set(Self.names.indices.filter { fields[$0] != other.fields[$0] }.map { Self.names[$0] })
    }

    /// The byte after the first: ModR/M for most.
    var next: UInt8 { opcode.dropFirst().first ?? 0 }
    private var operation: UInt8 { next >> 3 & 7 }
    var isEscape: Bool { (0xD8...0xDF).contains(first) }
    /// An x87 encoding that has no instruction (SDM 2D, tables ).
    var isReservedEscape: Bool {
      guard next >= 0xC0 else {
        return [0xD9: [1], 0xDB: [4, 6], 0xDD: [5]][first, default: []].contains(operation)
      }
      return switch first {
      case 0xD9: (0xD1...0xDF).contains(next) || [0xE2, 0xE3, 0xE6, 0xE7, 0xEF].contains(next)
      case 0xDA: next >= 0xE0 && next != 0xE9
      case 0xDB: (0xE4...0xE7).contains(next) || next >= 0xF8
      case 0xDC: (0xD0...0xDF).contains(next)
      case 0xDD: (0xC8...0xCF).contains(next) || next >= 0xF0
      case 0xDE: (0xD0...0xD8).contains(next) || (0xDA...0xDF).contains(next)
      case 0xDF:
        next < 0xE0 || (0xE1...0xE7).contains(next) || next >= 0xF8
      default: false
      }
    }
    var isCall: Bool {
      [0xE8, 0x9A].contains(first) || first == 0xFF && [2, 3].contains(operation)
    }
    var loadsFarPointer: Bool {
      [0xC4, 0xC5].contains(first) || [0xB2, 0xB4, 0xB5].contains(second)
        || first == 0xFF && [3, 5].contains(operation)
    }
  }

  let name: String
  let reason: String
  /// Whether it explains that these fields differ.
  let explains: @Sendable (_ ours: Case, _ theirs: Case, _ fields: Set<Substring>) -> Bool

  static let all: [SystemDeviation] = [
    SystemDeviation(
      name: "IRET to V86 mode with EIP above FFFFh",
      reason: "#GP(0) in the manual (SDM 2A, IRET); Bochs cuts EIP to 16 bits",
      explains: { ours, theirs, _ in
        ours.first == 0xCF && ["0d", "08"].contains(ours.vector) && theirs.vector != "0d"
          && ours.mode.hasPrefix("p0")
      }),
    SystemDeviation(
      name: "reserved x87 encodings with CR0.EM or TS",
      reason: """
        #UD and #NM have the same priority (SDM 3A, 6.9); with ours every escape is #NM first, as \
        with a 387
        """,
      explains: { ours, theirs, _ in
        // The second of the two is what is met when #UD cannot be delivered.
        ours.isReservedEscape && ours.vector == "07"
          && ["06", "08", "0b", "0d"].contains(theirs.vector)
      }),
    SystemDeviation(
      name: "FSTP in its alias D9 D8",
      reason: "Bochs reports an empty register; AMD's processors do not, nor do we",
      explains: { ours, _, fields in
        ours.first == 0xD9 && (0xD8...0xDF).contains(ours.next) && fields == ["x87"]
      }),
    SystemDeviation(
      name: "order of the parts of a far pointer",
      reason: "the manual has none; Bochs reads the selector first, ours reads the offset first",
      explains: { ours, theirs, fields in
        ours.loadsFarPointer
          && ([ours.vector, theirs.vector].contains("0e") || theirs.vector == "11")
          && (fields.contains("cr2") || fields.contains("vector"))
      }),
    SystemDeviation(
      name: "order of what IRET and RETF pop",
      reason: "the manual has none for the page faults of one frame",
      explains: { ours, _, fields in
        [0xCA, 0xCB, 0xCF].contains(ours.first) && ours.vector == "0e"
          && fields.isSubset(of: ["cr2", "pages", "error"])
      }),
    SystemDeviation(
      name: "#AC and a page fault of one access",
      reason: "the manual gives no order within the faults of execution (SDM 3A, table 6-2)",
      explains: { ours, theirs, _ in ours.vector == "0e" && theirs.vector == "11" }),
    SystemDeviation(
      name: "what an instruction that faults leaves behind",
      reason: """
        Bochs has read or pushed something before it finds the fault: bytes below ESP, accessed \
        bits, C1 of the x87; ours checks first where the manual does
        """,
      explains: { ours, _, fields in
        ours.vector != "01" && fields.isSubset(of: ["data", "pages", "tables", "x87"])
          && (!fields.contains("x87") || ours.isEscape)
      }),
    SystemDeviation(
      name: "B0-B3 of DR6 after a single step",
      reason: "the processor may clear them (SDM 3B, 17.2.3); ours leaves them",
      explains: { ours, _, fields in ours.second == 0x23 && fields == ["dr6"] }),
    SystemDeviation(
      name: "the upper half of ESP in a 16-bit stack",
      reason: "a 32-bit gate loads ESP (SDM 2A, INT n); Bochs loads SP if the stack is of 16 bits",
      explains: { ours, theirs, fields in
        fields.contains("esp") && ours.fields[11].suffix(4) == theirs.fields[11].suffix(4)
          && fields.isSubset(of: ["esp", "tables", "data"])
      }),
    SystemDeviation(
      name: "a task that returns to itself",
      reason: "whether the single-step trap of the IRET is still due is in no manual",
      explains: { ours, theirs, fields in
        ours.first == 0xCF && ours.vector == "01" && theirs.vector == "01" && fields.contains("eip")
          && ours.mode.hasPrefix("p0")
      }),
    SystemDeviation(
      name: "where an undefined opcode ends",
      reason: "Bochs knows before the immediate that C6 /1 and the like are none; both are faults",
      explains: { ours, _, _ in
        ([0xC4, 0xC5, 0xC6, 0xC7, 0x62, 0x8F].contains(ours.first) || ours.second == 0xB9)
          && ["06", "0d", "0e"].contains(ours.vector)
      }),
    SystemDeviation(
      name: "ARPL that changes nothing",
      reason: """
        Bochs wants to write from the start (a page fault says so, a page becomes dirty); AMD's \
        processors do not fault in a segment that cannot be written to
        """,
      explains: { ours, theirs, fields in
        ours.first == 0x63
          && (ours.vector == "01" && ["0c", "0d", "0e"].contains(theirs.vector)
            || ours.vector == "01" && fields == ["pages"]
            || ours.vector == "0e" && fields == ["error"])
      }),
    SystemDeviation(
      name: "two loads of SS in a row",
      reason: "only the first is sure to hold traps off (SDM 3A, 6.8.3); with ours each does",
      explains: { ours, theirs, fields in
        [0x17, 0x8E].contains(ours.first) && ours.vector == "01" && theirs.vector == "01"
          && fields.contains("eip")
      }),
    SystemDeviation(
      name: "order in CALL",
      reason: """
        the manual looks at the room on the stack, then at the target, and pushes then (SDM 2A, \
        CALL); Bochs pushes first, and ours asks the pages of the stack with the room
        """,
      explains: { ours, theirs, _ in
        ours.isCall && Set([ours.vector, theirs.vector]).isSubset(of: ["0c", "0d", "0e", "11"])
      }),
    SystemDeviation(
      name: "a frame around the end of a 16-bit stack",
      reason:
        "each push wraps for itself, as on AMD's processors; Bochs wants the frame in one piece",
      explains: { ours, theirs, _ in
        ours.isCall && ours.vector == "01" && theirs.vector == "0c"
      }),
    SystemDeviation(
      name: "single-step trap after a task switch",
      reason: """
        the manual has TF as it was when the instruction began decide (SDM 3B, 17.3.1.4); Bochs \
        forgets the trap with the task
        """,
      explains: { ours, theirs, fields in
        (ours.isCall || ours.first == 0xEA || ours.first == 0xFF || ours.first == 0xCF)
          && ours.vector == "01" && fields.contains("dr6") && theirs.vector != "01"
      }),
    SystemDeviation(
      name: "POP of a segment register",
      reason: """
        with a 32-bit operand it may read 16 bits or 32; ours reads 32, as AMD's processors do, \
        and #AC goes by what is read
        """,
      explains: { ours, _, _ in
        ([0x07, 0x17, 0x1F].contains(ours.first) || [0xA1, 0xA9].contains(ours.second))
          && ["0c", "0e", "11"].contains(ours.vector)
      }),
    SystemDeviation(
      name: "POPF in V86 mode with IOPL below 3",
      reason: "#GP(0) before the stack is looked at (SDM 2B, POPF); Bochs pops first",
      explains: { ours, _, _ in
        ours.first == 0x9D && ours.mode.hasPrefix("v") && ours.vector == "0d"
      }),
    SystemDeviation(
      name: "PUSHA in real mode with an odd SP up to 15",
      reason: "#GP in the manual (SDM 2B, PUSHA), #SS in Bochs",
      explains: { ours, theirs, _ in
        ours.first == 0x60 && ours.vector == "0d" && theirs.vector == "0c"
      }),
    SystemDeviation(
      name: "x87 images that go over the end of a segment or page",
      reason: """
        Bochs moves them word by word, not from the first on, and wraps around; ours checks the \
        whole operand first
        """,
      explains: { ours, _, fields in
        [0xD9, 0xDD].contains(ours.first)
          && (ours.vector == "0d" || ours.vector == "0c" || fields == ["cr2"])
      }),
    SystemDeviation(
      name: "a stack in an adapter's memory",
      reason: "A0000h-EFFFFh is memory here, and an adapter with its BIOS in Bochs",
      explains: { ours, theirs, _ in
        let stack = UInt32(ours.fields[17], radix: 16) ?? 0
        return theirs.fields[5] == "0000ffff" && theirs.fields[16] == "ffff"
          || ours.mode.hasPrefix("r") && (0x9000...0xEFFF).contains(stack)
      }),
  ]

  /// What explains the difference of two lines, if anything does.
  static func explanation(_ ours: Substring, _ theirs: Substring) -> SystemDeviation? {
    guard let ours = Case(ours), let theirs = Case(theirs) else { return nil }
    let fields = ours.differences(from: theirs)
    return all.first { $0.explains(ours, theirs, fields) }
  }
}
