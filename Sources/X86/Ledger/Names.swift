/// The names that exports, predicates and statistics use: the cases' own, as other programs write
/// them. `softwareInterrupt` is `software_interrupt`.
extension TransitionKind {
  public var name: String { snakeCase("\(self)") }
}

extension Cause {
  public var name: String { snakeCase("\(self)") }
}

extension Actor {
  public var name: String { snakeCase("\(self)") }
}

extension CostKey {
  public var name: String { snakeCase("\(self)") }
}

/// A run of capitals is one word: `ioPermissionBitmap` and `dplBelowCPL` become
/// `io_permission_bitmap` and `dpl_below_cpl`.
private func snakeCase(_ name: String) -> String {
  var text = ""
  var previous: Character = "_"
  let letters = Array(name)
  for (index, letter) in letters.enumerated() {
    let startsWord =
      letter.isUppercase
      && (!previous.isUppercase || index + 1 < letters.count && letters[index + 1].isLowercase)
    if startsWord && index > 0 { text += "_" }
    text += letter.lowercased()
    previous = letter
  }
  return text
}
