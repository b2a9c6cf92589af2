#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The guests that come with Ringside: `images/built`, with a list of their names.
public struct GuestLibrary {
  /// A line of the list.
  public struct Entry: Sendable, Equatable {
    /// What the user types.
    public var name: String
    /// Its file in the library's folder.
    public var file: String
    /// What it is, in a few words.
    public var summary: String
    /// The modes it can run in, separated by spaces.
    public var modes: String
  }

  /// The library's folder, with no slash at its end.
  public let folder: String
  /// The guests, in the list's order.
  public let entries: [Entry]

  /// Looks for the library beside the working directory and above the program, wherever it was
  /// built; nil if there is none.
  public init?(program: String) {
    var places = ["images/built"]
    var folder = Self.parent(of: Self.resolved(program))
    while folder.count > 1 {
      places.append(folder + "/images/built")
      places.append(folder + "/share/ringside")
      folder = Self.parent(of: folder)
    }
    for place in places {
      if let library = GuestLibrary(folder: place) {
        self = library
        return
      }
    }
    return nil
  }

  /// The library in `folder`; nil if its list is missing.
  public init?(folder: String) {
    guard let list = try? FileContents(path: folder + "/LIST") else { return nil }
    self.folder = folder
    entries = String(decoding: list.bytes, as: UTF8.self)
      .split(separator: "\n").filter { !$0.hasPrefix("#") }
      .compactMap { line in
        let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
        guard fields.count == 4 else { return nil }
        return Entry(
          name: String(fields[0]), file: String(fields[1]), summary: String(fields[2]),
          modes: String(fields[3]))
      }
  }

  /// The file of the built-in guest `name`.
  public func path(of name: String) -> String? {
    entries.first { $0.name == name }.map { folder + "/" + $0.file }
  }

  /// The files of our own BIOS, for the top of memory, and of the VGA's ROM, for C0000h.
  public var firmware: (bios: String, videoBIOS: String) {
    (folder + "/bios.rom", folder + "/vga.rom")
  }

  private static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "" }
    return String(path[..<slash])
  }

  /// The path with symbolic links followed, or as it is if that fails.
  private static func resolved(_ path: String) -> String {
    #if os(Linux)
      let path = path.contains("/") ? path : "/proc/self/exe"
    #endif
    guard let place = realpath(path, nil) else { return path }
    defer { free(place) }
    return String(cString: place)
  }
}
