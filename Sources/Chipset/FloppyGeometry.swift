/// What a disk's size says about its tracks.
struct FloppyGeometry: Equatable {
  var cylinders: Int
  var heads: Int
  var sectors: Int
  /// The kind of drive it fits, as the CMOS memory numbers them.
  var driveType: UInt8

  /// Sizes in sectors that are not found here are taken for the next larger of a 1.44 MB and a
  /// 2.88 MB disk, which then ends early.
  init(sectorCount: UInt64) {
    switch sectorCount {
    case 320: self.init(40, 1, 8, 1)
    case 360: self.init(40, 1, 9, 1)
    case 640: self.init(40, 2, 8, 1)
    case 720: self.init(40, 2, 9, 1)
    case 1440: self.init(80, 2, 9, 4)
    case 2400: self.init(80, 2, 15, 2)
    case 3360: self.init(80, 2, 21, 4)
    case 3444: self.init(82, 2, 21, 4)
    case 2881...: self.init(80, 2, 36, 5)
    default: self.init(80, 2, 18, 4)
    }
  }

  private init(_ cylinders: Int, _ heads: Int, _ sectors: Int, _ driveType: UInt8) {
    (self.cylinders, self.heads, self.sectors) = (cylinders, heads, sectors)
    self.driveType = driveType
  }

  /// Whether the disk can be read at the data rate in the CCR.
  func isRead(at rate: UInt8) -> Bool {
    switch sectors {
    case 36: rate == 3
    case 15, 18, 21: rate == 0
    default: rate == 1 || rate == 2
    }
  }
}
