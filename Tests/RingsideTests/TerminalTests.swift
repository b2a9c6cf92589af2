import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// The whole program in a terminal: keys in, pictures out, and the terminal whole again.
@Suite(.enabled(if: TestTerminal.tmux != nil, "tmux is not installed"), .serialized)
struct TerminalTests {
  @Test func everyKeyOfControlDoesWhatItSays() throws {
    let terminal = try TestTerminal(80, 24)
    try terminal.start("demo --paused")
    try terminal.wait { $0.contains("PAUSED | t 0 ") && $0.contains("CONTROL") }
    try terminal.type("s")
    try terminal.wait { $0.contains("PAUSED | t 1 ") }
    try terminal.type("n")
    try terminal.wait { $0.contains("REAL 3 BELIEVED 3 | PAUSED") }
    try terminal.type("n")
    try terminal.wait { $0.contains("REAL 0 BELIEVED 0 | PAUSED") && $0.contains("INT 80h") }
    try terminal.type("r")
    try terminal.wait { $0.contains("shell ready") && $0.contains("IDLE") }
    try terminal.type("?")
    try terminal.wait { $0.contains("─ help") }
    try terminal.type("?")
    try terminal.wait { !$0.contains("─ help") }
    try terminal.press("F12")
    try terminal.wait { $0.contains("GUEST  F12") }
    // In GUEST, q and p are letters.
    try terminal.type("echo qp\n")
    try terminal.wait { $0.contains("echo qp") }
    try terminal.press("F12")
    try terminal.wait { $0.contains("CONTROL  F12") }
    try terminal.type("p")
    try terminal.wait { $0.contains("PAUSED") }
    try terminal.type("Ry")
    try terminal.wait { $0.contains("PAUSED | t 0 ") }
    try terminal.type("q")
    try expectWholeTerminal(terminal, status: 0)
  }

  @Test func withoutArgumentsATourIsOfferedAndCanBeLeftAndReturnedTo() throws {
    let terminal = try TestTerminal(80, 24)
    try terminal.start("")
    try terminal.wait { $0.contains("The two-minute tour") && $0.contains("A lab") }
    try terminal.press("Enter")
    let first = try terminal.wait {
      $0.contains("1/6 A whole PC") && $0.contains("PAUSED | t 580000")
    }
    try terminal.type(" ")
    try terminal.wait { $0.contains("2/6") && $0.contains("GUEST BELIEVES") }
    try terminal.press("BSpace")
    try terminal.wait { $0.contains("1/6") }
    try terminal.type("ss")
    try terminal.wait { $0.contains("back to this card") }
    try terminal.type(".")
    try terminal.wait { $0 == first }
    try terminal.press("Escape")
    try terminal.wait { !$0.contains("1/6") && $0.contains("the machine is yours") }
    try terminal.type("i")
    try terminal.wait { $0.contains("Containers and jails") }
    try terminal.type("2")
    try terminal.wait { $0.contains("Java") }
    try terminal.type("q")
    try terminal.wait { !$0.contains("Java") }
    try terminal.type("m")
    try terminal.wait { $0.contains("full:trap") }
    try terminal.type("2")
    try terminal.wait { $0.contains("full:trap | REAL 1 BELIEVED 0 | STOPPED") }
    try terminal.type("2")
    try terminal.wait { $0.contains("guest believes") }
    try terminal.type("q")
    try expectWholeTerminal(terminal, status: 0)
  }

  @Test(arguments: [(80, 24), (120, 40), (200, 60), (40, 12)])
  func everySizeShowsGuestRingAndKeys(columns: Int, rows: Int) throws {
    let terminal = try TestTerminal(columns, rows)
    try terminal.start("demo")
    let text = try terminal.wait { $0.contains("shell ready") && $0.contains("CONTROL") }
    let lines = text.split(separator: "\n")
    #expect(lines.count == rows)
    let rings = columns < 80 ? "ring 0" : "REAL 0 BELIEVED 0"
    #expect(lines.first?.contains(rings) == true && lines.first?.contains("CONTROL") == true)
    #expect(lines.last?.contains("q quit") == true)
    #expect(text.contains("REAL") && text.contains("events"))
  }

