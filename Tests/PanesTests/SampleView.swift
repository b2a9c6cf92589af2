import Machine
import Panes

/// A view with something in every pane, made up for drawing.
enum SampleView {
  static func paused() -> MachineView {
    var view = MachineView()
    view.guest = "ringlet"
    view.runState = .paused
    view.rings.real = 0
    view.rings.believed = 0
    view.rings.timeline = [0, 3, 0, 3, 0, 3, 0]
    view.rings.operation = .paged
    view.clock.ticks = 4217
    view.clock.instructions = 4180
    view.clock.events = 31
    view.registers = registers()
    view.textScreen = textScreen()
    view.events = events()
    view.code = code()
    return view
  }

  /// A guest's kernel in ring 1, with something in every pane.
  static func monitored() -> MachineView {
    var view = paused()
    view.mode = .fullTrap
    view.rings.real = 1
    view.rings.timeline = [1, 0, 1, 0, 1, 3, 0, 1]
    var lab = registers()
    lab.segments[0].selector = 0x09
    lab.segments[1].selector = 0x11
    lab.eflags = 0x0001_0246
    lab.cr3 = 0x0003_0000
    lab.gdtr = MachineView.Table(base: 0xFFC1_0000, limit: 0xFFFF)
    lab.idtr = MachineView.Table(base: 0xFFC0_0000, limit: 0x7FF)
    view.lab = lab
    view.before = registers()
    view.before?.general.eax = 3
    view.before?.cr3 = 0x0010_8000
    let roles = ["error code", "EIP", "CS", "EFLAGS", "ESP", "SS"]
    let words: [UInt32] = [0, 0x4000_0230, 0x1B, 0x246, 0x7FFF_FF4B, 0x23, 0x0010_1C00, 0x2A]
    view.stack = words.enumerated().map { place, value in
      .init(
        offset: 0x0010_7FE8 + UInt32(place * 4), value: value,
        role: place < roles.count ? roles[place] : nil)
    }
    view.walks = [
      .init(
        register: "EIP", linear: 0x0010_1A3B, root: 0x0010_9000,
        entries: [
          .init(name: "PDE", index: 0, address: 0x0010_9000, value: 0x0010_A027),
          .init(name: "PTE", index: 0x101, address: 0x0010_A404, value: 0x0010_1063),
        ], physical: 0x0010_1A3B, machine: 0x0050_1A3B),
      .init(
        register: "ESP", linear: 0x0010_7FE8, root: 0x0010_9000,
        entries: [.init(name: "PDE", index: 0, address: 0x0010_9000, value: 0x0010_A027)],
        physical: 0x0010_7FE8),
    ]
    view.counters = [.init("fault", 12), .init("interrupt return", 11), .init("cr3 load", 1)]
    view.monitorCounters = [.init("direct", 4120), .init("emulated", 31), .init("traps", 12)]
    view.clock.start = 0
    view.clock.latest = 9000
    view.clock.checkpoints = [0, 2000, 4000, 8000]
    return view
  }

  /// A lab beside the machine, its second question answered.
  static func lab() -> MachineView {
    var view = paused()
    view.sheet = MachineView.Sheet(
      slug: "one-process", title: "One process, two rings", seed: 7,
      parts: [
        .init(
          text: "Before you run anything:\n\n**how often** (1 point) How often?", question: "often",
          needsEvent: false),
        .init(
          text:
            "## The gate\n\nLook at entry `80h`.\n\n**gate** (1 point) Which DPL?\n\nAnswer: a number.",
          question: "gate", needsEvent: true),
        .init(text: "That was all.", question: nil, needsEvent: false),
      ])
    view.sheet?.parts[1].verdict = .init(
      answer: "0@31", isRight: false, comment: "INT n needs a gate whose DPL is not below the CPL.")
    return view
  }

  static func running() -> MachineView {
    var view = paused()
    view.runState = .running
    view.clock.mips = 61.25
    view.code = []
    return view
  }

  static func serial() -> MachineView {
    var view = paused()
    view.textScreen = MachineView.TextScreen()
    var terminal = SerialTerminal()
    let text =
      "[    0.000000] Linux version 6.1.0 (gcc 12.2.0) #1 SMP PREEMPT_DYNAMIC\r\n"
      + "[    0.004000] Run /init as init process\r\n~ # ls /\r\nbin   dev   proc\r\n~ # "
    for byte in text.utf8 { terminal.receive(byte) }
    view.serial = terminal.screen(rows: 60)
    return view
  }

