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

  /// Gives the host its memory back: what was here is zero from now on.
  func discard() {
    madvise(start, size, Int32(MADV_DONTNEED))
    #if !os(Linux)
      start.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    #endif
  }
}
