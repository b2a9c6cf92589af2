/// Files for firmware, as QEMU offers them ("fw_cfg"): an item is selected by a 16-bit write to
/// 510h and read byte by byte at 511h. SeaBIOS takes its video BIOS from here and no other place.
///
/// Without files the ports are not there. Items that do not exist read as zeros.
final class FirmwareFiles: Device {
  private enum Item {
    static let signature: UInt16 = 0, version: UInt16 = 1, directory: UInt16 = 0x19
    static let firstFile: UInt16 = 0x20
  }
  private var files: [(name: String, bytes: [UInt8])] = []
  private var selected: UInt16 = 0
  private var position = 0

  var isPresent: Bool { !files.isEmpty }

  func add(_ name: String, _ bytes: [UInt8]) {
    precondition(name.utf8.count < 56, "the directory has 56 bytes for a name")
    files.append((name, bytes))
  }

  func reset() {
    selected = 0
    position = 0
  }

  /// The number of files, and of each its size, item and name; numbers have their high byte first.
  private var directory: [UInt8] {
    func number(_ value: Int) -> [UInt8] {
      [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }
    var bytes = number(files.count)
    for (index, file) in files.enumerated() {
      bytes += number(file.bytes.count) + number((Int(Item.firstFile) + index) << 16)
      let name = Array(file.name.utf8)
      bytes += name + [UInt8](repeating: 0, count: 56 - name.count)
    }
    return bytes
  }

  private func byte(_ item: UInt16, _ position: Int) -> UInt8 {
    func byte(of bytes: [UInt8]) -> UInt8 { position < bytes.count ? bytes[position] : 0 }
    switch item {
    case Item.signature: return byte(of: Array("QEMU".utf8))
    case Item.version: return byte(of: [1])  // Ports only, no DMA.
    case Item.directory: return byte(of: directory)
    case _ where item >= Item.firstFile && Int(item - Item.firstFile) < files.count:
      return byte(of: files[Int(item - Item.firstFile)].bytes)
    default: return 0
    }
  }

  func read(_ port: UInt16, at tick: UInt64) -> UInt8 {
    guard port == 0x511 else { return 0xFF }
    defer { position = min(position + 1, 1 << 30) }
    return byte(selected, position)
  }

  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64) {
    if port == 0x510 {
      selected = selected & 0xFF00 | UInt16(value)
    } else {
      selected = selected & 0x00FF | UInt16(value) << 8
    }
    position = 0
  }

  func save(into writer: inout StateWriter) {
    writer.write(selected)
    writer.write(UInt32(position))
  }

  func load(from reader: inout StateReader) throws(StateError) {
    selected = try reader.read()
    position = Int(try reader.read(UInt32.self))
    guard position <= 1 << 30 else { throw .malformed }
  }
}
