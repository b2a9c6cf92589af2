/// How a guest is executed.
public enum Mode: String, Sendable, CaseIterable {
  /// The guest's processor is the core itself, at the guest's own rings.
  case emulation
  /// Full virtualization without translation: the guest's kernel in ring 1, trap and emulate.
  case fullTrap = "full:trap"
  /// Full virtualization with a binary translator: the guest's kernel is executed in translated form.
  case fullTranslate = "full:translate"
  /// AMD-V: the guest in guest mode at its own rings, its memory behind nested page tables.
  case hardwareNested = "hardware:nested"
  /// AMD-V without nested paging: shadow page tables hold the guest's memory.
  case hardwareShadow = "hardware:shadow"
  /// Paravirtualization: a hypervisor that owns the machine, a kernel in ring 1 that asks it.
  case para

  /// Modes that run a guest by the same means: `full:trap` and `full:translate` are both `full`.
  public enum Family: String, Sendable {
    case emulation, full, hardware, para
  }

  /// The family it belongs to.
  public var family: Family {
    switch self {
    case .emulation: .emulation
    case .fullTrap, .fullTranslate: .full
    case .hardwareNested, .hardwareShadow: .hardware
    case .para: .para
    }
  }

  /// The mode that is called so; `full` is `full:translate`, and `hardware` is `hardware:nested`.
  public init?(named name: String) {
    switch name {
    case "full": self = .fullTranslate
    case "hardware": self = .hardwareNested
    default: self.init(rawValue: name)
    }
  }

  /// It needs a lab processor with AMD-V.
  public var usesVirtualMachines: Bool { family == .hardware }
}
