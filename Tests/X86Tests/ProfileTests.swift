import Testing

@testable import X86

/// What a part lacks is #UD on it, and what it has is not.
@Suite struct ProfileTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// The first profile that has it; nil if none does.
    let first: String?

    init(_ name: String, _ bytes: [UInt8], since first: String?) {
      (self.name, self.bytes, self.first) = (name, bytes, first)
    }

    var testDescription: String { name }
  }

  static let cases = [
    Case("BSF", [0x0F, 0xBC, 0xC0], since: "386"),
    Case("SHLD", [0x0F, 0xA4, 0xC0, 1], since: "386"),
    Case("MOV CR0", [0x0F, 0x20, 0xC0], since: "386"),
    Case("MOV DR7", [0x0F, 0x21, 0xF8], since: "386"),
    Case("FSIN", [0xD9, 0xFE], since: "386"),
    Case("BSWAP", [0x0F, 0xC8], since: "486"),
    Case("XADD", [0x0F, 0xC1, 0xC0], since: "486"),
    Case("CMPXCHG", [0x0F, 0xB1, 0xC0], since: "486"),
    Case("INVD", [0x0F, 0x08], since: "486"),
    Case("WBINVD", [0x0F, 0x09], since: "486"),
    Case("INVLPG", [0x0F, 0x01, 0x3D, 0, 0x70, 0, 0], since: "486"),
    Case("CPUID", [0x0F, 0xA2], since: "486"),
    Case("RDTSC", [0x0F, 0x31], since: "pentium"),
    Case("RDMSR", [0x0F, 0x32], since: "pentium"),
    Case("WRMSR", [0x0F, 0x30], since: "pentium"),
    Case("CMPXCHG8B", [0x0F, 0xC7, 0x0D, 0, 0x70, 0, 0], since: "pentium"),
    Case("MOV CR4", [0x0F, 0x20, 0xE0], since: "pentium"),
    Case("CMOVZ", [0x0F, 0x44, 0xC0], since: "i686"),
    Case("FCMOVB", [0xDA, 0xC1], since: "i686"),
    Case("FCOMI", [0xDB, 0xF1], since: "i686"),
    Case("RDPMC", [0x0F, 0x33], since: "i686"),
    Case("long NOP", [0x0F, 0x1F, 0], since: "i686"),
    Case("SYSENTER", [0x0F, 0x34], since: "i686"),
    Case("SYSEXIT", [0x0F, 0x35], since: "i686"),
    Case("FXSAVE", [0x0F, 0xAE, 0x05, 0, 0x70, 0, 0], since: "i686"),
    Case("FXRSTOR", [0x0F, 0xAE, 0x0D, 0, 0x70, 0, 0], since: "i686"),
    Case("UD2", [0x0F, 0x0B], since: nil),
    Case("MOVD MM0", [0x0F, 0x6E, 0xC0], since: nil),
    Case("EMMS", [0x0F, 0x77], since: nil),
    Case("MOVUPS", [0x0F, 0x10, 0xC0], since: nil),
    Case("PAUSE is NOP", [0xF3, 0x90], since: "386"),
  ]

  @Test(arguments: cases) func instructionsExistFromTheirProfileOn(instruction: Case) {
    let names = Profile.all.map(\.name)
    let first = instruction.first.flatMap { names.firstIndex(of: $0) } ?? names.count
    for (place, profile) in Profile.all.enumerated() {
      let bench = ProtectionBench(profile: profile)
      for (position, byte) in instruction.bytes.enumerated() {
        bench.store(ProtectionBench.start + UInt32(position), byte)
      }
      _ = bench.cpu.run(until: bench.cpu.ticks + 1)
      let isUndefined = bench.last?.kind == .fault && bench.last?.vector == Vector.invalidOpcode
      #expect(isUndefined == (place < first), "\(profile.name)")
    }
  }

  /// The flags by which software tells the parts apart (SDM 1, 20.1.1).
  @Test func flagsThatTellThePartsApart() {
    for (profile, flags): (Profile, EFLAGS) in [
      (.i386, []), (.i486, [.alignmentCheck, .identification]),
      (.pentium, [.alignmentCheck, .identification]), (.i686, [.alignmentCheck, .identification]),
    ] {
      // push 24_0000h; popfd
      let bench = ProtectionBench(profile: profile)
      for (position, byte) in [0x68, 0, 0, 0x24, 0, 0x9D].enumerated() {
        bench.store(ProtectionBench.start + UInt32(position), UInt8(byte))
      }
      _ = bench.cpu.run(until: bench.cpu.ticks + 2)
      #expect(bench.cpu.eflags.intersection([.alignmentCheck, .identification]) == flags)
    }
  }
}
