import Machine
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// Debian's gdb, where it is installed. Apart from the suite, whose own condition cannot lie within.
private let gdb: String? = ["/usr/bin/gdb", "/usr/local/bin/gdb"].first { access($0, X_OK) == 0 }

/// A stock gdb at the stub: forwards and backwards.
@Suite(.enabled(if: gdb != nil, "no gdb here: Debian's package gdb"))
struct GDBTests {
  /// Runs gdb with these commands, connected to a guest of ours.
  private func run(_ guest: String, _ commands: [String]) throws -> [Substring] {
    let program = try Program.path
    let target = "target remote | \(program) gdb \(guest) --listen stdio"
    var words = ["-nx", "-batch", "-ex", "set confirm off", "-ex", target]
    for command in commands { words += ["-ex", command] }
    let run = try Program(at: try #require(gdb), words)
    #expect(run.status == 0, "\(run.errors)")
    return (run.output + run.errors).split(separator: "\n")
  }

  @Test(arguments: ["", " --mode full:trap", " --mode full:trap --lab-cpu virtualizable"])
  func ringletIsSteppedForwardsAndBackwards(mode: String) throws {
    let show = "printf \"at %x, esp %x\\n\", $eip, $esp"
    let forward = [String](repeating: "stepi", count: 5).flatMap { [$0, show] }
    let back = [String](repeating: "reverse-stepi", count: 5).flatMap { [$0, show] }
    let lines = try run("ringlet" + mode, [show] + forward + back).filter { $0.hasPrefix("at ") }
    try #require(lines.count == 11)
    #expect(Array(lines[0...5]) == Array(lines[5...10].reversed()))
    #expect(Set(lines[0...5]).count > 3)
  }

  @Test func breakpointsAndWatchpointsWorkBothWays() throws {
    let lines = try run(
      "demo",
      [
        "print/x $cr0", "stepi 3000", "set $stack = $esp - 4", "set $place = $eip",
        "watch *(int*)$stack", "continue", "printf \"wrote at %x\\n\", $eip", "delete",
        "stepi 20", "break *$place", "reverse-continue", "printf \"back at %x\\n\", $eip - $place",
        "delete", "reverse-continue", "print/x $eax", "monitor rings", "x/i $pc", "info registers",
      ])
    #expect(lines.contains { $0.hasPrefix("wrote at ") }, "\(lines)")
    #expect(lines.contains("back at 0"), "\(lines)")
    #expect(lines.contains { $0.contains("= 0x2badb002") }, "the start of history: \(lines)")
    #expect(lines.contains("CPL 0, protected mode"))
    #expect(lines.contains { $0.contains("=> 0x") })
    #expect(lines.contains { $0.hasPrefix("cpl ") })
  }

  @Test func gdbConnectsOverASocket() throws {
    let program = try Program.path
    let script = """
      "$1" gdb hello --listen 127.0.0.1:0 --serial none 2>"$3" & server=$!
      for try in 1 2 3 4 5 6 7 8 9 10; do
        place=$(sed -n 's/.*target remote //p' "$3"); [ -n "$place" ] && break; sleep 0.3
      done
      "$2" -nx -batch -ex "target remote $place" -ex stepi -ex 'print $eip' -ex kill
      wait $server
      """
    try ReplayTests.withFolder { folder in
      let run = try Program(
        at: "/bin/sh", ["-c", script, "sh", program, try #require(gdb), folder + "/log"])
      #expect(run.status == 0)
      #expect(run.output.contains("$1 = "), "\(run.output)")
    }
  }
}

/// Mistakes of `ringside gdb`, with or without a gdb.
@Suite struct GDBCommandTests {
  @Test(arguments: [
    ["gdb"], ["gdb", "hello", "--listen", "x"], ["gdb", "hello", "--listen", "1.2.3.4:99999"],
    ["gdb", "/nonexistent", "--listen", "stdio"], ["gdb", "hello", "--history", "0"],
    ["gdb", "hello", "--listen", "256.0.0.1:1"],
  ]) func mistakesAreOneSentenceAndStatus64(arguments: [String]) throws {
    let run = try Program(arguments)
    #expect(run.status == 64)
    #expect(run.errors.hasPrefix("ringside: ") && run.errors.split(separator: "\n").count == 1)
  }
}
