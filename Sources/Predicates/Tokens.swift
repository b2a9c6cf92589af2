/// A piece of a predicate's text, and where it begins, counted in characters.
struct Token: Equatable {
  enum Kind: Equatable {
    case word(String), number(UInt64), fault(String), comparison(String)
    case open, close, range, plus, star, end
    /// A number that does not fit, or characters that mean nothing.
    case broken(String)
  }
  var kind: Kind
  var position: Int
  var text: String
}

/// Cuts a predicate's text into tokens; never fails, but may give broken ones.
enum Tokens {
  static func cut(_ text: String) -> [Token] {
    let characters = Array(text)
    var tokens: [Token] = []
    var place = 0
    while place < characters.count {
      let start = place
      let character = characters[place]
      if character.isWhitespace {
        place += 1
        continue
      }
      let kind: Token.Kind
      if isWordPart(character) || character == "#" {
        place += 1
        while place < characters.count, isWordPart(characters[place]) { place += 1 }
        kind = classify(String(characters[start..<place]))
      } else {
        let two = String(characters[start..<min(start + 2, characters.count)])
        switch two {
        case "..": (kind, place) = (.range, place + 2)
        case "<=", ">=": (kind, place) = (.comparison(two), place + 2)
        default:
          place += 1
          kind = symbol(character)
        }
      }
      tokens.append(
        Token(kind: kind, position: start, text: String(characters[start..<place])))
    }
    tokens.append(Token(kind: .end, position: characters.count, text: "the end"))
    return tokens
  }

  private static func symbol(_ character: Character) -> Token.Kind {
    switch character {
    case "(": .open
    case ")": .close
    case "+": .plus
    case "*": .star
    case "=", "<", ">": .comparison(String(character))
    default: .broken("‘\(character)’ means nothing here")
    }
  }

  private static func isWordPart(_ character: Character) -> Bool {
    character.isASCII && (character.isLetter || character.isNumber || character == "_")
  }

  private static func classify(_ text: String) -> Token.Kind {
    if text.hasPrefix("#") { return .fault(text.uppercased()) }
    let lower = text.lowercased()
    guard let first = lower.first, first.isNumber else { return .word(lower) }
    let digits: String
    var radix = 10
    if lower.hasPrefix("0x") {
      (digits, radix) = (String(lower.dropFirst(2)), 16)
    } else if lower.hasSuffix("h") {
      (digits, radix) = (String(lower.dropLast()), 16)
    } else {
      digits = lower
    }
    let plain = digits.filter { $0 != "_" }
    if let value = UInt64(plain, radix: radix) { return .number(value) }
    let isNumber =
      !plain.isEmpty && plain.allSatisfy { $0.isHexDigit && (radix == 16 || $0.isNumber) }
    return .broken(
      isNumber ? "‘\(text)’ is too large" : "‘\(text)’ is not a number (80h, 0x80 and 128 are)")
  }
}
