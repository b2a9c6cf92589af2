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

  /// The image made of a source file. Nothing of it stays behind. One that is handed in may include
  /// only headers of ours.
  static func image(
    of source: String, library: GuestLibrary?, isHandedIn: Bool = false
  ) throws(UserError) -> FileContents {
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
    guard run(["/bin/sh", script, source, path] + (isHandedIn ? ["handed-in"] : [])) == 0 else {
      throw UserError("\(source): no image could be made of it, for the reasons above")
    }
    do throws(ImageError) {
      return try FileContents(path: path)
    } catch {
      throw UserError(error.description)
    }
  }

  /// How long a compiler may take, in seconds: a source may include what never ends.
  private static let patience = 30

  /// Runs a program with our standard streams. Returns its exit status, or -1, also if it had to be
  /// ended.
  private static func run(_ words: [String]) -> Int32 {
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    #if canImport(Darwin)
      var attributes: posix_spawnattr_t?
    #else
      var attributes = posix_spawnattr_t()
    #endif
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Our threads keep signals off, a shell needs its own. A group, to end the shell with its children.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    var process = pid_t()
    guard posix_spawn(&process, words[0], nil, &attributes, &arguments, environ) == 0 else {
      return -1
    }
    var status: Int32 = 0
    for _ in 0..<patience * 100 {
      switch waitpid(process, &status, WNOHANG) {
      case process: return status & 0x7F == 0 ? status >> 8 & 0xFF : -1
      case -1 where errno != EINTR: return -1
      default: usleep(10_000)
      }
    }
    // It may have been stopped, if it tried to read from a terminal.
    kill(-process, SIGTERM)
    kill(-process, SIGCONT)
    waitpid(process, &status, 0)
    return -1
  }
}
