public import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The labs that come with Ringside, or a folder of one's own.
public struct LabLibrary {
  /// Where the labs' folders lie, with no slash at its end.
  public let folder: String

  /// The labs beside the built-in guests.
  public init(beside guests: GuestLibrary) {
    let built = "images/built"
    folder =
      guests.folder.hasSuffix(built)
      ? guests.folder.dropLast(built.count) + "labs" : guests.folder + "/labs"
  }

  /// The labs in `folder`.
  public init(folder: String) { self.folder = folder }

  /// The names of all labs, in alphabetical order.
  public var slugs: [String] {
    Self.names(in: folder).filter { FileContents.exists("\(folder)/\($0)/lab.md") }
  }

  /// The fingerprint of the key that this course has; nil if it has none.
  public var courseFingerprint: String? {
    guard let text = try? Self.text("\(folder)/course") else { return nil }
    return String(text.prefix { !$0.isWhitespace })
  }

  /// Reads a lab. A `language` other than English comes from `lab.LANGUAGE.md` beside it.
  public func lab(_ slug: String, language: String? = nil) throws(LabProblems) -> Lab {
    let name = "\(folder)/\(slug)"
    guard FileContents.exists("\(name)/lab.md") else {
      throw LabProblems(problems: [
        LabProblem(
          file: name, what: "there is no lab here",
          remedy: "see ‘ringside lab list’ for those there are")
      ])
    }
    return try Self.read(folder: name, language: language)
  }

  /// The languages other than English that the lab in a folder has, by their codes.
  public static func languages(ofLabIn folder: String) -> [String] {
    names(in: folder).compactMap { name in
      let parts = name.split(separator: ".")
      return parts.count == 3 && parts[0] == "lab" && parts[2] == "md" ? String(parts[1]) : nil
    }
  }

  private static func names(in folder: String) -> [String] {
    guard let directory = opendir(folder) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      names.append(
        withUnsafeBytes(of: entry.pointee.d_name) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        })
    }
    return names.sorted()
  }

  /// Reads the lab in a folder, wherever that lies, with the texts of a language if one is named.
  public static func read(
    folder: String, language: String? = nil
  ) throws(LabProblems) -> Lab {
    let path = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    let file = "\(path)/lab.md"
    let slug = path.split(separator: "/").last.map(String.init) ?? path
    var lab = try LabReader.read(slug: slug, file: file, text: text(file))
    if let language { try lab.translate(file: "\(path)/lab.\(language).md", language: language) }
    return lab
  }

  /// The text of a file; not longer than a lab can be.
  static func text(_ path: String) throws(LabProblems) -> String {
    do throws(ImageError) {
      let file = try FileContents(path: path)
      return withExtendedLifetime(file) {
        String(decoding: file.bytes.prefix(1 << 20), as: UTF8.self)
      }
    } catch {
      throw LabProblems(problems: [
        LabProblem(file: path, what: "this file cannot be read", remedy: "see whether it is there")
      ])
    }
  }
}