  @Test func sizesThatChangeWildlyEndInAGoodPicture() throws {
    let terminal = try TestTerminal(80, 24)
    try terminal.start("demo")
    try terminal.wait { $0.contains("shell ready") }
    var number: UInt32 = 1
    for _ in 0..<40 {
      number = number &* 1_664_525 &+ 1_013_904_223
      try terminal.resize(1 + Int(number >> 8 % 180), 1 + Int(number >> 24 % 60))
    }
    try terminal.resize(20, 5)
    try terminal.wait { $0.contains("Ringside needs") }
    try terminal.resize(80, 24)
    try terminal.wait { text in
      let lines = text.split(separator: "\n")
      return lines.count == 24 && lines[0].contains("CONTROL") && lines[23].contains("q quit")
    }
    try terminal.type("q")
    try expectWholeTerminal(terminal, status: 0)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGSEGV, SIGABRT])
  func aSignalEndsTheProgramAndLeavesTheTerminalWhole(signal: Int32) throws {
    let terminal = try TestTerminal(80, 24)
    try terminal.start("demo")
    try terminal.wait { $0.contains("shell ready") }
    kill(try terminal.process, signal)
    try expectWholeTerminal(terminal, status: 128 + signal)
  }

  @Test func ctrlZStopsItAndFgBringsThePictureBack() throws {
    let terminal = try TestTerminal(80, 24)
    try terminal.start("demo")
    try terminal.wait { $0.contains("shell ready") }
    try terminal.press("C-z")
    try terminal.wait { $0.contains("Stopped") && $0.contains("ready>") }
    try terminal.type("echo $((40 + 2)) in the shell\n")
    try terminal.wait { $0.contains("42 in the shell") }
    try terminal.type("fg\n")
    try terminal.wait { $0.contains("shell ready") && $0.contains("CONTROL") }
    try terminal.type("q")
    try terminal.wait { $0.contains("ready>") && !$0.contains("CONTROL") }
  }

  @Test func aTerminalThatGoesAwayEndsTheProgram() throws {
    var terminal: TestTerminal? = try TestTerminal(80, 24)
    try terminal?.start("demo")
    try terminal?.wait { $0.contains("shell ready") }
    let process = try #require(terminal).process
    terminal = nil
    for _ in 0..<300 where kill(process, 0) == 0 { usleep(100_000) }
    #expect(kill(process, 0) != 0)
  }

  /// mov edi, 200000h; mov ecx, 3E00h; l: mov [edi], edi; add edi, 1000h; loop l; cli; hlt
  @Test func memoryIsThatOfTheGuestAndFortyMegabytes() throws {
    let guest: [UInt8] = [
      0xBF, 0, 0, 0x20, 0, 0xB9, 0, 0x3E, 0, 0, 0x89, 0x3F, 0x81, 0xC7, 0, 0x10, 0, 0, 0xE2, 0xF6,
      0xFA, 0xF4,
    ]
    try TemporaryFile(guest).use { path in
      let terminal = try TestTerminal(80, 24)
      try terminal.start("\(path) --memory 64")
      try terminal.wait { $0.contains("halted for good") }
      let status = try Program(at: "/bin/cat", ["/proc/\(terminal.process)/status"]).output
      let peak = try #require(status.firstMatch(of: /VmHWM:\s*([0-9]+) kB/)?.output.1)
      let kibibytes = try #require(Int(peak))
      #expect(kibibytes > 64 << 10 && kibibytes < (64 << 10) + 40_000_000 >> 10)
    }
  }

  @Test func withoutColoursOrUnicodeAllIsSaidAllTheSame() throws {
    let plain = try TestTerminal(80, 24, "LC_ALL=C.UTF-8 NO_COLOR=1")
    try plain.start("demo")
    try plain.wait { $0.contains("shell ready") && $0.contains("CONTROL") }
    let styles = try plain.styledText.matches(of: /\u{1B}\[([0-9;]*)m/).map { $0.output.1 }
    let numbers = styles.flatMap { $0.split(separator: ";") }.compactMap { Int($0) }
    // 39 and 49 are the terminal's own colours.
    #expect(numbers.allSatisfy { $0 < 30 || $0 == 39 || $0 == 49 })

    let ascii = try TestTerminal(80, 24, "LC_ALL=C TERM=vt100")
    try ascii.start("demo")
    let text = try ascii.wait { $0.contains("shell ready") && $0.contains("CONTROL") }
    #expect(text.utf8.allSatisfy { $0 < 0x80 })
  }

  /// The shell has the terminal again: it says how the program ended, echoes, and edits lines.
  private func expectWholeTerminal(_ terminal: TestTerminal, status: Int32) throws {
    try terminal.wait { $0.contains("status=\(status) ready>") }
    try terminal.type("clear; stty -a | tr ' ' '\\n' | grep -cx -e icanon -e echo -e isig\n")
    try terminal.wait { $0.split(separator: "\n").contains { $0 == "3" } }
  }
}
