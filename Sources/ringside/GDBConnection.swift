#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// A socket at which gdb may connect.
final class GDBListener {
  private let descriptor: Int32
  /// Host and port, as gdb's `target remote` takes them.
  let address: String

  /// Listens at `host:port`; port 0 takes a free one. Throws what is wrong with the place.
  init(_ place: String) throws(UserError) {
    guard let colon = place.lastIndex(of: ":"),
      let port = UInt16(place[place.index(after: colon)...])
    else { throw UserError("--listen \(place): write HOST:PORT, as in 127.0.0.1:1234, or stdio") }
    let name = place[..<colon].trimming("[]")
    let host = name.isEmpty ? "127.0.0.1" : name
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_PASSIVE
    var found: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &found) == 0, let info = found?.pointee else {
      throw UserError("--listen \(place): there is no host of that name")
    }
    defer { freeaddrinfo(found) }
    let descriptor = socket(info.ai_family, info.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    guard bind(descriptor, info.ai_addr, info.ai_addrlen) == 0,
      systemListen(descriptor) == 0
    else {
      let reason = String(cString: strerror(errno)).lowercased()
      close(descriptor)
      throw UserError("--listen \(place): \(reason); give another port")
    }
    self.descriptor = descriptor
    let shown = host.contains(":") ? "[\(host)]" : host
    address = "\(shown):\(Self.port(of: descriptor) ?? port)"
  }

  deinit { close(descriptor) }

  /// The port that the system chose.
  private static func port(of descriptor: Int32) -> UInt16? {
    var address = sockaddr_in6()
    var size = socklen_t(MemoryLayout<sockaddr_in6>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &size)
      }
    }
    // The port is at the same place for both families.
    return result == 0 ? UInt16(bigEndian: address.sin6_port) : nil
  }

  /// The next connection, after waiting at most `seconds`; nil waits until a signal comes.
  func accept(waiting seconds: Double?) -> GDBConnection? {
    guard waitForInput(descriptor, seconds) else { return nil }
    let connection = systemAccept(descriptor)
    guard connection >= 0 else { return nil }
    var yes: Int32 = 1
    setsockopt(
      connection, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    // Somebody who does not read is not waited for.
    var limit = timeval(tv_sec: 5, tv_usec: 0)
    setsockopt(
      connection, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    return GDBConnection(input: connection, output: connection)
  }
}

/// Two ends of a stream with gdb at the other side.
struct GDBConnection {
  let input: Int32
  let output: Int32

  /// The bytes that are there, after waiting at most `seconds`; nil at the end of the stream.
  func read(waiting seconds: Double?) -> [UInt8]? {
    guard waitForInput(input, seconds) else { return [] }
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = systemRead(input, &buffer, buffer.count)
    if count < 0 && (errno == EINTR || errno == EAGAIN) { return [] }
    return count > 0 ? Array(buffer[..<count]) : nil
  }

  /// False when nobody takes them.
  func write(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { systemWrite(output, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  func close() { if input != STDIN_FILENO { systemClose(input) } }
}

private func waitForInput(_ descriptor: Int32, _ seconds: Double?) -> Bool {
  var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
  return poll(&request, 1, seconds.map { Int32($0 * 1000) } ?? -1) > 0
}

private func systemListen(_ descriptor: Int32) -> Int32 { listen(descriptor, 1) }
private func systemAccept(_ descriptor: Int32) -> Int32 { accept(descriptor, nil, nil) }
private func systemClose(_ descriptor: Int32) { close(descriptor) }

private func systemRead(
  _ descriptor: Int32, _ buffer: UnsafeMutablePointer<UInt8>, _ count: Int
) -> Int {
  read(descriptor, buffer, count)
}

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}

extension Substring {
  /// Without these characters at both ends.
  fileprivate func trimming(_ characters: String) -> String {
    var rest = self
    while let first = rest.first, characters.contains(first) { rest = rest.dropFirst() }
    while let last = rest.last, characters.contains(last) { rest = rest.dropLast() }
    return String(rest)
  }
}
