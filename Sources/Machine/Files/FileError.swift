/// Why one of Ringside's own files, a recording or a snapshot, cannot be used: always one sentence
/// with what to do.
public struct FileError: Error, Equatable, CustomStringConvertible {
  /// The file's name as the user gave it.
  public var path: String
  /// What is wrong with it.
  public var problem: Problem

  /// An error about the file at `path`.
  public init(_ path: String, _ problem: Problem) {
    self.path = path
    self.problem = problem
  }

  /// What can be wrong.
  public enum Problem: Equatable, Sendable {
    /// There is no such file.
    case missing
    /// It cannot be opened or read.
    case unreadable
    /// It is none of Ringside's files.
    case foreign
    /// It is a file of Ringside's, but of the other kind.
    case otherKind(FileKind)
    /// It is of another version of the format.
    case version(UInt32)
    /// Its bytes are not those that were written; the words say which.
    case damaged(String)
    /// It was made with something that this version does not have, named here.
    case unknown(String)
    /// The host does not write it; the reason in the host's words.
    case unwritable(String)
    /// A file that it needs is another one than it was.
    case changed(file: String, hash: String)
  }

  /// One sentence: what, where, what to do.
  public var description: String { "\(path): \(sentence)" }

  private var sentence: String {
    switch problem {
    case .missing: "no such file; check its name"
    case .unreadable: "cannot be read; check that it is a file, and its permissions"
    case .foreign: "is no recording or snapshot of Ringside's; check its name"
    case .otherKind(.recording): "is a recording, not a snapshot; give it to ‘ringside replay’"
    case .otherKind(.snapshot): "is a snapshot, not a recording; give it to --snapshot"
    case .version(let number):
      "has version \(number) of the format, and this Ringside reads version "
        + "\(ChunkFile.version); use the Ringside that wrote it"
    case .damaged(let what): "is damaged: \(what); bring an intact copy or make it anew"
    case .unknown(let what): "needs \(what), which this Ringside does not have; use a newer one"
    case .unwritable(let reason): "cannot be written (\(reason)); give another place"
    case .changed(let file, let hash):
      "needs \(file) as it was then (SHA-256 \(hash)), and that has changed since; bring the old "
        + "one back"
    }
  }
}

/// The kinds of files that Ringside writes for itself; the raw value is in their header.
public enum FileKind: String, Sendable {
  /// A run: what was started, and what came in when.
  case recording = "RECD"
  /// A machine between two instructions.
  case snapshot = "SNAP"
}
