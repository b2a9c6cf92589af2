extension MachineView {
  /// A word of the stack.
  public struct StackWord: Equatable, Sendable {
    /// Its offset in the stack segment.
    public var offset: UInt32
    /// What it holds; nil if it cannot be read.
    public var value: UInt32?
    /// What the processor pushed there when it entered the present handler.
    public var role: String?
    /// A word.
    public init(offset: UInt32, value: UInt32?, role: String? = nil) {
      (self.offset, self.value, self.role) = (offset, value, role)
    }
  }

  /// How a linear address becomes a physical one.
  public struct PageWalk: Equatable, Sendable {
    /// An entry that was read on the way.
    public struct Entry: Equatable, Sendable {
      /// `PDE`, `PTE`, `PDPTE`.
      public var name: String
      /// Its place in its table.
      public var index: UInt32
      /// Its physical address.
      public var address: UInt64
      /// What it holds.
      public var value: UInt64
      /// An entry.
      public init(name: String, index: UInt32, address: UInt64, value: UInt64) {
        (self.name, self.index, self.address, self.value) = (name, index, address, value)
      }
    }

    /// The register with the address, `EIP`.
    public var register: String
    /// The linear address.
    public var linear: UInt32
    /// Where the walk begins: CR3; nil without paging.
    public var root: UInt32?
    /// The entries, in the order of the walk.
    public var entries: [Entry]
    /// The physical address; nil where there is no page.
    public var physical: UInt64?
    /// Where the byte is in the lab machine's memory, for its processor; nil without a monitor, and
    /// where the monitor has not given the page yet.
    public var machine: UInt64?
    /// Under a hypervisor, whose guests' page tables hold machine addresses: what the domain calls the
    /// address in `physical`; nil without one, and for pages that are no domain's.
    public var pseudoPhysical: UInt64?
    /// A walk.
    public init(
      register: String, linear: UInt32, root: UInt32?, entries: [Entry] = [],
      physical: UInt64? = nil, machine: UInt64? = nil
    ) {
      (self.register, self.linear, self.root) = (register, linear, root)
      (self.entries, self.physical, self.machine) = (entries, physical, machine)
    }
  }

  /// A field of a structure in memory.
  public struct Field: Equatable, Sendable {
    /// Its name in the manual.
    public var name: String
    /// What it holds.
    public var value: UInt64
    /// Hexadecimal digits.
    public var digits: Int
    /// A field.
    public init(name: String, value: UInt64, digits: Int) {
      (self.name, self.value, self.digits) = (name, value, digits)
    }
  }

  /// A number of times that something happened.
  public struct Counter: Equatable, Sendable {
    /// What, in words.
    public var name: String
    /// How often.
    public var count: UInt64
    /// A counter.
    public init(_ name: String, _ count: UInt64) { (self.name, self.count) = (name, count) }
  }
}
