import X86

/// memory_op: how much of the machine's memory a domain has, and giving it back or getting more.
extension Paravirtualization {
  func memoryOperation(
    _ command: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    switch command {
    case 0, 1, 6: return try changeReservation(command, place, &cpu)
    case 2: return UInt32(frames.frames.count) - 1
    case 3:
      let index = try domain(UInt16(truncatingIfNeeded: try word(place, &cpu)))
      return domains[index].pages
    case 4:
      let index = try domain(UInt16(truncatingIfNeeded: try word(place, &cpu)))
      return domains[index].mostPages
    case 12:
      try put(HypervisorLayout.hole, at: place, &cpu)
      try put(HypervisorLayout.guestEnd, at: place &+ 4, &cpu)
      try put(UInt32(frames.frames.count) - 1, at: place &+ 8, &cpu)
      return 0
    default: throw .notImplemented
    }
  }

  /// extent_start, nr_extents, extent_order, address_bits, domid. Answers how many extents it were.
  private func changeReservation(
    _ command: UInt32, _ place: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    let list = try word(place, &cpu)
    let count = try word(place &+ 4, &cpu)
    let order = try word(place &+ 8, &cpu)
    let index = try domain(UInt16(truncatingIfNeeded: try word(place &+ 16, &cpu)))
    guard index == running else { throw .notPermitted }
    guard count < 1 << 28 else { throw .invalid }
    // Extents of more than a page would have to be contiguous.
    guard order == 0 else { return 0 }
    for done in 0..<count {
      guard try changeOne(command, at: list &+ done * 4, &cpu) else { return done }
    }
    return count
  }

  /// One page less or more, at an element of the list. False when it cannot be.
  private func changeOne(
    _ command: UInt32, at element: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> Bool {
    let value = try word(element, &cpu)
    if command == 1 {
      guard frames.isRAM(value), frames[value].owner == current.id, frames.release(value) else {
        return false
      }
      setPseudoPhysical(value, .max, &cpu)
      current.pages -= 1
      return true
    }
    guard current.pages < current.mostPages, let frame = frames.allocate(for: current.id) else {
      return false
    }
    // What another domain has left there is none of this one's business.
    HypervisorMemory.clear(UInt64(frame) << 12, &cpu)
    current.pages += 1
    if command == 6 { setPseudoPhysical(frame, value, &cpu) }
    try put(frame, at: element, &cpu)
    return true
  }
}
