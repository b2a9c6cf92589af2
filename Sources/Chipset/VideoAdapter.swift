/// A VGA as text modes need it: the registers at 3B4h–3DAh, with text in the memory behind them
/// (IBM PS/2 Hardware Interface Technical Reference, "Video Subsystem").
///
/// Memory is plain RAM: planes and graphics modes are not modelled, nor are fonts of the guest's
/// own and its palette: characters are those of code page 437, colours the sixteen of a PC. After
/// reset the registers are as the video BIOS leaves them in mode 3, 80 columns by 25 rows.
final class VideoAdapter: Device {
  /// 28.322 MHz, 900 dots a line, 449 lines a frame: 70 frames a second.
  private static let dotClock: UInt64 = 28_322_000
  private static let dotsPerLine: Int64 = 900
  private static let shownDots: Int64 = 720
  private static let linesPerFrame: Int64 = 449
  private static let shownLines: Int64 = 400
  private static let retraceLines: ClosedRange<Int64> = 412...413

  private let oscillator: Oscillator
  private let memory: UnsafeMutableRawPointer

  private var miscellaneous: UInt8 = 0
  private var feature: UInt8 = 0
  private var isEnabled = true
  private var sequencer = IndexedRegisters([], masks: [])
  private var graphics = IndexedRegisters([], masks: [])
  private var controller = IndexedRegisters([], masks: [])
  private var attribute = IndexedRegisters([], masks: [])
  /// The next write to 3C0h is data, not an index.
  private var attributeTakesData = false
  private var paletteMask: UInt8 = 0xFF
  private var palette = [UInt8](repeating: 0, count: 768)
  private var paletteRead = 0
  private var paletteWrite = 0
  private var paletteIsReading = false

  /// `memory` is the 128 KiB from A0000h on.
  init(memory: UnsafeMutableRawPointer, ticksPerSecond: UInt64) {
    self.memory = memory
    oscillator = Oscillator(frequency: Self.dotClock, ticksPerSecond: ticksPerSecond)
    reset()
  }

  func reset() {
    miscellaneous = 0x67
    feature = 0
    isEnabled = true
    sequencer = IndexedRegisters(
      [0x03, 0x00, 0x03, 0x00, 0x02], indexMask: 0x07, masks: [0x03, 0x3D, 0x0F, 0x3F, 0x0E])
    graphics = IndexedRegisters(
      [0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x0E, 0x00, 0xFF], indexMask: 0x0F,
      masks: [0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF])
    controller = IndexedRegisters(
      [
        0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0x00, 0x4F, 0x0D, 0x0E, 0x00, 0x00, 0x00,
        0x00, 0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF,
      ], indexMask: 0x1F,
      masks: [
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0x3F, 0x7F, 0xFF, 0xFF, 0xFF,
        0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0xFF, 0xFF, 0xEF, 0xFF,
      ])
    let palette: [UInt8] = [
      0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x14, 0x07, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E,
      0x3F,
    ]
    attribute = IndexedRegisters(
      palette + [0x0C, 0x00, 0x0F, 0x08, 0x00], indexMask: 0x3F,
      masks: [UInt8](repeating: 0x3F, count: 16) + [0xEF, 0xFF, 0x3F, 0x0F, 0x0F])
    attribute.index = 0x20
    attributeTakesData = false
    paletteMask = 0xFF
    self.palette = Self.standardPalette
    paletteRead = 0
    paletteWrite = 0
    paletteIsReading = false
  }

  /// 64 colours of two bits for each of red, green and blue, in the EGA's order.
  private static let standardPalette: [UInt8] = {
    var colours = [UInt8](repeating: 0, count: 768)
    for index in 0..<64 {
      func level(_ strong: Int, _ weak: Int) -> UInt8 {
        (index >> strong & 1 != 0 ? 0x2A : 0) + (index >> weak & 1 != 0 ? 0x15 : 0)
      }
      colours[index * 3] = level(2, 5)
      colours[index * 3 + 1] = level(1, 4)
      colours[index * 3 + 2] = level(0, 3)
    }
    return colours
  }()

  // MARK: Registers

