import Machine

/// The breakpoints and watchpoints that gdb has set.
struct Points {
  /// Instructions' addresses that are software breakpoints to gdb, and that are hardware ones. To
  /// the machine there is no difference.
  private var software: Set<UInt32> = []
  private var hardware: Set<UInt32> = []
  private var areas: [Watch.Area] = []

  /// More are refused: each is looked at in every access to its page.
  private static let most = 1_000

  var isEmpty: Bool { software.isEmpty && hardware.isEmpty && areas.isEmpty }

  /// What the machine is to watch for.
  var watch: Watch {
    var watch = Watch()
    watch.instructions = software.union(hardware)
    watch.areas = areas
    return watch
  }

  /// Sets or clears a point of kind 0 to 4, as in `Z` and `z`. False if it cannot be.
  mutating func change(_ kind: UInt8, _ start: UInt32, _ size: Int, inserts: Bool) -> Bool {
    guard !inserts || software.count + hardware.count + areas.count < Self.most else {
      return false
    }
    switch kind {
    case 0: if inserts { software.insert(start) } else { software.remove(start) }
    case 1: if inserts { hardware.insert(start) } else { hardware.remove(start) }
    default:
      guard size > 0, start <= ~0 - UInt32(size - 1) else { return false }
      let access: Watch.Access = kind == 2 ? .write : kind == 3 ? .read : .any
      let area = Watch.Area(start: start, size: UInt32(size), access: access)
      areas.removeAll { $0 == area }
      if inserts { areas.append(area) }
    }
    return true
  }

  /// What a stop reply says of a hit.
  func reason(for hit: Watch.Hit) -> String {
    switch hit {
    case .instruction(let address): software.contains(address) ? "swbreak:;" : "hwbreak:;"
    case .access(let area): Self.reason(for: area)
    }
  }

  private static func reason(for area: Watch.Area) -> String {
    let name =
      switch area.access {
      case .write: "watch"
      case .read: "rwatch"
      case .any: "awatch"
      }
    return "\(name):\(String(area.start, radix: 16));"
  }
}
