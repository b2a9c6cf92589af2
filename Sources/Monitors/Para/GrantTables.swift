import X86

/// Grant tables: a domain lets another one use a page of its own by an entry in a table that it shares
/// with the hypervisor, and tells the other one the entry's number.
///
///     entry, 8 bytes:   flags, who may, which frame
///     flags             1 permit access; 4 read-only; set by the hypervisor: 8 mapped, 16 mapped writable
extension Paravirtualization {
  enum Grant {
    static let typeMask: UInt16 = 3
    static let permitAccess: UInt16 = 1
    static let readOnly: UInt16 = 4
    static let reading: UInt16 = 8
    static let writing: UInt16 = 16
    /// A table has one page.
    static let count: UInt32 = 512
  }

  /// Answers about single operations, in a field of their structures.
  private enum Status {
    static let okay: Int16 = 0
    static let generalError: Int16 = -1
    static let badDomain: Int16 = -2
    static let badReference: Int16 = -3
    static let badHandle: Int16 = -4
    static let badAddress: Int16 = -5
    static let noSpace: Int16 = -7
    static let permissionDenied: Int16 = -8
    static let badCopyArgument: Int16 = -10
  }

  /// grant_table_op: a list of structures that the command determines.
  func grantTableOperation(
    _ command: UInt32, _ list: UInt32, _ count: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) -> UInt32 {
    let sizes: [UInt32: UInt32] = [0: 32, 1: 24, 2: 16, 5: 24, 6: 16]
    guard let size = sizes[command] else { throw .notImplemented }
    guard command == 0 || command == 1 || command == 5 || count == 1 else { throw .invalid }
    for index in 0..<count {
      let place = list &+ index &* size
      guard takeElement() else {
        continuation = [command, place, count - index]
        return 0
      }
      switch command {
      case 0: try mapGrant(place, &cpu)
      case 1: try unmapGrant(place, &cpu)
      case 2: try setUpTable(place, &cpu)
      case 5: try copyGrant(place, &cpu)
      default:
        // dom → frames, most frames, status
        let index = try? domain(UInt16(truncatingIfNeeded: try word(place, &cpu)))
        try put(1, at: place &+ 4, &cpu)
        try put(1, at: place &+ 8, &cpu)
        try put(status: index == nil ? Status.badDomain : Status.okay, at: place &+ 12, &cpu)
      }
    }
    return 0
  }

  private func put(
    status: Int16, at linear: UInt32, _ cpu: inout CPU
  ) throws(HypercallError) {
    guard linear <= HypervisorLayout.hole - 2,
      cpu.pokeSystem(linear, UInt64(UInt16(bitPattern: status)), 2)
    else { throw .badAddress }
  }

  // MARK: The table

  /// dom, nr_frames, status, frame_list: where the table is, to be mapped.
  private func setUpTable(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let status: Int16
    if let index = try? domain(UInt16(truncatingIfNeeded: try word(place, &cpu))) {
      if try word(place &+ 4, &cpu) > 1 {
        status = Status.generalError
      } else {
        let table = HypervisorLayout.grantTable(Int(domains[index].id))
        if try word(place &+ 4, &cpu) == 1 {
          try put(UInt32(table >> 12), at: try word(place &+ 12, &cpu), &cpu)
        }
        status = Status.okay
      }
    } else {
      status = Status.badDomain
    }
    try put(status: status, at: place &+ 8, &cpu)
  }

  /// The machine address of an entry.
  func grant(_ reference: UInt32, of domain: UInt16) -> UInt64 {
    HypervisorLayout.grantTable(Int(domain)) + UInt64(reference) * 8
  }

