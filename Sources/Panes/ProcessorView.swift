extension MachineView {
  /// The registers that matter. All values are the processor's own.
  public struct Registers: Equatable, Sendable {
    /// EAX, EBX, ECX, EDX, ESI, EDI, EBP, ESP.
    public var general = GeneralRegisters()
    /// EIP, an offset in CS.
    public var eip: UInt32 = 0
    /// EFLAGS.
    public var eflags: UInt32 = 0
    /// CS, SS, DS, ES, FS, GS, in this order.
    public var segments: [Segment] = []
    /// CR0.
    public var cr0: UInt32 = 0
    /// CR2, the address of the last page fault.
    public var cr2: UInt32 = 0
    /// CR3, the page directory.
    public var cr3: UInt32 = 0
    /// CR4.
    public var cr4: UInt32 = 0
    /// GDTR.
    public var gdtr = Table()
    /// IDTR.
    public var idtr = Table()
    /// LDTR and TR with what they select.
    public var ldtr = Segment(name: "LDTR")
    /// The task register.
    public var tr = Segment(name: "TR")
    /// Registers of a machine without power.
    public init() {}
  }

  /// The eight general registers.
  public struct GeneralRegisters: Equatable, Sendable {
    /// EAX.
    public var eax: UInt32 = 0
    /// EBX.
    public var ebx: UInt32 = 0
    /// ECX.
    public var ecx: UInt32 = 0
    /// EDX.
    public var edx: UInt32 = 0
    /// ESI.
    public var esi: UInt32 = 0
    /// EDI.
    public var edi: UInt32 = 0
    /// EBP.
    public var ebp: UInt32 = 0
    /// ESP.
    public var esp: UInt32 = 0
    /// All zero.
    public init() {}
  }

  /// A segment register: the selector and the hidden part it loaded.
  public struct Segment: Equatable, Sendable {
    /// The register's name.
    public var name: String
    /// The visible selector.
    public var selector: UInt16
    /// Linear base address.
    public var base: UInt32
    /// Limit in bytes, the last valid offset.
    public var limit: UInt32
    /// The descriptor's privilege level, 0–3.
    public var dpl: UInt8
    /// False for a null selector.
    public var isPresent: Bool

    /// A segment register.
    public init(
      name: String, selector: UInt16 = 0, base: UInt32 = 0, limit: UInt32 = 0, dpl: UInt8 = 0,
      isPresent: Bool = false
    ) {
      self.name = name
      self.selector = selector
      self.base = base
      self.limit = limit
      self.dpl = dpl
      self.isPresent = isPresent
    }
  }

  /// GDTR or IDTR.
  public struct Table: Equatable, Sendable {
    /// Linear base address.
    public var base: UInt32
    /// Limit in bytes, the last valid offset.
    public var limit: UInt16
    /// A table register.
    public init(base: UInt32 = 0, limit: UInt16 = 0) {
      self.base = base
      self.limit = limit
    }
  }
}
