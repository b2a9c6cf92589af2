import Machine

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A guest given as a source file: `images/assemble` makes an image of it, with the compiler that
/// makes our own guests. What the compiler has to say goes to standard error as it is.
enum GuestSource {
  /// Whether a name is that of a source file.
  static func isSource(_ name: String) -> Bool {
    name.hasSuffix(".S") || name.hasSuffix(".s") || name.hasSuffix(".c")
  }

  /// The image made of a source file. Nothing of it stays behind.
  static func image(of source: String, library: GuestLibrary?) throws(UserError) -> FileContents {
    guard FileContents.exists(source) else { throw UserError("\(source): there is no such file") }
    guard let script = library.map({ $0.folder + "/../assemble" }), FileContents.exists(script)
    else {
      throw UserError("\(source): assembling needs Ringside's own folder ‘images’")
    }
    var name = Array("/tmp/ringside-XXXXXX".utf8CString)
    let descriptor = mkstemp(&name)
    guard descriptor >= 0 else { throw UserError("/tmp: no file can be made there") }
    close(descriptor)
    let path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unlink(path) }
    guard run(["/bin/sh", script, source, path]) == 0 else {
      throw UserError("\(source): no image could be made of it, for the reasons above")
    }
    do throws(ImageError) {
      return try FileContents(path: path)
    } catch {
      throw UserError(error.description)
    }
  }

  /// Runs a program with our standard streams. Returns its exit status, or -1.
  private static func run(_ words: [String]) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process = pid_t()
    guard posix_spawn(&process, words[0], nil, nil, &arguments, environ) == 0 else { return -1 }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
  }
}
