#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A file that appears under its name whole, or not at all: written beside it, brought to the disk,
/// and renamed.
final class AtomicFile {
  private let path: String
  private let temporary: String
  private var descriptor: Int32

  /// Begins a file. Throws if its folder takes none.
  init(path: String) throws(FileError) {
    self.path = path
    try Self.check(path)
    temporary = path + ".\(getpid()).part"
    descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    if descriptor < 0 { throw Self.failure(path) }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    unlink(temporary)
  }

  /// Appends bytes.
  func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let rest = UnsafeRawBufferPointer(rebasing: bytes[done...])
      let count = systemWrite(descriptor, rest)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { throw Self.failure(path) }
      done += count
    }
  }

  /// Gives the file its name. What had the name before is gone.
  func finish() throws(FileError) {
    guard fsync(descriptor) == 0, rename(temporary, path) == 0 else { throw Self.failure(path) }
    close(descriptor)
    descriptor = -1
    // The name is safe when its folder is on the disk; some file systems cannot say.
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let place = open(folder, O_RDONLY | O_CLOEXEC)
    if place >= 0 {
      fsync(place)
      close(place)
    }
  }

  /// What a machine or another output has open is not replaced, nor is what is no file.
  private static func check(_ path: String) throws(FileError) {
    let present = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard present >= 0 else { return }
    defer { close(present) }
    var status = stat()
    guard fstat(present, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      throw FileError(path, .unwritable("it is there and no file"))
    }
    if flock(present, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      throw FileError(path, .unwritable("it is in use"))
    }
  }

  private static func failure(_ path: String) -> FileError {
    FileError(path, .unwritable(String(cString: strerror(errno)).lowercased()))
  }
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  write(descriptor, bytes.baseAddress, bytes.count)
}
