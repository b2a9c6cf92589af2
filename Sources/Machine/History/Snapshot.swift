import X86

extension Machine {
  /// A machine between two instructions, as a value that the running machine never touches.
  ///
  /// Output that nobody has taken from the board yet is not in it.
  public struct Snapshot {
    let moment: MachineState
    let pages: PageTable
    let journal: Journal
    let replay: ArraySlice<Journal.Entry>

    /// The machine tick of the moment.
    public var ticks: UInt64 { moment.ticks }
  }

  /// The machine as it is now.
  public func snapshot() -> Snapshot {
    Snapshot(
      moment: moment(logLimit: cpu.log.capacity), pages: allPages(), journal: journal,
      replay: replay[replayed...])
  }

  /// Makes the machine what it was: from here on it does the same again. Inputs that came after
  /// the snapshot are forgotten.
  public func restore(_ snapshot: Snapshot) {
    let isTaken = take(snapshot)
    precondition(isTaken, "a machine takes back what it was")
  }

  /// The same; false if the monitor cannot have been that. The machine is then half of each.
  func take(_ snapshot: Snapshot) -> Bool {
    for address in cpu.memory.writablePages {
      cpu.memory.changes.willWrite(at: address, size: 1)
      write(snapshot.pages.contains(address) ? snapshot.pages[address] : nil, at: address)
    }
    let isTaken = restore(snapshot.moment)
    journal = snapshot.journal
    replay = Array(snapshot.replay)
    replayed = 0
    return isTaken
  }

  /// All that is not zero, copied.
  private func allPages() -> PageTable {
    let writable = cpu.memory.writablePages
    var pages = PageTable(end: (writable.last ?? 0) + 4096)
    for address in writable {
      guard let host = cpu.memory.host(at: address) else { continue }
      pages.adopt(host, at: address)
      pages[address]?.keep(copying: host)
    }
    return pages
  }
}
