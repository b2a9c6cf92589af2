import Foundation

/// A case captured on a real processor: registers and memory before, and what changed until the HLT
/// behind the instruction had executed.
struct HardwareVector: Decodable {
  struct State: Decodable {
    /// By name: ax bx cx dx cs ss ds es sp bp si di ip flags.
    var regs: [String: UInt32]
    /// Pairs of a physical address and a byte.
    var ram: [[Int]]
  }
  struct Exception: Decodable {
    var number: Int
  }

  let idx: Int
  let name: String
  let bytes: String
  let initial: State
  let final: State
  let exception: Exception?

  /// A byte that has changed, by its real-mode address.
  func finalByte(segment: UInt32, offset: UInt32) -> Int? {
    let address = Int((segment << 4) + (offset & 0xFFFF))
    return final.ram.last { $0[0] == address }?[1]
  }
}

/// A folder of such cases, one gzip'd file of JSON lines for each form of an instruction.
struct HardwareVectorFolder: Sendable {
  let url: URL
  /// Opcodes in hexadecimal, with ModR/M.reg behind a point where it belongs to the opcode.
  let forms: [String]
  /// FLAGS that are defined after an instruction; forms not in here define them all.
  private let flagMasks: [String: UInt32]

  static let suffix = ".jsonl.gz"

  /// The folder named by RINGSIDE_VECTORS, or the one of that name in it that has the 80286 cases.
  static let fromEnvironment: HardwareVectorFolder? = {
    guard let path = ProcessInfo.processInfo.environment["RINGSIDE_VECTORS"] else { return nil }
    let url = URL(filePath: path)
    return HardwareVectorFolder(url) ?? HardwareVectorFolder(url.appending(path: "80286-real-mode"))
  }()

  init?(_ url: URL) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    forms = names.filter { $0.hasSuffix(Self.suffix) }
      .map { String($0.dropLast(Self.suffix.count)) }.sorted()
    guard !forms.isEmpty, let data = try? Data(contentsOf: url.appending(path: "metadata.json")),
      let metadata = try? JSONDecoder().decode(Metadata.self, from: data)
    else { return nil }
    self.url = url
    var masks: [String: UInt32] = [:]
    for (opcode, entry) in metadata.opcodes {
      masks[opcode] = entry.flagsMask
      for (reg, inner) in entry.reg ?? [:] { masks["\(opcode).\(reg)"] = inner.flagsMask }
    }
    flagMasks = masks
  }

  func flagMask(_ form: String) -> UInt32 { flagMasks[form] ?? 0xFFFF }

  func vectors(_ form: String) throws -> [HardwareVector] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", url.appending(path: form + Self.suffix).path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let decoder = JSONDecoder()
    return try data.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(HardwareVector.self, from: $0)
    }
  }

  private struct Metadata: Decodable {
    struct Entry: Decodable {
      var flagsMask: UInt32?
      var reg: [String: Entry]?
      enum CodingKeys: String, CodingKey {
        case flagsMask = "flags-mask"
        case reg
      }
    }
    var opcodes: [String: Entry]
  }
}
