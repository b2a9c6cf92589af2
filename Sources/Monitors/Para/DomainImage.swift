/// A paravirtual kernel as a loader has found it in its file.
public struct DomainImage: Sendable {
  /// Bytes for a pseudo-physical address, with zeros behind them up to `size`.
  public struct Segment: Sendable {
    public var address: UInt32
    public var bytes: [UInt8]
    public var size: UInt32

    public init(address: UInt32, bytes: [UInt8], size: UInt32) {
      (self.address, self.bytes, self.size) = (address, bytes, size)
    }
  }

  public var segments: [Segment]
  /// The linear address where it begins.
  public var entry: UInt32
  /// The linear address of pseudo-physical address 0, a multiple of 4 MiB.
  public var virtualBase: UInt32
  /// The linear address of the page that is to be filled with hypercalls.
  public var hypercallPage: UInt32?
  public var commandLine: String

  public init(
    segments: [Segment], entry: UInt32, virtualBase: UInt32, hypercallPage: UInt32?,
    commandLine: String
  ) {
    (self.segments, self.entry, self.virtualBase) = (segments, entry, virtualBase)
    (self.hypercallPage, self.commandLine) = (hypercallPage, commandLine)
  }
}
