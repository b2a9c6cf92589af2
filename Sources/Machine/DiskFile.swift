#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An open file with the sectors of a disk. It is read as it is needed, and written only if it
/// was opened for writing.
///
/// Others keep off while it is open: several may read it, and one alone may write it.
public final class DiskFile {
  /// The file's name as the user gave it.
  public let path: String
  /// Its size in bytes when it was opened.
  public let size: UInt64
  /// Whether the guest's writes reach it.
  public let isWritable: Bool
  private let descriptor: Int32

  /// What a sector has, in bytes.
  static let sectorSize: UInt64 = 512
  /// As much as 28 bits can number: 128 GiB, a sector less.
  static let largest = 0x0FFF_FFFF * sectorSize

  /// Opens a file. Throws for one that is no disk, cannot be used, or is in use.
  public init(path: String, writable: Bool) throws(ImageError) {
    self.path = path
    isWritable = writable
    // Without O_NONBLOCK, a named pipe would wait for its other end.
    let mode = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK
    let descriptor = open(path, mode)
    guard descriptor >= 0 else {
      switch errno {
      case ENOENT: throw ImageError(path, .missingDisk)
      case EISDIR: throw ImageError(path, .directory)
      case _ where writable && access(path, R_OK) == 0: throw ImageError(path, .notWritable)
      default: throw ImageError(path, .unreadable)
      }
    }
    self.descriptor = descriptor
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.refuse(descriptor, path, .unreadable) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR: throw Self.refuse(descriptor, path, .directory)
    default: throw Self.refuse(descriptor, path, .noFile)
    }
    size = UInt64(status.st_size)
    if size == 0 { throw Self.refuse(descriptor, path, .emptyDisk) }
    if size > Self.largest { throw Self.refuse(descriptor, path, .diskTooLarge(size)) }
    if writable && size % Self.sectorSize != 0 {
      throw Self.refuse(descriptor, path, .oddDisk(size))
    }
    // A file system without locks is no reason to refuse.
    let isTaken = flock(descriptor, (writable ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0
    if isTaken && errno == EWOULDBLOCK { throw Self.refuse(descriptor, path, .inUse) }
  }

  deinit { close(descriptor) }

  private static func refuse(
    _ descriptor: Int32, _ path: String, _ problem: ImageError.Problem
  ) -> ImageError {
    close(descriptor)
    return ImageError(path, problem)
  }

  /// Reads a sector; what lies behind the file's size is zero. False if the host cannot, or if the
  /// file has become shorter than it was.
  func read(_ sector: UInt64, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
    let start = sector * Self.sectorSize
    let length = Int(min(Self.sectorSize, size - start))
    guard let place = bytes.baseAddress else { return false }
    var done = 0
    while done < length {
      let count = pread(descriptor, place + done, length - done, off_t(start) + off_t(done))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    for index in length..<bytes.count { bytes[index] = 0 }
    return true
  }

  /// SHA-256 of all that is in the file, in hexadecimal digits.
  func hash() throws(ImageError) -> String {
    var hash = SHA256()
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
    defer { block.deallocate() }
    var place: UInt64 = 0
    while place < size {
      let count = pread(
        descriptor, block.baseAddress, Int(min(UInt64(block.count), size - place)), off_t(place))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { throw ImageError(path, .unreadable) }
      hash.combine(UnsafeRawBufferPointer(rebasing: block[..<count]))
      place += UInt64(count)
    }
    return hash.finish()
  }

  /// Writes a sector to the file. False if the host cannot.
  func write(_ sector: UInt64, from bytes: UnsafeRawBufferPointer) -> Bool {
    let start = sector * Self.sectorSize
    guard let place = bytes.baseAddress else { return false }
    var done = 0
    while done < bytes.count {
      let count = pwrite(descriptor, place + done, bytes.count - done, off_t(start) + off_t(done))
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  /// Returns when the host says that everything is on its disk. False if it fails.
  func flush() -> Bool { !isWritable || fsync(descriptor) == 0 }
}