  /// Whether a port is one of the adapter's now: colour and monochrome ports exclude each other.
  func claims(_ port: UInt16) -> Bool {
    switch port {
    case 0x3C0...0x3CF: port != 0x3CB && port != 0x3CD
    case 0x3B4, 0x3B5, 0x3BA: miscellaneous & 1 == 0
    case 0x3D4, 0x3D5, 0x3DA: miscellaneous & 1 != 0
    default: false
    }
  }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    switch port {
    case 0x3C0: return attribute.index
    case 0x3C1: return attribute.value(mask: 0x1F)
    case 0x3C2: return 0x10  // A colour monitor is connected.
    case 0x3C3: return isEnabled ? 1 : 0
    case 0x3C4: return sequencer.index
    case 0x3C5: return sequencer.value()
    case 0x3C6: return paletteMask
    case 0x3C7: return paletteIsReading ? 3 : 0
    case 0x3C8: return UInt8(truncatingIfNeeded: paletteWrite / 3)
    case 0x3C9:
      defer { paletteRead = (paletteRead + 1) % 768 }
      return palette[paletteRead]
    case 0x3CA: return feature
    case 0x3CC: return miscellaneous
    case 0x3CE: return graphics.index
    case 0x3CF: return graphics.value()
    case 0x3B4, 0x3D4: return controller.index
    case 0x3B5, 0x3D5: return controller.value()
    case 0x3BA, 0x3DA:
      attributeTakesData = false
      return inputStatus(at: tick)
    default: return 0xFF
    }
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    switch port {
    case 0x3C0:
      if attributeTakesData {
        attribute.store(value, mask: 0x1F)
      } else {
        attribute.index = value
      }
      attributeTakesData.toggle()
    case 0x3C2: miscellaneous = value
    case 0x3C3: isEnabled = value & 1 != 0
    case 0x3C4: sequencer.index = value
    case 0x3C5: sequencer.store(value)
    case 0x3C6: paletteMask = value
    case 0x3C7:
      paletteRead = Int(value) * 3
      paletteIsReading = true
    case 0x3C8:
      paletteWrite = Int(value) * 3
      paletteIsReading = false
    case 0x3C9:
      palette[paletteWrite] = value & 0x3F
      paletteWrite = (paletteWrite + 1) % 768
    case 0x3CE: graphics.index = value
    case 0x3CF: graphics.store(value)
    case 0x3B4, 0x3D4: controller.index = value
    case 0x3B5, 0x3D5: storeController(value)
    case 0x3BA, 0x3DA: feature = value
    default: break
    }
  }

  /// Bit 7 of register 11h protects registers 0–7, except bit 4 of register 7.
  private func storeController(_ value: UInt8) {
    if controller.index < 8 && controller[0x11] & 0x80 != 0 {
      guard controller.index == 7 else { return }
      controller.store(controller[7] & ~0x10 | value & 0x10)
    } else {
      controller.store(value)
    }
  }

  /// Bit 0: nothing is being shown; bit 3: vertical retrace.
  private func inputStatus(at tick: UInt64) -> UInt8 {
    let dot = oscillator.cycle(at: tick)
    let line = dot / Self.dotsPerLine % Self.linesPerFrame
    let isBlank = line >= Self.shownLines || dot % Self.dotsPerLine >= Self.shownDots
    return (isBlank ? 0x01 : 0) | (Self.retraceLines.contains(line) ? 0x08 : 0)
  }

  // MARK: The screen

  /// Nothing switches the picture off: sequencer and CRTC out of reset, screen on, and the
  /// attribute controller not being programmed.
  private var isShown: Bool {
    sequencer[0] == 3 && sequencer[1] & 0x20 == 0 && controller[0x17] & 0x80 != 0
      && attribute.index & 0x20 != 0
  }

  private var isGraphics: Bool { graphics[6] & 1 != 0 || attribute[0x10] & 1 != 0 }

  /// Scan lines of a row of characters.
  private var rowHeight: Int {
    (Int(controller[9] & 0x1F) + 1) * (controller[9] & 0x80 != 0 ? 2 : 1)
  }

  func textScreen() -> TextScreen {
    guard isShown else { return TextScreen(content: .off) }
    guard !isGraphics else { return TextScreen(content: .graphics) }
    let columns = Int(controller[1]) + 1
    let starts = rowStarts()
    // Text memory wraps in its window, 32 KiB as a rule.
    let window = [0, 0, 0x1_0000, 0x1_8000][Int(graphics[6] >> 2 & 3)]
    let positions = 0x4000
    var cells: [TextScreen.Cell] = []
    cells.reserveCapacity(columns * starts.count)
    for start in starts {
      for column in 0..<columns {
        let place = memory + window + (start + column) % positions * 2
        cells.append(
          TextScreen.Cell(
            character: place.load(as: UInt8.self),
            attribute: place.load(fromByteOffset: 1, as: UInt8.self)))
      }
    }
    var screen = TextScreen(columns: columns, rows: starts.count, cells: cells, cursor: nil)
    screen.isBlinking = attribute[0x10] & 0x08 != 0
    placeCursor(on: &screen, starts)
    return screen
  }

  /// Where each row's characters begin in text memory. Below the line of the split screen they
  /// begin at 0.
  private func rowStarts() -> [Int] {
    let overflow = Int(controller[7])
    let lines = Int(controller[0x12]) + (overflow & 0x02) << 7 + (overflow & 0x40) << 3 + 1
    let split = Int(controller[0x18]) + (overflow & 0x10) << 4 + Int(controller[9] & 0x40) << 3
    let firstBelow = split / rowHeight + 1
    let start = Int(controller[0x0C]) << 8 | Int(controller[0x0D])
    let pitch = Int(controller[0x13]) * 2
    return (0..<lines / rowHeight).map { row in
      row < firstBelow ? start + row * pitch : (row - firstBelow) * pitch
    }
  }

  private func placeCursor(on screen: inout TextScreen, _ starts: [Int]) {
    let first = Int(controller[0x0A] & 0x1F)
    let last = min(Int(controller[0x0B] & 0x1F), rowHeight - 1)
    guard controller[0x0A] & 0x20 == 0, first <= last else { return }
    let place = Int(controller[0x0E]) << 8 | Int(controller[0x0F])
    guard let row = starts.firstIndex(where: { (0..<screen.columns).contains(place - $0) }) else {
      return
    }
    screen.cursor = row * screen.columns + place - starts[row]
    // From half of the cell on, it is a block and no line.
    screen.isBlockCursor = (last - first + 1) * 2 >= rowHeight
  }

  // MARK: State

  func save(into writer: inout StateWriter) {
    writer.write(miscellaneous)
    writer.write(feature)
    writer.write(isEnabled)
    for registers in [sequencer, graphics, controller, attribute] { registers.save(into: &writer) }
    writer.write(attributeTakesData)
    writer.write(paletteMask)
    writer.write(palette)
    writer.write(UInt16(paletteRead))
    writer.write(UInt16(paletteWrite))
    writer.write(paletteIsReading)
  }

  func load(from reader: inout StateReader) throws(StateError) {
    miscellaneous = try reader.read()
    feature = try reader.read()
    isEnabled = try reader.readFlag()
    try sequencer.load(from: &reader)
    try graphics.load(from: &reader)
    try controller.load(from: &reader)
    try attribute.load(from: &reader)
    attributeTakesData = try reader.readFlag()
    paletteMask = try reader.read()
    palette = try reader.readArray(count: 768)
    paletteRead = Int(try reader.read(UInt16.self))
    paletteWrite = Int(try reader.read(UInt16.self))
    paletteIsReading = try reader.readFlag()
    guard paletteRead < 768, paletteWrite < 768 else { throw .malformed }
  }
}

/// Registers behind an index port and a data port.
struct IndexedRegisters {
  /// What was last written to the index port.
  var index: UInt8 = 0 { didSet { index &= indexMask } }
  private let indexMask: UInt8
  private var values: [UInt8]
  /// The bits that each register has.
  private let masks: [UInt8]

  init(_ values: [UInt8], indexMask: UInt8 = 0xFF, masks: [UInt8]) {
    self.values = values
    self.indexMask = indexMask
    self.masks = masks
  }

  subscript(_ number: Int) -> UInt8 { values[number] }

  /// The indexed register; all ones where there is none. `mask` gives the bits of the index.
  func value(mask: UInt8 = 0xFF) -> UInt8 {
    let number = Int(index & mask)
    return number < values.count ? values[number] : 0xFF
  }

  mutating func store(_ value: UInt8, mask: UInt8 = 0xFF) {
    let number = Int(index & mask)
    if number < values.count { values[number] = value & masks[number] }
  }

  func save(into writer: inout StateWriter) {
    writer.write(index)
    writer.write(values)
  }

  mutating func load(from reader: inout StateReader) throws(StateError) {
    index = try reader.read()
    values = try reader.readArray(count: values.count)
  }
}
