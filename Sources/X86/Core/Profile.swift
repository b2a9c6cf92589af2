/// Which processor this is: what CPUID says and which instructions exist.
public struct Profile: Sendable, Equatable {
  public var name: String
  public var features: Features
  /// CPUID leaf 1 EAX: family, model, stepping. Also EDX after reset.
  public var signature: UInt32
  /// The 12 characters of CPUID leaf 0; empty where CPUID does not exist.
  public var vendor: String

  /// What a part can do beyond the 80386.
  public struct Features: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// BSWAP, XADD, CMPXCHG, INVLPG, INVD, WBINVD, CR0.WP, CR0.NE, AC.
    public static let i486 = Features(rawValue: 1 << 0)
    public static let cpuid = Features(rawValue: 1 << 1)
    public static let fpu = Features(rawValue: 1 << 2)
    public static let virtual8086Extensions = Features(rawValue: 1 << 3)
    public static let debuggingExtensions = Features(rawValue: 1 << 4)
    public static let pageSizeExtensions = Features(rawValue: 1 << 5)
    public static let timeStamp = Features(rawValue: 1 << 6)
    public static let modelSpecificRegisters = Features(rawValue: 1 << 7)
    public static let physicalAddressExtension = Features(rawValue: 1 << 8)
    public static let cmpxchg8b = Features(rawValue: 1 << 9)
    public static let sysenter = Features(rawValue: 1 << 10)
    public static let pageGlobal = Features(rawValue: 1 << 11)
    public static let cmov = Features(rawValue: 1 << 12)
    public static let fxsave = Features(rawValue: 1 << 13)
    public static let noExecute = Features(rawValue: 1 << 14)
    public static let longNop = Features(rawValue: 1 << 15)
    /// AMD's Secure Virtual Machine, with nested paging.
    public static let virtualMachines = Features(rawValue: 1 << 16)
    /// Sensitive instructions trap outside ring 0. No x86 ever did this.
    public static let trapsSensitive = Features(rawValue: 1 << 31)
  }

  public static let i386 = Profile(
    name: "386", features: [.fpu], signature: 0x0308, vendor: "")
  public static let i486 = Profile(
    name: "486", features: [.fpu, .i486, .cpuid], signature: 0x0435, vendor: "GenuineIntel")
  public static let pentium = Profile(
    name: "pentium",
    features: [
      .fpu, .i486, .cpuid, .debuggingExtensions, .pageSizeExtensions,
      .timeStamp, .modelSpecificRegisters, .cmpxchg8b,
    ], signature: 0x0543, vendor: "GenuineIntel")
  /// A Pentium II without MMX, with the no-execute bit that later i686 parts have.
  public static let i686 = Profile(
    name: "i686",
    features: pentium.features.union([
      .physicalAddressExtension, .sysenter, .pageGlobal, .cmov, .fxsave, .noExecute, .longNop,
    ]), signature: 0x0653, vendor: "GenuineIntel")

  /// What an x86 would have been that meets Popek and Goldberg's condition: an i686 on which every
  /// sensitive instruction is privileged. The control experiment to all that ring-1 monitors do.
  public static let virtualizable = Profile(
    name: "virtualizable", features: i686.features.union(.trapsSensitive), signature: 0x0653,
    vendor: "GenuineIntel")

  /// A 32-bit part in the manner of AMD's family 10h, without long mode, MMX and SSE: the lab's
  /// hardware for virtual machines.
  public static let amdSVM = Profile(
    name: "amd-svm", features: i686.features.union(.virtualMachines), signature: 0x0010_0F42,
    vendor: "AuthenticAMD")

  /// The parts that a guest may take for its own.
  public static let all = [i386, i486, pentium, i686, amdSVM]
}
