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

  /// The mode that is called so; `full` is `full:translate`, and `hardware` is `hardware:nested`.
  public init?(named name: String) {
    switch name {
    case "full": self = .fullTranslate
    case "hardware": self = .hardwareNested
    default: self.init(rawValue: name)
    }
  }

  /// It needs a lab processor with AMD-V.
  public var usesVirtualMachines: Bool { self == .hardwareNested || self == .hardwareShadow }
}
