import X86

@testable import Machine
@testable import Monitors

/// A domain that waits while another one's kernel makes hypercalls, and what of it is nobody else's.
struct Bystander {
  /// Frames of its memory that it has granted to nobody.
  let frames: [UInt32]
  /// A hash of what is in them.
  let memory: UInt64
  /// Its grants, without the bits by which the hypervisor says that they are in use.
  let grants: [UInt64]
  /// What it has told the hypervisor.
  let books: Books
  /// How many frames are its own.
  let owned: Int

  struct Books: Equatable {
    var traps: [TrapEntry]
    var callbacks: [Callback]
    var frames: [UInt32]
    var limits: [UInt32]
    var weight: UInt32
    var state: Domain.State
    var registers: [UInt32]
  }

  init(_ index: Int, of bench: HypercallBench, frames: [UInt32]) {
    self.frames = frames
    let domain = bench.hypervisor.domains[index]
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for frame in frames {
      guard let page = bench.machine.cpu.memory.host(at: UInt64(frame) << 12) else { continue }
      for offset in stride(from: 0, to: 4096, by: 8) {
        hash = (hash ^ page.load(fromByteOffset: offset, as: UInt64.self)) &* 0x100_0000_01B3
        hash ^= hash >> 32
      }
    }
    memory = hash
    grants = Self.grants(of: domain.id, in: bench).map { $0 & ~0x18 }
    books = Books(
      traps: domain.traps, callbacks: [domain.eventCallback, domain.failsafeCallback],
      frames: [domain.directory] + domain.gdtPages + domain.ldtPages,
      limits: [
        domain.kernelStack, domain.ldtCount, domain.pages, domain.mostPages,
        UInt32(domain.ioPrivilege),
      ],
      weight: domain.weight, state: domain.state,
      registers: domain.context.general + [domain.context.frame.eip, domain.context.frame.esp])
    owned = bench.hypervisor.frames.frames.count { $0.owner == domain.id }
  }

  /// The frames of domain 1 that it has granted to nobody.
  static func frames(nobodyMayUseIn bench: HypercallBench) -> [UInt32] {
    let granted = Set(grants(of: 1, in: bench).filter { $0 & 3 != 0 }.map { UInt32($0 >> 32) })
    let mapped = Set(bench.hypervisor.grants.compactMap { $0?.frame })
    let all = bench.hypervisor.frames.frames.indices.map { UInt32($0) }
    return all.filter {
      bench.hypervisor.frames[$0].owner == 1 && !granted.contains($0) && !mapped.contains($0)
    }
  }

  /// Some that a hostile kernel would like to have: the directory, a table, code, data.
  static func interesting(of frames: [UInt32], in bench: HypercallBench) -> [UInt32] {
    let tables = frames.filter { bench.hypervisor.frames[$0].kind == .table }
    let granted = grants(of: 1, in: bench).filter { $0 & 3 != 0 }.map { UInt32($0 >> 32) }
    return [bench.hypervisor.domains[1].directory] + tables.prefix(1) + frames.prefix(2)
      + granted.prefix(2) + frames.suffix(1)
  }

  /// The entries of a domain's grant table.
  private static func grants(of domain: UInt16, in bench: HypercallBench) -> [UInt64] {
    (0..<512).map {
      bench.machine.cpu.load(at: HypervisorLayout.grantTable(Int(domain)) + UInt64($0 * 8))
    }
  }
}
