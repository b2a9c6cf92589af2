#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Zeroed memory of the host, page-aligned. Pages that nobody touches cost nothing.
public final class HostMemory {
  /// Where it begins.
  public let start: UnsafeMutableRawPointer
  /// Its size in bytes, a multiple of 4096.
  public let size: Int

  /// Takes `size` bytes, rounded up to whole pages, or returns nil if the host has no room.
  public init?(size: Int) {
    self.size = max(4096, (size + 4095) & ~4095)
    #if os(Linux)
      let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    #else
      let flags = MAP_PRIVATE | MAP_ANON
    #endif
    let place = mmap(nil, self.size, PROT_READ | PROT_WRITE, flags, -1, 0)
    guard let place, place != MAP_FAILED else { return nil }
    start = place
  }

  deinit { munmap(start, size) }
}

/// The bytes of a file, for reading. They stay in the file where possible: `release` gives the
/// memory back, and a later access fetches them again.
public final class FileContents {
  /// The file's name as the user gave it.
  public let path: String
  /// Its bytes.
  public let bytes: UnsafeRawBufferPointer
  private let mapping: UnsafeMutableRawPointer?
  private let copy: HostMemory?

  /// Opens and maps a file; what is no regular file is read to its end.
  public init(path: String) throws(ImageError) {
    self.path = path
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw ImageError(path, errno == ENOENT ? .missing : .unreadable) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw ImageError(path, .unreadable) }
    if status.st_mode & S_IFMT == S_IFDIR { throw ImageError(path, .directory) }
    if status.st_mode & S_IFMT == S_IFREG {
      let size = Int(status.st_size)
      guard size > 0 else { throw ImageError(path, .empty) }
      let place = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0)
      guard let place, place != MAP_FAILED else { throw ImageError(path, .unreadable) }
      mapping = place
      copy = nil
      bytes = UnsafeRawBufferPointer(start: place, count: size)
    } else {
      let (memory, size) = try Self.readAll(descriptor, path)
      mapping = nil
      copy = memory
      bytes = UnsafeRawBufferPointer(start: memory.start, count: size)
    }
  }

  deinit {
    if let mapping { munmap(mapping, bytes.count) }
  }

  /// Whether there is something of this name.
  public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Lets the host forget the bytes until they are needed again.
  public func release() {
    if let mapping { madvise(mapping, bytes.count, Int32(MADV_DONTNEED)) }
  }

  /// The largest stream taken from a pipe.
  private static let longestStream = 256 << 20

  private static func readAll(
    _ descriptor: Int32, _ path: String
  ) throws(ImageError) -> (HostMemory, Int) {
    guard let memory = HostMemory(size: longestStream) else { throw ImageError(path, .unreadable) }
    var size = 0
    while size < memory.size {
      let count = read(descriptor, memory.start + size, min(1 << 16, memory.size - size))
      if count < 0 && errno == EINTR { continue }
      if count < 0 { throw ImageError(path, .unreadable) }
      if count == 0 { break }
      size += count
    }
    if size == 0 { throw ImageError(path, .empty) }
    if size == memory.size { throw ImageError(path, .tooLarge) }
    return (memory, size)
  }
}
