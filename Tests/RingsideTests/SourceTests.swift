import Testing

/// Guests given as source files, and the list of those that are there.
@Suite struct SourceTests {
  @Test func assemblyRuns() throws {
    let source = """
      .intel_syntax noprefix
      #include "multiboot.inc"
      .text
      .globl _start
      _start:
        mov al, 9
        out 0xf4, al
      """
    let run = try Self.run(source, suffix: ".S")
    #expect(run.status == 9 && run.errors.isEmpty)
  }

  @Test func cRuns() throws {
    let source = """
      #include "io.h"
      int main(void) { outb(0x3f8, 'C'); return 0; }
      """
    let run = try Self.run(source, suffix: ".c")
    #expect(run.status == 0 && run.output == "C")
  }

  @Test func mistakeIsReportedWithFileAndLine() throws {
    let run = try Self.run(
      "#include \"multiboot.inc\"\n.intel_syntax noprefix\n  mvo eax, 1\n", suffix: ".S")
    #expect(run.status == 64)
    #expect(run.errors.contains(".S:3:3: error:"))
  }

  @Test func sourceWithoutHeaderIsRefused() throws {
    let run = try Self.run("nop\n", suffix: ".S")
    #expect(run.status == 64)
    #expect(run.errors.contains("neither #include \"multiboot.inc\" nor"))
    #expect(try Program(["run", "/nowhere/my.S"]).errors.contains("there is no such file"))
  }

  @Test func imagesAreListedWithTheirModes() throws {
    let list = try Program(["images"])
    #expect(list.status == 0)
    let columns = list.output.split(separator: "\n").map {
      $0.split(separator: #/ {2,}/#).prefix(2).map(String.init)
    }
    #expect(
      columns == [
        ["ringlet", "emulation, full, hardware, para"], ["demo", "emulation, full, hardware"],
        ["hello", "emulation, full, hardware"], ["crash", "emulation, full, hardware"],
        ["edges", "emulation, full, hardware"], ["ring1", "emulation, full, hardware"],
        ["redpill", "emulation, full, hardware"], ["tinysvm", "emulation"],
        ["exits", "emulation, full, hardware"], ["toyboot", "emulation, hardware"],
      ])
  }

  private static func run(_ source: String, suffix: String) throws -> Program {
    try TemporaryFile(Array(source.utf8), suffix: suffix).use {
      try Program(["run", $0, "--timeout", "20"])
    }
  }
}
