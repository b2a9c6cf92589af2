/// Bytes in the order they came, taken from the front in constant time.
struct ByteQueue {
  private var storage: [UInt8] = []
  private var head = 0

  init(_ bytes: [UInt8] = []) { storage = bytes }

  var isEmpty: Bool { head == storage.count }
  /// What is still to be taken.
  var bytes: [UInt8] { Array(storage[head...]) }

  mutating func append(_ bytes: [UInt8]) {
    if head > 0 {
      storage.removeFirst(head)
      head = 0
    }
    storage += bytes
  }

  mutating func removeFirst() -> UInt8? {
    guard head < storage.count else { return nil }
    defer {
      head += 1
      if head == storage.count {
        storage = []
        head = 0
      }
    }
    return storage[head]
  }
}
