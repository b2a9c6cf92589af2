import Cells
import Machine
import Testing
import X86

@testable import Panes

struct ControlBlockPaneTests {
  /// A guest that has been left for CPUID.
  static func view() -> MachineView {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 4096, alignment: 8)
    defer { memory.deallocate() }
    memory.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    let block = ControlBlock(at: memory)
    block[intercept: .cpuid] = true
    block[intercept: .hlt] = true
    block[.rip] = 0x10_0000
    let entry = ControlBlockImage(block)
    block[.exitCode] = ExitCode.cpuid.rawValue
    block[.nextRIP] = 0x10_0022
    block[.rip] = 0x10_0020
    let exit = ControlBlockImage(block)
    var view = SampleView.paused()
    view.mode = .hardwareNested
    view.wholeControlBlock = MachineView.ControlBlock(
      entry: entry, exit: exit, now: exit, hasExited: true)
    return view
  }

  private static func text(_ view: MachineView, width: Int, height: Int) -> [String] {
    var surface = Surface(size: Size(width: width, height: height))
    let rect = Rect(x: 0, y: 0, width: width, height: height)
    Pane.vmcb.draw(view, ScreenState(), into: &surface, in: rect)
    return surface.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  @Test func theLastExitAndTheInterceptsAreThereByName() {
    let rows = Self.text(Self.view(), width: 40, height: 14)
    #expect(rows[0].hasPrefix("#VMEXIT CPUID; with VT-x: CPUID, reason"))
    #expect(rows.contains { $0.hasPrefix("*nRIP ") && $0.contains("00000000 -> 00100022") })
    #expect(rows.contains { $0.hasPrefix("*RIP ") && $0.contains("00100000 -> 00100020") })
    #expect(rows.contains { $0.hasPrefix("INTERCEPT_MISC1 CPUID HLT") })
  }

  /// The names of the fields that are shown: words of intercepts begin their rows, the others stand in
  /// columns of 26.
  private static func fields(_ rows: [String], width: Int) -> Set<String> {
    let columns = rows.flatMap { row in
      stride(from: 0, to: width / 26 * 26, by: 26).map { String(row.dropFirst($0).prefix(14)) }
    }
    let beginnings = rows.map { String($0.prefix { $0 != " " }) }
    return Set(columns.map { $0.replacing(" ", with: "") } + beginnings)
  }

  /// On a large terminal. On 80x24 the last ones find no room.
  @Test func zoomedItHasEveryField() {
    func missing(_ width: Int, _ height: Int) -> [VMCBField] {
      let shown = Self.fields(Self.text(Self.view(), width: width, height: height), width: width)
      return VMCBField.allCases.filter {
        !shown.contains($0.name) && !shown.contains(String($0.name.prefix(14)))
      }
    }
    #expect(missing(120, 38) == [])
    let late = missing(80, 22)
    #expect(!late.isEmpty && late.allSatisfy { $0.name.contains(".") || $0.firstIntercept != nil })
  }

  @Test func withoutAMDVThereIsNone() {
    let rows = Self.text(SampleView.paused(), width: 40, height: 6).joined(separator: " ")
    #expect(rows.contains("Only in the mode hardware"))
  }
}