  /// The frame that an entry lets the running domain use.
  private func grantedFrame(
    _ reference: UInt32, of owner: Int, writable: Bool, _ cpu: inout CPU
  ) -> (frame: UInt32, status: Int16) {
    guard reference < Grant.count else { return (0, Status.badReference) }
    let place = grant(reference, of: domains[owner].id)
    let flags: UInt16 = cpu.load(at: place)
    let user: UInt16 = cpu.load(at: place + 2)
    let frame: UInt32 = cpu.load(at: place + 4)
    guard flags & Grant.typeMask == Grant.permitAccess, user == current.id,
      !writable || flags & Grant.readOnly == 0
    else { return (0, Status.generalError) }
    guard frames.isRAM(frame), frames[frame].owner == domains[owner].id else {
      return (0, Status.badReference)
    }
    return (frame, Status.okay)
  }

  // MARK: Mapping

  /// host_addr (8 bytes), flags, ref, dom → status, handle, dev_bus_addr (8 bytes).
  private func mapGrant(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let address = try word(place, &cpu)
    let flags = try word(place &+ 8, &cpu)
    let reference = try word(place &+ 12, &cpu)
    let owner = try word(place &+ 16, &cpu)
    let (mapping, status) = map(
      address, flags, reference, of: UInt16(truncatingIfNeeded: owner), &cpu)
    try put(status: status, at: place &+ 18, &cpu)
    guard let mapping else { return }
    try put(mapping.handle, at: place &+ 20, &cpu)
    try put(mapping.frame << 12, at: place &+ 24, &cpu)
    try put(0, at: place &+ 28, &cpu)
  }

  private enum MapFlag {
    static let host: UInt32 = 2
    static let readOnly: UInt32 = 4
    static let known: UInt32 = 6
  }

  /// For the processor, at a linear address of the running domain's kernel that has a page table.
  private func map(
    _ address: UInt32, _ flags: UInt32, _ reference: UInt32, of id: UInt16, _ cpu: inout CPU
  ) -> (mapping: (handle: UInt32, frame: UInt32)?, status: Int16) {
    guard let owner = domains.firstIndex(where: { $0.id == id && $0.isAlive }) else {
      return (nil, Status.badDomain)
    }
    guard flags & MapFlag.host != 0, flags & ~MapFlag.known == 0, address & 0xFFF == 0 else {
      return (nil, Status.generalError)
    }
    let isWritable = flags & MapFlag.readOnly == 0
    let (frame, status) = grantedFrame(reference, of: owner, writable: isWritable, &cpu)
    guard status == Status.okay else { return (nil, status) }
    guard grants.count < 1024 || grants.contains(nil) else { return (nil, Status.noSpace) }
    let entry: UInt64
    do throws(HypercallError) {
      entry = try tableEntry(for: address, &cpu)
      // The owner's page, counted as the owner counts it.
      if isWritable {
        try use(frame, as: .writable, of: id, &cpu)
      } else {
        try frames.refer(to: frame, of: id)
      }
    } catch {
      return (nil, Status.badAddress)
    }
    let old: UInt32 = cpu.load(at: entry)
    cpu.store(frame << 12 | (isWritable ? 0x63 : 0x61), at: entry)
    drop(pageOf: old, &cpu)
    forget(address)
    mark(reference, of: id, isWritable ? Grant.reading | Grant.writing : Grant.reading, &cpu)
    let mapping = GrantMapping(
      user: current.id, owner: id, reference: reference, frame: frame, address: address,
      entry: entry, isWritable: isWritable)
    if let free = grants.firstIndex(of: nil) {
      grants[free] = mapping
      return ((UInt32(free), frame), Status.okay)
    }
    grants.append(mapping)
    return ((UInt32(grants.count - 1), frame), Status.okay)
  }

  private func mark(_ reference: UInt32, of owner: UInt16, _ bits: UInt16, _ cpu: inout CPU) {
    let place = grant(reference, of: owner)
    cpu.store(cpu.load(UInt16.self, at: place) | bits, at: place)
  }

  /// host_addr (8 bytes), dev_bus_addr (8 bytes), handle → status.
  private func unmapGrant(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let address = try word(place, &cpu)
    let handle = try word(place &+ 16, &cpu)
    var status = Status.okay
    if handle >= UInt32(grants.count) || grants[Int(handle)]?.user != current.id {
      status = Status.badHandle
    } else if let mapping = grants[Int(handle)] {
      if address != mapping.address {
        status = Status.badAddress
      } else {
        unmap(Int(handle), mapping, &cpu)
      }
    }
    try put(status: status, at: place &+ 20, &cpu)
  }

