/// How a guest is executed.
public enum Mode: String, Sendable, CaseIterable {
  /// The guest's processor is the core itself, at the guest's own rings.
  case emulation
  /// Full virtualization without translation: the guest's kernel in ring 1, trap and emulate.
  case fullTrap = "full:trap"
}
