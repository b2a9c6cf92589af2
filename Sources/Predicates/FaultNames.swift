import X86

/// The exceptions as the manual writes them (SDM 3A, table 6-1).
public enum FaultNames {
  /// Mnemonics and their vectors.
  public static let all: [(name: String, vector: UInt8)] = [
    ("#DE", 0), ("#DB", 1), ("NMI", 2), ("#BP", 3), ("#OF", 4), ("#BR", 5), ("#UD", 6), ("#NM", 7),
    ("#DF", 8), ("#TS", 10), ("#NP", 11), ("#SS", 12), ("#GP", 13), ("#PF", 14), ("#MF", 16),
    ("#AC", 17),
  ]

  static func vector(of name: String) -> UInt8? {
    all.first { $0.name == name.uppercased() }?.vector
  }

  static func name(of vector: UInt64) -> String? {
    all.first { UInt64($0.vector) == vector && $0.name.hasPrefix("#") }?.name
  }
}
