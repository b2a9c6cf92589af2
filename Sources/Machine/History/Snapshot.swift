import Chipset
import X86

extension Machine {
  /// A machine between two instructions, as a value that the running machine never touches.
  ///
  /// Output that nobody has taken from the board yet is not in it.
  public struct Snapshot {
    let processor: ProcessorState
    let log: TransitionLogState
    let board: [UInt8]
    let pages: PageTable
    let journal: Journal
    let replay: ArraySlice<Journal.Entry>
    let checkedEvents: UInt64

    /// The machine tick of the moment.
    public let ticks: UInt64
    /// Guest instructions executed until then.
    public let instructions: UInt64
  }

  /// The machine as it is now.
  public func snapshot() -> Snapshot {
    snapshot(pages: allPages(), logLimit: cpu.log.capacity)
  }

  /// Makes the machine what it was: from here on it does the same again. Inputs that came after
  /// the snapshot are forgotten.
  public func restore(_ snapshot: Snapshot) {
    for address in cpu.memory.writablePages {
      write(snapshot.pages[address], at: address)
    }
    restoreState(snapshot)
  }

  /// All that is not zero, copied.
  func allPages() -> PageTable {
    let writable = cpu.memory.writablePages
    var pages = PageTable(end: (writable.last ?? 0) + 4096)
    for address in writable {
      if let host = cpu.memory.host(at: address) { pages.store(host, at: address) }
    }
    return pages
  }

  func snapshot(pages: PageTable, logLimit: Int) -> Snapshot {
    var writer = StateWriter()
    board.save(into: &writer)
    return Snapshot(
      processor: cpu.state, log: cpu.log.state(limit: logLimit), board: writer.bytes,
      pages: pages, journal: journal, replay: replay[replayed...], checkedEvents: checkedEvents,
      ticks: ticks, instructions: instructions)
  }

  /// Everything but memory.
  func restoreState(_ snapshot: Snapshot) {
    var reader = StateReader(snapshot.board)
    do {
      try board.load(from: &reader)
    } catch {
      preconditionFailure("a board takes back what it has saved: \(error)")
    }
    cpu.state = snapshot.processor
    cpu.log.restore(snapshot.log)
    journal = snapshot.journal
    replay = Array(snapshot.replay)
    replayed = 0
    checkedEvents = snapshot.checkedEvents
  }

  /// Gives a page of RAM other contents; nil means zeros.
  func write(_ page: Page?, at address: PhysicalAddress) {
    guard let host = cpu.memory.host(at: address) else { return }
    if let page {
      host.copyMemory(from: page.bytes, byteCount: 4096)
    } else {
      host.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
    }
    cpu.memoryChanged(at: address, size: 4096)
  }
}