  func unmap(_ handle: Int, _ mapping: GrantMapping, _ cpu: inout CPU) {
    grants[handle] = nil
    let entry: UInt32 = cpu.load(at: mapping.entry)
    let table = UInt32(mapping.entry >> 12)
    // Whoever has changed the entry or its table by other means has given up the page with that.
    if Entry.frame(entry) == mapping.frame && entry & Entry.present != 0,
      frames[table].kind == .table && frames[table].kindReferences > 0,
      frames[table].owner == mapping.user
    {
      cpu.store(UInt32(0), at: mapping.entry)
      drop(pageOf: entry, &cpu)
    }
    forget(mapping.address)
    let others = grants.compactMap { $0 }.filter {
      $0.owner == mapping.owner && $0.reference == mapping.reference
    }
    let place = grant(mapping.reference, of: mapping.owner)
    var flags = cpu.load(UInt16.self, at: place) & ~(Grant.reading | Grant.writing)
    for other in others {
      flags |= other.isWritable ? Grant.reading | Grant.writing : Grant.reading
    }
    cpu.store(flags, at: place)
  }

  // MARK: Copying

  /// Two ends (reference or frame, dom, offset), a length, flags that say which end is a reference.
  private func copyGrant(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) {
    let source = try end(place, &cpu)
    let target = try end(place &+ 8, &cpu)
    let tail = try word(place &+ 16, &cpu)
    let length = tail & 0xFFFF
    let (from, fromStatus) = frame(source, isReference: tail >> 16 & 1 != 0, writable: false, &cpu)
    let (to, toStatus) = frame(target, isReference: tail >> 17 & 1 != 0, writable: true, &cpu)
    var status = fromStatus == Status.okay ? toStatus : fromStatus
    if source.offset + length > 4096 || target.offset + length > 4096 {
      status = Status.badCopyArgument
    }
    if status == Status.okay && frames[to].kindReferences > 0 && frames[to].kind != .writable {
      status = Status.permissionDenied
    }
    if status == Status.okay {
      elementsLeft -= Int(length) / 64
      for offset in 0..<UInt64(length) {
        let byte: UInt8 = cpu.load(at: UInt64(from) << 12 + UInt64(source.offset) + offset)
        cpu.store(byte, at: UInt64(to) << 12 + UInt64(target.offset) + offset)
      }
    }
    try put(status: status, at: place &+ 20, &cpu)
  }

  private typealias CopyEnd = (name: UInt32, domain: UInt16, offset: UInt32)

  private func end(_ place: UInt32, _ cpu: inout CPU) throws(HypercallError) -> CopyEnd {
    let rest = try word(place &+ 4, &cpu)
    return (try word(place, &cpu), UInt16(truncatingIfNeeded: rest), rest >> 16)
  }

  private func frame(
    _ end: CopyEnd, isReference: Bool, writable: Bool, _ cpu: inout CPU
  ) -> (frame: UInt32, status: Int16) {
    let id = end.domain == 0x7FF0 ? current.id : end.domain
    guard let owner = domains.firstIndex(where: { $0.id == id && !$0.isGone }) else {
      return (0, Status.badDomain)
    }
    if isReference { return grantedFrame(end.name, of: owner, writable: writable, &cpu) }
    guard owner == running else { return (0, Status.permissionDenied) }
    guard frames.isRAM(end.name), frames[end.name].owner == id else {
      return (0, Status.badReference)
    }
    return (end.name, Status.okay)
  }
}

/// A page of one domain's that another has mapped by a grant.
struct GrantMapping: Equatable {
  var user: UInt16
  var owner: UInt16
  var reference: UInt32
  var frame: UInt32
  var address: UInt32
  /// The machine address of the page table entry.
  var entry: UInt64
  var isWritable: Bool
}
