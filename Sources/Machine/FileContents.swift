#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The bytes of a file, for reading: a copy, because a mapped file that somebody shortens would
/// end the process.
///
/// While it is open, nobody who asks for locks writes to it.
public final class FileContents {
  /// The file's name as the user gave it.
  public let path: String
  /// Its bytes; zeros after `release`.
  public var bytes: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: memory.start, count: size)
  }
  private let memory: HostMemory
  private let size: Int
  /// The file, kept open; nil for a pipe, which can be read only once.
  private let descriptor: Int32?
  private var isReleased = false

  /// The largest file that is taken: nothing that can be started comes near it.
  private static let largest = 1 << 30

  /// Opens and reads a file; what is no regular file is read to its end.
  ///
  /// With `onlyRegular`, such and links are refused: for files of other people's, who might have
  /// them lead somewhere else, or never end.
  public init(path: String, onlyRegular: Bool = false) throws(ImageError) {
    self.path = path
    // Without O_NONBLOCK, a named pipe would wait for its other end.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | (onlyRegular ? O_NONBLOCK | O_NOFOLLOW : 0))
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: throw ImageError(path, .missing)
      case ELOOP where onlyRegular: throw ImageError(path, .noFile)
      default: throw ImageError(path, .unreadable)
      }
    }
    do throws(ImageError) {
      let kind = try Self.check(descriptor, path)
      guard kind.isFile || !onlyRegular else { throw ImageError(path, .noFile) }
      (memory, size) = try Self.readAll(descriptor, path, atMost: kind.size)
      if !kind.isFile { close(descriptor) }
      self.descriptor = kind.isFile ? descriptor : nil
    } catch {
      close(descriptor)
      throw error
    }
  }

  deinit {
    if let descriptor { close(descriptor) }
  }

  /// Whether there is something of this name.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Gives the memory back until `reload`, if the bytes can be read again.
  func release() {
    guard descriptor != nil, !isReleased else { return }
    memory.discard()
    isReleased = true
  }

  /// Makes sure that the bytes are here. Throws if they are not what they were any more.
  func reload() throws(ImageError) {
    guard let descriptor, isReleased else { return }
    guard try Self.read(descriptor, path, into: memory, atMost: size, at: 0) == size else {
      throw ImageError(path, .changed)
    }
    isReleased = false
  }

  private static func check(
    _ descriptor: Int32, _ path: String
  ) throws(ImageError) -> (isFile: Bool, size: Int) {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw ImageError(path, .unreadable) }
    if status.st_mode & S_IFMT == S_IFDIR { throw ImageError(path, .directory) }
    guard status.st_mode & S_IFMT == S_IFREG else { return (false, largest) }
    if status.st_size == 0 { throw ImageError(path, .empty) }
    if status.st_size > largest { throw ImageError(path, .tooLarge) }
    if flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK {
      throw ImageError(path, .inUse)
    }
    return (true, Int(status.st_size))
  }

  private static func readAll(
    _ descriptor: Int32, _ path: String, atMost limit: Int
  ) throws(ImageError) -> (HostMemory, Int) {
    guard let memory = HostMemory(size: limit) else { throw ImageError(path, .unreadable) }
    let size = try read(descriptor, path, into: memory, atMost: limit, at: nil)
    if size == 0 { throw ImageError(path, .empty) }
    if limit == largest && size == limit { throw ImageError(path, .tooLarge) }
    return (memory, size)
  }

  /// Reads until the end or the limit, from a place in the file or from where it stands.
  private static func read(
    _ descriptor: Int32, _ path: String, into memory: HostMemory, atMost limit: Int, at place: Int?
  ) throws(ImageError) -> Int {
    var size = 0
    while size < limit {
      let rest = min(1 << 20, limit - size)
      let count =
        if let place {
          pread(descriptor, memory.start + size, rest, off_t(place + size))
        } else {
          systemRead(descriptor, memory.start + size, rest)
        }
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw ImageError(path, .unreadable) }
      if count == 0 { break }
      size += count
    }
    return size
  }
}

private func systemRead(
  _ descriptor: Int32, _ place: UnsafeMutableRawPointer, _ count: Int
) -> Int {
  read(descriptor, place, count)
}
