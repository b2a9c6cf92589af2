import Testing

/// What ring 3 can tell of a monitor in ring 0. It runs directly, so that what traps nowhere shows; all of
/// that is listed here, and nothing else shows.
@Suite struct ResidualHoleTests {
  @Test func ringletsRingsShowExactlyFiveRegisters() throws {
    let outputs = try ["emulation", "full"].map { mode in
      try Program([
        "run", "ringlet", "--mode", mode, "--send", "\\$ =rings\\r", "--until", "SLDT.*\\n",
      ]).output.split(separator: "\r\n")
    }
    let different = zip(outputs[0], outputs[1]).filter { $0 != $1 }
    #expect(outputs[0].count == outputs[1].count)
    #expect(
      different.map { $0.0.split(separator: " ")[1] } == ["SGDT", "SIDT", "SMSW", "STR", "SLDT"])
  }

  private static let everyMode = [
    ["emulation"], ["full"], ["full", "--paging", "trace"],
    ["full:trap", "--lab-cpu", "virtualizable"], ["hardware"], ["hardware:shadow"],
  ]

  /// IRET to a stack of 16 bits leaves the upper half of ESP as it is in the kernel that returns.
  @Test(arguments: everyMode.dropFirst())
  func aStackOf16BitsHasTheGuestsESP(mode: [String]) throws {
    let source = Self.source("mov eax, esp", stack: 0x33, esp: 0x8ff0)
    try Self.expectEqual(source, mode, output: "00108ff0")
  }

  /// IRET takes the RPL off a null selector.
  @Test(arguments: everyMode.dropFirst()) func aNullSelectorKeepsItsRPL(mode: [String]) throws {
    let source = Self.source("mov eax, 3; mov gs, ax; mov ecx, 1000; 1: loop 1b; mov eax, gs")
    try Self.expectEqual(source, mode, output: "00000003")
  }

  /// A descriptor that nobody has loaded yet is not present in the tables that ring 3 really uses.
  @Test func theAccessRightsOfADescriptorThatNobodyHasUsedShow() throws {
    let source = Self.source("xor eax, eax; mov ecx, 0x3b; lar eax, ecx")
    #expect(try Self.run(source, ["emulation"]).output == "00cff200")
    #expect(try Self.run(source, ["full"]).output == "00cf7200")
    let used = Self.source("mov ecx, 0x3b; mov es, cx; mov al, es:[0]; lar eax, ecx")
    for mode in Self.everyMode { try Self.expectEqual(used, mode, output: "00cff300") }
  }

  /// The x87 keeps the CS of its last instruction, with the RPL of the ring that it was really in.
  @Test(arguments: everyMode.dropFirst()) func theX87sSelectorsAreTheGuests(mode: [String]) throws {
    let kernel = "fninit; fld1; fnstenv [buffer]; movzx eax, word ptr [buffer + 16]; int 0x80"
    try Self.expectEqual(Self.source("", before: kernel), mode, output: "00000008")
  }

  @Test func withoutTranslationTheX87sSelectorShowsRing1() throws {
    let kernel = "fninit; fld1; fnstenv [buffer]; movzx eax, word ptr [buffer + 16]; int 0x80"
    #expect(try Self.run(Self.source("", before: kernel), ["full:trap"]).output == "00000009")
  }

  // MARK: Guests

  /// A kernel that goes to ring 3, executes `code` there, and prints EAX. It waits before both, as what comes
  /// behind a change of tables is interpreted for a while.
  private static func source(
    _ code: String, stack: Int = 0x23, esp: Int = 0x108ff0, before: String = ""
  ) -> String {
    """
    .intel_syntax noprefix
    #include "multiboot.inc"
    .text
    .globl _start
    _start:
      cli
      mov esp, offset top
      lgdt [gdtr]
      ljmp 8, offset flat
    flat:
      mov ax, 0x10
      mov ds, ax
      mov es, ax
      mov ss, ax
      mov eax, offset handler
      mov [idt + 0x80 * 8], ax
      mov word ptr [idt + 0x80 * 8 + 2], 8
      mov word ptr [idt + 0x80 * 8 + 4], 0xee00
      shr eax, 16
      mov [idt + 0x80 * 8 + 6], ax
      lidt [idtr]
      mov dword ptr [tss + 4], offset top
      mov word ptr [tss + 8], 0x10
      mov eax, offset tss
      mov [gdt + 0x28 + 2], ax
      shr eax, 16
      mov [gdt + 0x28 + 4], al
      mov ax, 0x28
      ltr ax
      mov ecx, 1000
    1: loop 1b
      \(before)
      push \(stack)
      push \(esp)
      push 0x202
      push 0x1b
      mov eax, offset user
      push eax
      mov eax, 0x23
      mov ds, eax
      mov al, 0xff
      out 0x21, al
      out 0xa1, al
      iretd
    user:
      mov ecx, 1000
    1: loop 1b
      \(code)
      int 0x80
    handler:
      mov ecx, 0x10
      mov ds, ecx
      mov ecx, 8
      mov dx, 0x3f8
      mov ebx, eax
    digit:
      rol ebx, 4
      mov eax, ebx
      and eax, 15
      mov al, [digits + eax]
      out dx, al
      loop digit
      cli
      hlt
    .data
    digits: .ascii "0123456789abcdef"
    .balign 8
    gdt:
      .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00cffb000000ffff, 0x00cff3000000ffff
      .quad 0x0000890000000067, 0x0000f3000000ffff, 0x00cff2000000ffff
    gdtr: .word 63
      .long gdt
    idtr: .word 0x7ff
      .long idt
    .bss
    .balign 4096
    idt: .skip 2048
    tss: .skip 104
    buffer: .skip 32
    .balign 4096
      .skip 4096
    top:
    """
  }

  private static func run(_ source: String, _ mode: [String]) throws -> Program {
    try TemporaryFile(Array(source.utf8), suffix: ".S").use {
      try Program(["run", $0, "--stats", "text", "--timeout", "20", "--mode"] + mode)
    }
  }

  private static func expectEqual(_ source: String, _ mode: [String], output: String) throws {
    let (bare, run) = (try run(source, ["emulation"]), try run(source, mode))
    #expect(bare.output == output && run.output == output, "\(run.output)\n\(run.errors)")
    #expect(ReplayTests.digest(run) != nil && ReplayTests.digest(run) == ReplayTests.digest(bare))
  }
}
