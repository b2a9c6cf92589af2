import X86

/// A place in a machine's history to which it can return.
struct Checkpoint {
  let moment: MachineState
  let pages: PageTable
  /// How many inputs had come in.
  let inputs: Int
  /// What it costs beside its pages and disk sectors, in bytes, roughly.
  let overhead: Int
}

/// The checkpoints of a machine's history, and what memory holds at the machine's present place.
///
/// Memory itself is one of the holders of pages: what it has is not copied. A page that is about
/// to be written to, or to be replaced by another, is copied first for the checkpoints that have it.
struct Checkpoints {
  private let machine: Machine
  /// In order of time. The first is where the machine was when its history began.
  private(set) var list: [Checkpoint] = []
  /// What has been done for checkpoints so far.
  private(set) var work = Work()
  /// What memory holds, except for pages written to since the last checkpoint.
  private var present: PageTable

  /// What checkpoints cost, counted: time cannot be relied on.
  struct Work: Equatable {
    /// Checkpoints taken.
    var checkpoints = 0
    /// Pages copied before they were written to.
    var pages = 0
    /// Bytes of processors, devices and monitors.
    var bytes = 0
  }

  /// Begins with the machine as it is.
  init(_ machine: Machine) {
    self.machine = machine
    present = PageTable(end: (machine.cpu.memory.writablePages.last ?? 0) + 4096)
    for address in machine.keepOldPages() where present.contains(address) {
      if let host = machine.cpu.memory.host(at: address) { present.adopt(host, at: address) }
    }
    add()
  }

  /// What all of it takes, in bytes: copied pages and what belongs to each checkpoint.
  var size: Int {
    let pages = present.meter.count + machine.cpu.memory.changes.copies
    return list.reduce(pages * 4160) { $0 + $1.overhead } + sectorCount * 600
  }

  /// Disk sectors held by checkpoints, counted where they differ from the machine's.
  private var sectorCount: Int {
    machine.disks.indices.reduce(0) { sum, index in
      let most = list.map { $0.moment.disks[index].count }.max() ?? 0
      return sum + min(most, machine.disks[index].changed.count) + most
    }
  }

  /// Adds one for the machine's present place, unless there is one.
  mutating func add() {
    let place = list.firstIndex { $0.moment.ticks >= machine.ticks } ?? list.count
    if place < list.count && list[place].moment.ticks == machine.ticks { return }
    let changes = takeChanges()
    for address in changes {
      if let host = machine.cpu.memory.host(at: address) { present.adopt(host, at: address) }
    }
    let moment = machine.moment(logLimit: 64)
    work.checkpoints += 1
    work.bytes += moment.size
    list.insert(
      Checkpoint(
        moment: moment, pages: present, inputs: machine.journal.entries.count,
        overhead: moment.size + present.overhead(changedLeaves: Set(changes.map { $0 >> 20 }).count)
      ), at: place)
  }

  /// Makes the machine what it was at a checkpoint. Inputs that came after it are to come again.
  mutating func restore(_ checkpoint: Checkpoint) {
    let inputs = machine.journal.entries + machine.replay[machine.replayed...]
    let changed = takeChanges()
    for address in changed { machine.write(checkpoint.pages[address], at: address) }
    let written = Set(changed)
    for address in checkpoint.pages.differences(from: present) where !written.contains(address) {
      if let host = machine.cpu.memory.host(at: address) {
        present[address]?.keep(copying: host)
        machine.write(checkpoint.pages[address], at: address)
      }
    }
    present = checkpoint.pages
    let isTaken = machine.restore(checkpoint.moment)
    precondition(isTaken, "a machine takes back what it was")
    machine.journal.entries = Array(inputs[..<checkpoint.inputs])
    machine.replay = Array(inputs[checkpoint.inputs...])
    machine.replayed = 0
  }

  /// Gives pages written to since the last time their old contents, and names them.
  private mutating func takeChanges() -> [PhysicalAddress] {
    machine.takeChanges().map { change in
      if let old = change.old {
        work.pages += 1
        if let page = present[change.address] { page.keep(old) } else { old.deallocate() }
      }
      return change.address
    }
  }

  /// The last checkpoint that satisfies a condition; the first one if none does.
  func last(where condition: (Checkpoint) -> Bool) -> Checkpoint {
    list.last(where: condition) ?? list[0]
  }

  /// Forgets what lies behind a tick, where another history begins.
  mutating func cut(after tick: UInt64) {
    while list.count > 1, let last = list.last, last.moment.ticks > tick { list.removeLast() }
  }

  /// Forgets checkpoints until all of it fits into `budget` bytes. The first and the last one stay,
  /// and the further away from the machine's present place, the fewer.
  mutating func thin(to budget: Int) {
    while list.count > 2 && (list.count > Self.most || size > budget) {
      let here = machine.instructions
      let worst = (1..<list.count - 1).min { value($0, here) < value($1, here) }
      guard let worst else { return }
      list.remove(at: worst)
    }
  }

  /// How bad it would be to lose a checkpoint: the stretch to be run again without it, compared
  /// with how far it is away.
  private func value(_ index: Int, _ here: UInt64) -> Double {
    let place = list[index].moment.instructions
    let stretch =
      list[index + 1].moment.instructions - list[index - 1].moment.instructions
    let distance = place > here ? place - here : here - place
    return Double(stretch) / Double(distance + History.interval)
  }

  /// More are of no use: the stretches between them are short.
  private static let most = 500
}

extension MachineState {
  /// Its size in bytes without disk sectors, roughly.
  fileprivate var size: Int {
    processor.size + log.size + board.count + (monitor?.count ?? 0) * 8 + 512
  }
}
