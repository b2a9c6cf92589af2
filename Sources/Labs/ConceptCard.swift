public import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A page about a concept, to be read: what it is, what is commonly said, and where that comes from.
public struct ConceptCard: Sendable, Equatable {
  /// Its name, that of its file.
  public let name: String
  /// Its title.
  public let title: String
  /// What it is about, in a few words.
  public let summary: String
  /// The page, in Markdown.
  public let page: String
  /// Where it is from.
  public let sources: [String]

  /// Reads a card from the text of its file.
  static func read(name: String, file: String, text: String) throws(LabProblems) -> ConceptCard {
    let front = try FrontMatter(
      file: file, text: text, keys: ["title", "summary", "sources"],
      needed: ["title", "summary", "sources"], of: "a card")
    let card = ConceptCard(
      name: name, title: front.fields["title"]?.text ?? "",
      summary: front.fields["summary"]?.text ?? "", page: front.page,
      sources: (front.fields["sources"]?.items ?? []).compactMap(\.text))
    if card.sources.isEmpty {
      front.file.report(1, "a card names its sources", "list one at least")
    }
    try front.check()
    return card
  }
}

/// What comes with Ringside to be read and followed: concept cards and tours.
public struct Shelf {
  /// The folder that has `labs` and `tours` in it, with no slash at its end; empty for the working
  /// directory.
  private let folder: String

  /// The one beside the built-in guests.
  public init(beside guests: GuestLibrary) {
    let labs = LabLibrary(beside: guests).folder
    folder = labs.hasSuffix("labs") ? String(labs.dropLast("labs".count)) : ""
  }

  /// The one whose `labs` and `tours` lie in `folder`.
  public init(folder: String) { self.folder = folder + "/" }

  /// All cards, in alphabetical order of their names.
  public func cards() throws(LabProblems) -> [ConceptCard] {
    var cards: [ConceptCard] = []
    for name in names(in: "labs/cards", ending: ".md") {
      let file = "\(folder)labs/cards/\(name).md"
      cards.append(try ConceptCard.read(name: name, file: file, text: LabLibrary.text(file)))
    }
    return cards
  }

  /// All tours, in alphabetical order of their names.
  public func tours() throws(LabProblems) -> [Tour] {
    var tours: [Tour] = []
    for name in names(in: "tours", ending: ".yaml") {
      let file = "\(folder)tours/\(name).yaml"
      tours.append(try TourReader.read(name: name, file: file, text: LabLibrary.text(file)))
    }
    return tours
  }

  private func names(in folder: String, ending: String) -> [String] {
    guard let directory = opendir(self.folder + folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name.hasSuffix(ending) { names.append(String(name.dropLast(ending.count))) }
    }
    return names.sorted()
  }
}
