import X86

/// The end of domains, what becomes of their memory, and how one starts again.
///
///     runs       its kernel asks for it, or the hypervisor cannot go on with it, or Domain 0 asks
///     ended      it does not run; its channels are closed; Domain 0 is told by VIRQ_DOM_EXC
///     is gone    what it had mapped is unmapped, its frames are free, but for those that others have
///                mapped by grants: each is free when the last of them has unmapped it
///     runs       Domain 0 has asked for it: built anew, from the image
extension Paravirtualization {
  /// Ends the running domain. If it was Domain 0, the machine cannot go on.
  func crash(_ reason: String, _ cpu: inout CPU) {
    counters.crashes &+= 1
    end(running, as: .crashed(reason), &cpu)
    guard current.isPrivileged else { return }
    unsupported = "a machine without Domain 0, which has crashed: \(reason)"
  }

  /// A domain is no more: its channels are closed, and Domain 0 is told. Its memory is taken back when
  /// the hypervisor is done with what it does in the domain's name.
  func end(_ index: Int, as state: Domain.State, _ cpu: inout CPU) {
    note(time(cpu), index)
    domains[index].state = state
    for port in 1..<UInt32(1024) where domains[index].channels[Int(port)] != .free {
      try? close(port, of: index, &cpu)
    }
    if index != 0 { raise(VirtualInterrupt.domainEnded, of: 0, &cpu) }
    ended.append(index)
  }

  /// The memory of domains that have ended is free. Domain 0's is not: with it everything ends.
  func takeBackMemory(_ cpu: inout CPU) {
    for index in ended where !domains[index].isPrivileged && !domains[index].isGone {
      takeBackMemory(of: index, &cpu)
    }
    ended.removeAll(keepingCapacity: true)
  }

  private func takeBackMemory(of index: Int, _ cpu: inout CPU) {
    let id = domains[index].id
    if index == running && !isIdle || cpu.cr3 == domains[index].directory << 12 {
      cpu.loadPageDirectory(UInt32(HypervisorLayout.idleDirectory))
    }
    if fpuOwner == index { fpuOwner = nil }
    for (handle, mapping) in grants.enumerated() {
      if let mapping, mapping.user == id { unmap(handle, mapping, &cpu) }
    }
    let domain = domains[index]
    for page in domain.gdtPages + domain.ldtPages { release(page, &cpu) }
    HypervisorMemory.storePerDomainPages(index, gdt: [], &cpu)
    HypervisorMemory.storeLocalTablePages(index, [], &cpu)
    if let info = domain.movedInfo { release(UInt32(info >> 12), &cpu) }
    release(domain.directory, &cpu)
    let own = frames.frames.indices.map { UInt32($0) }.filter { frames[$0].owner == id }
    for frame in own where frames[frame].isPinned {
      frames[frame].isPinned = false
      release(frame, &cpu)
    }
    domains[index].isGone = true
    (domains[index].gdtPages, domains[index].ldtPages, domains[index].ldtCount) = ([], [], 0)
    (domains[index].movedInfo, domains[index].directory) = (nil, 0)
    (domains[index].pages, domains[index].mostPages) = (0, 0)
    for frame in own {
      setPseudoPhysical(frame, .max, &cpu)
      // What is in it goes before it is given to anybody.
      frames.drop(frame)
    }
  }

  /// Builds a domain that is gone anew. As long as others have mapped something of it, it is busy.
  func startAgain(_ index: Int, _ cpu: inout CPU) throws(HypercallError) {
    let id = domains[index].id
    guard !frames.frames.contains(where: { $0.owner == id }),
      !grants.contains(where: { $0?.owner == id })
    else { throw .busy }
    guard frames.free.count >= Self.pagesOfOthers else { throw .noMemory }
    do throws(DomainError) {
      try build(id, pages: Self.pagesOfOthers, &cpu)
    } catch {
      preconditionFailure("it could be built before")
    }
  }
}