  private static func registers() -> MachineView.Registers {
    var registers = MachineView.Registers()
    registers.general.eax = 4
    registers.general.ebx = 0x0010_2000
    registers.general.esp = 0x0010_7FE8
    registers.general.ebp = 0x0010_7FF8
    registers.eip = 0x0010_1A3B
    registers.eflags = 0x0000_0246
    registers.cr0 = 0x8001_0011
    registers.cr2 = 0x0804_8000
    registers.cr3 = 0x0010_9000
    registers.cr4 = 0x0000_0010
    registers.gdtr = MachineView.Table(base: 0x0010_0800, limit: 0x37)
    registers.idtr = MachineView.Table(base: 0x0010_0000, limit: 0x7FF)
    registers.segments = [
      segment("CS", 0x08, 0), segment("SS", 0x10, 0), segment("DS", 0x23, 3),
      segment("ES", 0x23, 3), MachineView.Segment(name: "FS"), MachineView.Segment(name: "GS"),
    ]
    registers.tr = MachineView.Segment(
      name: "TR", selector: 0x28, base: 0x0010_3000, limit: 0x67, isPresent: true)
    return registers
  }

  private static func segment(
    _ name: String, _ selector: UInt16, _ dpl: UInt8
  ) -> MachineView.Segment {
    MachineView.Segment(
      name: name, selector: selector, limit: 0xFFFF_FFFF, dpl: dpl, isPresent: true)
  }

  private static func textScreen() -> MachineView.TextScreen {
    var cells = [MachineView.TextScreen.Cell](repeating: .init(glyph: 0x20), count: 80 * 25)
    let rows = [
      "ringlet booting", "lock ok", "",
      "\u{C9}\u{CD}\u{BB} a line that is longer than the pane at 80 columns",
    ]
    for (row, text) in rows.enumerated() {
      for (column, scalar) in text.unicodeScalars.enumerated() {
        cells[row * 80 + column] = .init(
          glyph: UInt8(scalar.value), color: row == 1 ? 0x0A : 0x07)
      }
    }
    for row in 4..<25 { cells[row * 80] = .init(glyph: 0x61 + UInt8(row)) }
    return MachineView.TextScreen(cells: cells, cursor: 3 * 80 + 5)
  }

  private static func events() -> [MachineView.Event] {
    let samples: [(MachineView.EventKind, String, UInt8, UInt8, String)] = [
      (.call, "INT 80h", 3, 0, "The gate’s DPL is 3, so ring 3 may call it."),
      (.back, "IRET", 0, 3, "The CS on the stack names ring 3."),
      (.interrupt, "IRQ, vector 20h", 3, 0, "A device asked, and IF was 1."),
      (.back, "IRET", 0, 3, "The CS on the stack names ring 3."),
      (.fault, "#GP(0)  cli", 3, 0, "CLI needs CPL <= IOPL; CPL is 3, IOPL is 0."),
      (.control, "CR3 = 00109000", 0, 0, "The guest chose another page directory."),
    ]
    return (0..<24).map { number in
      let sample = samples[number % samples.count]
      return MachineView.Event(
        sequence: UInt64(8 + number), tick: UInt64(4000 + 9 * number), kind: sample.0,
        text: sample.1, from: sample.2, to: sample.3, why: sample.4)
    }
  }

  private static func code() -> [MachineView.CodeLine] {
    [
      .init(address: 0x0010_1A3A, bytes: [0xFA], text: "cli"),
      .init(address: 0x0010_1A3B, bytes: [0x9C], text: "pushf", mark: .silent, isCurrent: true),
      .init(address: 0x0010_1A3C, bytes: [0x58], text: "pop eax"),
      .init(
        address: 0x0010_1A3D, bytes: [0x8B, 0x84, 0x8D, 0, 0x20, 0x10, 0],
        text: "mov eax, [ebp+ecx*4+0x102000]"),
      .init(address: 0x0010_1A44, bytes: [0x0F, 0x20, 0xC0], text: "mov eax, cr0", mark: .traps),
      .init(address: 0x0010_1A47, bytes: [0xCF], text: "iret", mark: .silent),
    ]
  }
}
