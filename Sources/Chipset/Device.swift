/// What the devices on the board have in common.
///
/// A device answers to a few ports, one byte at a time. It lives in machine ticks and changes by
/// itself only at its `deadline`; whatever else depends on time is computed when it is read. Its
/// interrupt lines are plain properties: the board carries them to the interrupt controllers.
protocol Device: AnyObject {
  /// The next tick at which something happens here without being asked; `.max` for never.
  var deadline: UInt64 { get }
  /// What the reset line does.
  func reset()
  /// A byte from one of the device's ports, at the exact tick of the access.
  func read(_ port: UInt16, at tick: UInt64) -> UInt8
  /// A byte for one of the device's ports, at the exact tick of the access.
  func write(_ port: UInt16, _ value: UInt8, at tick: UInt64)
  /// Does what is due at `tick`, which is the device's own deadline or before it.
  func advance(to tick: UInt64)
  /// Appends the whole state.
  func save(into writer: inout StateWriter)
  /// Takes the whole state back.
  func load(from reader: inout StateReader) throws(StateError)
}

extension Device {
  var deadline: UInt64 { .max }
  func advance(to tick: UInt64) {}
}
