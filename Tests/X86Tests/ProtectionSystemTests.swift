import Testing

@testable import X86

/// Privileged and sensitive instructions: flags, ports, control, debug and machine-specific
/// registers, CPUID, SYSENTER.
@Suite struct ProtectionSystemTests {
  // MARK: Privilege

  @Test(arguments: [
    Handler.hlt, .clts, .lmsw, .invd, .wbinvd, .rdmsr, .wrmsr, .movFromCR, .movToCR, .movFromDR,
    .movToDR, .lldt, .ltr, .lgdt, .lidt, .invlpg, .sysexit,
  ])
  func privileged(_ handler: Handler) {
    for ring: UInt8 in [1, 3] {
      let bench = ProtectionBench(ring: ring)
      let fault = bench.execute(handler) {
        if [.lgdt, .lidt, .invlpg].contains(handler) { $0.flags = .memory }
      }
      #expect(fault == .expected(13, 0, .cplNotZero))
    }
    let bench = ProtectionBench()
    bench.enterVirtual8086(iopl: 3)
    let fault = bench.execute(handler) {
      if [.lgdt, .lidt, .invlpg].contains(handler) { $0.flags = .memory }
    }
    let isUndefined = handler == .lldt || handler == .ltr
    #expect(
      fault == (isUndefined ? .invalidOpcode(.notInRealMode) : .expected(13, 0, .cplNotZero)))
  }

  @Test(arguments: [
    Handler.lgdt, .lidt, .sgdt, .sidt, .invlpg, .loadFarPointer, .farCallM, .farJumpM,
  ])
  func memoryOperandIsRequired(_ handler: Handler) {
    #expect(ProtectionBench().execute(handler) == .invalidOpcode(.memoryOperandRequired))
  }

  @Test func haltIsRecorded() {
    let bench = ProtectionBench()
    #expect(bench.execute(.hlt) == nil)
    #expect(bench.cpu.isHalted && bench.last?.kind == .halt)
  }

  @Test func sensitiveInstructionsWorkInRing3() {
    let bench = ProtectionBench(ring: 3)
    #expect(bench.execute(.smsw) == nil)
    #expect(bench.cpu[.eax] == 0x11)
    #expect(bench.execute(.str) == nil)
    #expect(bench.cpu[.eax] == UInt32(Slot.task))
    #expect(bench.execute(.sldt) == nil)
    #expect(bench.cpu[.eax] == UInt32(Slot.ldt))
    let memory = { (i: inout Instruction) in
      i.flags = .memory
      i.displacement = 0x7000
    }
    #expect(bench.execute(.sgdt, memory) == nil)
    #expect(bench.half(0x7000) == 0x7F && bench.word(0x7002) == ProtectionBench.gdt)
    #expect(bench.execute(.sidt, memory) == nil)
    #expect(bench.half(0x7000) == 0x7FF && bench.word(0x7002) == ProtectionBench.idt)
    bench.store(0x7000, UInt32(0xEEEE_EEEE))
    #expect(bench.execute(.smsw, memory) == nil)
    #expect(bench.word(0x7000) == 0xEEEE_0011)
  }

  @Test func loadOfATableWith16BitOperandTakes24BitsOfTheBase() {
    let bench = ProtectionBench()
    bench.store(0x7000, UInt64(0x1234_5678_0FFF))
    for (flags, base): (Instruction.Flags, UInt32) in [
      ([.memory], 0x1234_5678), ([.memory, .operand16], 0x34_5678),
    ] {
      let fault = bench.execute(.lgdt) {
        $0.flags = flags
        $0.displacement = 0x7000
      }
      #expect(fault == nil)
      #expect(bench.cpu.gdtBase == base && bench.cpu.gdtLimit == 0xFFF)
    }
  }

  // MARK: Flags

  /// POPF and IRET by ring and IOPL: which flags an image of all ones may set.
  @Test(
    arguments: [
      (0, 0, 0x24_7FD7), (1, 0, 0x24_4DD7), (3, 0, 0x24_4DD7), (1, 1, 0x24_5FD7),
      (3, 2, 0x24_6DD7), (3, 3, 0x24_7FD7),
    ] as [(UInt8, UInt32, UInt32)])
  func popfChangesWhatTheRingMay(_ ring: UInt8, _ iopl: UInt32, _ expected: UInt32) {
    let bench = ProtectionBench(ring: ring)
    bench.cpu.eflags = EFLAGS(rawValue: 0x1_0002 | iopl << 12)
    bench.prepareStack([0xFFFF_FFFF])
    #expect(bench.execute(.popf) == nil)
    #expect(bench.cpu.eflags.rawValue == expected)
    bench.cpu.eflags = EFLAGS(rawValue: 0x1_4ED7 | iopl << 12)
    bench.prepareStack([0, 0])
    #expect(bench.execute(.popf) == nil)
    let kept: UInt32 = ring == 0 ? 2 : 2 | iopl << 12
    #expect(bench.cpu.eflags.rawValue == kept | (UInt32(ring) > iopl ? 0x200 : 0))
  }

  @Test func popf16KeepsTheUpperHalf() {
    let bench = ProtectionBench()
    bench.cpu.eflags = EFLAGS(rawValue: 0x24_0002)
    bench.prepareStack([0xFFFF_FFFF])
    #expect(bench.execute(.popf) { $0.flags = .operand16 } == nil)
    #expect(bench.cpu.eflags.rawValue == 0x24_7FD7)
    #expect(bench.cpu[.esp] == 0x3_0002)
  }

  @Test func flagsThatAProfileLacksStayClear() {
    for (profile, expected): (Profile, UInt32) in [
      (.i386, 0x7FD7), (.i486, 0x24_7FD7), (.i686, 0x24_7FD7),
    ] {
      let bench = ProtectionBench(profile: profile)
      bench.prepareStack([0xFFFF_FFFF])
      #expect(bench.execute(.popf) == nil)
      #expect(bench.cpu.eflags.rawValue == expected)
    }
  }

  @Test func pushfHidesRFAndVM() {
    let bench = ProtectionBench()
    bench.cpu.eflags = EFLAGS(rawValue: 0x1_0AD7)
    #expect(bench.execute(.pushf) == nil)
    #expect(bench.stack(1) == [0xAD7])
  }

  @Test func cliAndStiObeyIOPL() {
    for (ring, iopl, allowed): (UInt8, UInt32, Bool) in [
      (0, 0, true), (1, 0, false), (3, 2, false), (3, 3, true), (1, 1, true),
    ] {
      let bench = ProtectionBench(ring: ring)
      bench.cpu.eflags = EFLAGS(rawValue: 2 | iopl << 12)
      let expected: Interruption? = allowed ? nil : .expected(13, 0, .cplAboveIOPL)
      #expect(bench.execute(.sti) == expected)
      #expect(bench.cpu.eflags.contains(.interrupt) == allowed)
      #expect(bench.execute(.cli) == expected)
      #expect(!bench.cpu.eflags.contains(.interrupt))
    }
  }

  // MARK: Ports

  @Test func portsByIOPLAndBitmap() {
    let bench = ProtectionBench(ring: 3)
    var task = bench.cpu.segment(SegmentRegister.tr)
    task.limit = 0x68 + 0x20
    bench.cpu.setSegment(SegmentRegister.tr, task)
    // Ports 10h-1Fh denied but for 13h and 14h.
    bench.store(ProtectionBench.task + 0x68 + 2, UInt16(0xFFE7))
    let table: [(UInt16, Int, Cause?)] = [
      (0x00, 4, nil), (0x0F, 1, nil), (0x0F, 2, .ioPermissionBitmap),
      (0x13, 1, nil), (0x13, 2, nil), (0x13, 4, .ioPermissionBitmap),
      (0x14, 2, .ioPermissionBitmap),
      (0xFF, 1, nil), (0x100, 1, .cplAboveIOPL), (0xFFFF, 1, .cplAboveIOPL),
    ]
    for (port, size, cause) in table {
      let fault = bench.fault { (cpu: inout CPU) throws(Interruption) in
        try cpu.checkPort(port, size)
      }
      #expect(fault == cause.map { .expected(13, 0, $0) }, "\(port) \(size)")
    }
    bench.cpu.eflags = EFLAGS(rawValue: 0x3002)
    #expect(bench.execute(.outI) { ($0.a, $0.immediate) = (1, 0x10) } == nil)
  }

  @Test func virtual8086AlwaysAsksTheBitmap() {
    let bench = ProtectionBench()
    bench.enterVirtual8086(iopl: 3)
    bench.cpu[.edx] = 0x3F8
    #expect(bench.execute(.inDX) { $0.a = 1 } == .expected(13, 0, .ioPermissionBitmap))
  }

  @Test(arguments: [Handler.ins, .outs])
  func aPortIsAskedForAlsoWhenNothingIsTransferred(_ handler: Handler) {
    let bench = ProtectionBench(ring: 3)
    bench.cpu[.ecx] = 0
    var instruction = Instruction(handler: handler, length: 2)
    (instruction.a, instruction.flags) = (1, [.rep])
    let fault = bench.fault { (cpu: inout CPU) throws(Interruption) in
      try cpu.executeString(instruction)
    }
    #expect(fault == .expected(13, 0, .cplAboveIOPL))
  }

  @Test func portWidths() {
    let bench = ProtectionBench()
    bench.cpu.log.keepsAccesses = true
    for (size, expected): (UInt8, UInt32) in [(1, 0x1111_11D4), (2, 0x1111_C3D4), (4, 0xA1B2_C3D4)]
    {
      bench.cpu[.eax] = 0x1111_1111
      #expect(bench.execute(.inI) { ($0.a, $0.immediate) = (size, 0x60) } == nil)
      #expect(bench.cpu[.eax] == expected)
    }
    bench.cpu[.eax] = 0x8765_4321
    bench.cpu[.edx] = 0xFFFF_0CF8
    for size: UInt8 in [1, 2, 4] { #expect(bench.execute(.outDX) { $0.a = size } == nil) }
    #expect(bench.bus.written.map(\.value) == [0x21, 0x4321, 0x8765_4321])
    #expect(bench.bus.written.allSatisfy { $0.port == 0xCF8 })
    #expect(bench.last?.kind == .portWrite && bench.last?.info == 0xCF8)
    #expect(bench.cpu.log.total(of: .portRead) == 3)
  }

  // MARK: Control registers

  private func write(
    _ bench: ProtectionBench, _ number: UInt8, _ value: UInt32
  ) -> Interruption? {
    bench.cpu[.eax] = value
    return bench.execute(.movToCR) { $0.a = number }
  }

  private func read(_ bench: ProtectionBench, _ number: UInt8) -> UInt32 {
    _ = bench.execute(.movFromCR) { ($0.a, $0.b) = (number, 8) }
    return bench.cpu[.ecx]
  }

  @Test func controlRegister0Combinations() {
    let table: [(UInt32, Cause?, UInt32)] = [
      (0x0000_0001, nil, 0x11), (0x1FF8_FFC1, nil, 0x11),
      (0x8000_0000, .invalidControlCombination, 0x11),
      (0x2000_0001, .invalidControlCombination, 0x11),
      (0x6000_0001, nil, 0x6000_0011), (0x4005_003F, nil, 0x4005_003F),
    ]
    for (value, cause, result) in table {
      let bench = ProtectionBench()
      #expect(
        write(bench, 0, value & ~0x50000 | value & (cause == nil ? 0x50000 : 0))
          == cause.map { .expected(13, 0, $0) })
      if value != 0x1FF8_FFC1 { #expect(read(bench, 0) == result) }
    }
    let old = ProtectionBench(profile: .i386)
    #expect(write(old, 0, 0x6005_0021) == nil)
    #expect(read(old, 0) == 1)
  }

  @Test func lmswSetsButNeverClearsPE() {
    let bench = ProtectionBench()
    bench.cpu[.eax] = 0xFFFE
    #expect(bench.execute(.lmsw) == nil)
    #expect(read(bench, 0) == 0x1F)
    #expect(bench.execute(.clts) == nil)
    #expect(read(bench, 0) == 0x17)
  }

  @Test func controlRegister4ByProfile() {
    #expect(
      write(ProtectionBench(profile: .i486), 4, 0) == .invalidOpcode(.notInThisProfile))
    for (profile, allowed): (Profile, UInt32) in [(.pentium, 0x1C), (.i686, 0x3BC)] {
      for bit: UInt32 in 0..<32 {
        let bench = ProtectionBench(profile: profile)
        let expected: Interruption? =
          allowed >> bit & 1 != 0 ? nil : .expected(13, 0, .reservedControlBits)
        #expect(write(bench, 4, 1 << bit) == expected, "\(profile.name) bit \(bit)")
        #expect(read(bench, 4) == (expected == nil ? 1 << bit : 0))
      }
    }
  }

  @Test(arguments: [1, 5, 6, 7] as [UInt8]) func otherControlRegistersAreUndefined(_ number: UInt8)
  {
    #expect(write(ProtectionBench(), number, 0) == .invalidOpcode(.undefinedOpcode))
    // That comes before privilege.
    #expect(write(ProtectionBench(ring: 3), number, 0) == .invalidOpcode(.undefinedOpcode))
  }

  @Test func malformedDirectoryPointersAreFoundWhenCR3IsLoaded() {
    let bench = ProtectionBench()
    bench.store(0x10_0000, UInt64(0x10_1001))
    bench.store(0x10_1000, UInt64(0x83))
    #expect(write(bench, 3, 0x10_0000) == nil)
    #expect(write(bench, 4, 0x20) == nil)
    #expect(write(bench, 0, 0x8000_0001) == nil)
    bench.store(0x10_2000, UInt64(0x10_1007))
    #expect(write(bench, 3, 0x10_2000) == .expected(13, 0, .reservedControlBits))
    #expect(read(bench, 3) == 0x10_0000)
  }

  @Test func tlbKeepsStaleEntriesUntilToldOtherwise() {
    let bench = ProtectionBench()
    bench.enablePaging()
    let readByte = { () -> UInt32 in
      var value: UInt32 = 0
      _ = bench.fault { (cpu: inout CPU) throws(Interruption) in
        value = try cpu.read(SegmentRegister.ds, 0x5_0000, as: UInt32.self)
      }
      return value
    }
    bench.store(0x5_0000, UInt32(5))
    bench.store(0x6_0000, UInt32(6))
    #expect(readByte() == 5)
    bench.store(0x10_1000 + 0x50 * 4, UInt32(0x6_0007))
    #expect(readByte() == 5)
    let page = bench.execute(.invlpg) {
      $0.flags = .memory
      $0.displacement = 0x5_0000
    }
    #expect(page == nil && readByte() == 6)
    bench.store(0x10_1000 + 0x50 * 4, UInt32(0x5_0007))
    #expect(readByte() == 6)
    #expect(write(bench, 3, 0x10_0000) == nil)
    #expect(readByte() == 5)
    #expect(bench.cpu.log.total(of: .cr3Load) == 1)
  }

  @Test func globalPagesOutliveACR3LoadButNotAChangeOfPGE() {
    let bench = ProtectionBench()
    bench.enablePaging()
    bench.cpu.cr4 = .pageGlobal
    let readByte = { () -> UInt32 in
      var value: UInt32 = 0
      _ = bench.fault { (cpu: inout CPU) throws(Interruption) in
        value = try cpu.read(SegmentRegister.ds, 0x5_0000, as: UInt32.self)
      }
      return value
    }
    bench.store(0x5_0000, UInt32(5))
    bench.store(0x6_0000, UInt32(6))
    bench.setPage(0x5_0000, 0x107)
    #expect(readByte() == 5)
    bench.store(0x10_1000 + 0x50 * 4, UInt32(0x6_0107))
    #expect(write(bench, 3, 0x10_0000) == nil && readByte() == 5)
    #expect(write(bench, 4, 0) == nil && readByte() == 6)
  }

  // MARK: Debug registers

  @Test func debugRegisterRules() {
    let bench = ProtectionBench()
    let move = { (handler: Handler, number: UInt8, value: UInt32) -> Interruption? in
      bench.cpu[.eax] = value
      return bench.execute(handler) { $0.a = number }
    }
    #expect(move(.movToDR, 4, 0) == nil)
    #expect(move(.movFromDR, 6, 0) == nil)
    #expect(bench.cpu[.eax] == 0xFFFF_0FF0)
    #expect(move(.movToDR, 5, 0xFFFF_DFFF) == nil)
    #expect(move(.movFromDR, 7, 0) == nil)
    #expect(bench.cpu[.eax] == 0xFFFF_07FF)
    #expect(move(.movToDR, 7, 0x2000) == nil)
    #expect(move(.movFromDR, 0, 0) == Interruption(vector: 1, cause: .generalDetect))
    #expect(bench.cpu.debugRegisters[6] & 1 << 13 != 0)
    bench.cpu.deliverFault(Interruption(vector: 1, cause: .generalDetect))
    #expect(bench.cpu.debugRegisters[7] & 1 << 13 == 0)
    #expect(write(bench, 4, 8) == nil)
    #expect(move(.movToDR, 4, 0) == .invalidOpcode(.reservedDebugRegister))
  }

  // MARK: Machine-specific registers and identification

  @Test func timeStampCounterIsWritableInItsLowerHalf() {
    let bench = ProtectionBench()
    bench.cpu[.ecx] = 0x10
    bench.cpu[.eax] = 0x1000
    bench.cpu[.edx] = 7
    #expect(bench.execute(.wrmsr) == nil)
    #expect(bench.execute(.rdtsc) == nil)
    #expect(bench.cpu[.eax] == 0x1000 && bench.cpu[.edx] == 0)
    bench.enter(3)
    #expect(bench.execute(.rdtsc) == nil)
    bench.cpu.cr4 = .timeStampDisable
    #expect(bench.execute(.rdtsc) == .expected(13, 0, .timeStampDisabled))
  }

  @Test(
    arguments: [
      (0x174, true), (0x175, true), (0x176, true), (0xC000_0080, true), (0x277, true), (0x17, true),
      (0x8B, true), (0x10, true), (0x1B, false), (0xFE, false), (0x1A0, false), (0xC1, false),
      (0xC000_0081, false), (0xFFFF_FFFF, false),
    ] as [(UInt32, Bool)])
  func machineSpecificRegisters(_ number: UInt32, _ exists: Bool) {
    let bench = ProtectionBench()
    bench.cpu[.ecx] = number
    let expected: Interruption? = exists ? nil : .expected(13, 0, .unknownMSR)
    #expect(bench.execute(.rdmsr) == expected)
    #expect(
      ProtectionBench(profile: .i486).execute(.rdmsr) == .invalidOpcode(.notInThisProfile))
    let pentium = ProtectionBench(profile: .pentium)
    pentium.cpu[.ecx] = number
    #expect((pentium.execute(.rdmsr) == nil) == (number == 0x10))
  }

  @Test func reservedBitsOfMachineSpecificRegisters() {
    for (number, value, cause): (UInt32, UInt64, Cause?) in [
      (0xC000_0080, 0x800, nil), (0xC000_0080, 1, .reservedMSRBits),
      (0x277, 0x0007_0406_0007_0406, nil), (0x277, 2, .reservedMSRBits),
      (0x277, 8 << 56, .reservedMSRBits),
    ] {
      let bench = ProtectionBench()
      bench.cpu[.ecx] = number
      bench.cpu[.eax] = UInt32(truncatingIfNeeded: value)
      bench.cpu[.edx] = UInt32(truncatingIfNeeded: value >> 32)
      #expect(bench.execute(.wrmsr) == cause.map { .expected(13, 0, $0) })
    }
  }

  @Test func identification() {
    let leaf = { (bench: ProtectionBench, number: UInt32) -> [UInt32] in
      bench.cpu[.eax] = number
      #expect(bench.execute(.cpuid) == nil)
      return [bench.cpu[.eax], bench.cpu[.ebx], bench.cpu[.ecx], bench.cpu[.edx]]
    }
    #expect(ProtectionBench(profile: .i386).execute(.cpuid) == .invalidOpcode(.notInThisProfile))
    let bench = ProtectionBench(ring: 3)
    #expect(leaf(bench, 0) == [2, 0x756E_6547, 0x6C65_746E, 0x4965_6E69])
    #expect(leaf(bench, 1) == [0x653, 0, 0, 0x0101_A97D])
    #expect(leaf(bench, 0x8000_0001)[3] == 1 << 20)
    #expect(leaf(bench, 0x8000_0000)[0] == 0x8000_0004)
    #expect(leaf(bench, 0x4000_0000) == leaf(bench, 2))
    #expect(leaf(ProtectionBench(profile: .pentium), 1)[3] == 0x13D)
    #expect(leaf(ProtectionBench(profile: .pentium), 0x8000_0000)[0] == 0x543)
    #expect(leaf(ProtectionBench(profile: .i486), 1) == [0x435, 0, 0, 1])
  }

  // MARK: SYSENTER, SYSEXIT

  @Test func sysenterAndBack() {
    let bench = ProtectionBench(ring: 3)
    #expect(bench.execute(.sysenter) == .expected(13, 0, .sysenterDisabled))
    bench.cpu.msrs.sysenterCS = 0x0B
    bench.cpu.msrs.sysenterEIP = 0xC000_1000
    bench.cpu.msrs.sysenterESP = 0xC000_2000
    bench.cpu.eflags = EFLAGS(rawValue: 0x1_0202)
    #expect(bench.execute(.sysenter) == nil)
    #expect(bench.cpu.cpl == 0 && bench.cpu.nextEIP == 0xC000_1000)
    #expect(bench.cpu[.esp] == 0xC000_2000 && bench.cpu.eflags.rawValue == 2)
    #expect(bench.selector(SegmentRegister.cs) == 8 && bench.selector(SegmentRegister.ss) == 0x10)
    #expect(bench.last?.kind == .systemEnter && bench.last?.fromCPL == 3)
    bench.cpu[.edx] = 0x4000
    bench.cpu[.ecx] = 0x5000
    #expect(bench.execute(.sysexit) == nil)
    #expect(bench.cpu.cpl == 3 && bench.cpu.nextEIP == 0x4000 && bench.cpu[.esp] == 0x5000)
    #expect(bench.selector(SegmentRegister.cs) == 0x1B)
    #expect(bench.selector(SegmentRegister.ss) == 0x23)
    #expect(bench.cpu.segment(SegmentRegister.cs).limit == 0xFFFF_FFFF)
    #expect(bench.last?.kind == .systemExit && bench.last?.toCPL == 3)
    #expect(
      ProtectionBench(profile: .pentium).execute(.sysenter) == .invalidOpcode(.notInThisProfile))
    bench.enterRealMode()
    #expect(bench.execute(.sysenter) == .expected(13, 0, .notInRealMode))
  }

  @Test func hostGateIsUndefined() {
    #expect(ProtectionBench().execute(.hostGate) == .invalidOpcode(.undefinedOpcode))
  }
}
