import Machine
import Testing

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A file that is gone when nobody uses it any more.
final class TemporaryFile {
  private let path: String

  /// Its name ends in `suffix`.
  init(_ bytes: [UInt8], suffix: String = "") throws {
    var name = Array("/tmp/ringside-test-XXXXXX\(suffix)".utf8CString)
    let descriptor = mkstemps(&name, Int32(suffix.utf8.count))
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    try #require(count == bytes.count)
  }

  deinit { unlink(path) }

  /// Hands out its name. The file is there until `body` is done.
  func use<Result>(_ body: (String) throws -> Result) rethrows -> Result {
    try withExtendedLifetime(self) { try body(path) }
  }

  /// What it holds now.
  func bytes() throws -> [UInt8] {
    let file = try use { try FileContents(path: $0) }
    return withExtendedLifetime(file) { Array(file.bytes) }
  }
}
