import X86

/// The translation cache: IA-32 code in the monitor's memory, and what the monitor knows about it.
///
/// All of it follows from the guest's code and is thrown away whenever that is easier: when the
/// cache is full, when the guest's code segment moves, when somebody replaces the guest's state.
final class TranslationCache {
  let memory: MonitorMemory
  /// One bit for each byte of the cache: an instruction that takes no time starts there.
  let untimed: UnsafeMutablePointer<UInt8>
  var map = TranslationMap()
  var blocks: [TranslatedBlock] = []
  /// The block, valid or not, that begins at an EIP.
  var blockAt: [UInt32: Int] = [:]
  var exits: [TranslatedExit] = []
  var pages: [TranslatedPage] = []
  /// The page, by the guest's linear address.
  var pageAt: [UInt32: Int] = [:]
  /// The pages that lie in a frame, by guest-physical address.
  var pagesIn: [PhysicalAddress: [Int]] = [:]
  /// The pages whose translations may be entered: their mapping was looked at since the last flush.
  var validPages: [Int] = []
  /// The guest's code segment that all this was made for.
  var codeBase: UInt32 = 0
  var codeLimit: UInt32 = .max
  /// Linear addresses that somebody waits for: nothing is translated there.
  var watched: [CPU.AddressRange] = []

  /// The block that is being made.
  var currentBlock = -1
  /// How much of the cache is used.
  private(set) var used: UInt32 = 0
  /// The bytes written since the lab processor was told.
  private var changedFrom: UInt32 = .max
  private var changedTo: UInt32 = 0
  /// HLT for indirect transfers whose target is not in the table.
  private(set) var lookupMiss: UInt32 = 0

  init(_ memory: MonitorMemory) {
    self.memory = memory
    untimed = .allocate(capacity: Int(TranslationLayout.cacheSize) / 8)
    memory.buildTranslation()
    removeAll()
  }

  deinit { untimed.deallocate() }

  /// What the lab processor has to know about the cache.
  var untimedCode: UntimedCode {
    UntimedCode(
      start: PhysicalAddress(TranslationLayout.cache + TranslationLayout.machineOffset),
      size: Int(TranslationLayout.cacheSize), map: untimed)
  }

  /// How much of the cache may be used, in bytes.
  var capacity = TranslationLayout.cacheSize

  /// There is room for any block.
  var hasRoom: Bool {
    used + 0x2000 <= capacity && blocks.count < TranslationLayout.slotCount
  }

  /// There is room for what `makeLanding` writes, which comes without a block.
  var hasRoomForLanding: Bool { used + Self.landingRoom <= capacity }
  private static let landingRoom: UInt32 = 64

  /// Forgets everything. The lab processor must not be in it.
  func removeAll() {
    (changedFrom, changedTo) = (0, max(used, changedTo))
    untimed.initialize(repeating: 0, count: Int(TranslationLayout.cacheSize) / 8)
    used = 0
    map.removeAll()
    blocks.removeAll(keepingCapacity: true)
    blockAt.removeAll(keepingCapacity: true)
    exits.removeAll(keepingCapacity: true)
    pages.removeAll(keepingCapacity: true)
    pageAt.removeAll(keepingCapacity: true)
    pagesIn.removeAll(keepingCapacity: true)
    validPages.removeAll(keepingCapacity: true)
    lookupMiss = used
    emit(0xF4, 0, .lookup, [.ecxSaved, .indirect, .untimed])
    for entry in 0..<TranslationLayout.tableCount {
      memory.storeTranslation(
        TranslationLayout.linear(lookupMiss), at: TranslationLayout.table + UInt32(entry * 4))
    }
  }

  // MARK: Bytes

  /// Begins an instruction: notes what it is.
  func begin(
    _ guest: UInt32, _ kind: TranslatedInstruction.Kind,
    _ flags: TranslatedInstruction.Flags = [], exit: Int? = nil
  ) {
    let index = Int32(exit ?? currentBlock)
    if flags.contains(.untimed) { untimed[Int(used >> 3)] |= 1 << UInt8(used & 7) }
    map.append(
      TranslatedInstruction(place: used, guest: guest, kind: kind, flags: flags, index: index))
  }

  /// An instruction of one byte.
  func emit(
    _ byte: UInt8, _ guest: UInt32, _ kind: TranslatedInstruction.Kind,
    _ flags: TranslatedInstruction.Flags = []
  ) {
    begin(guest, kind, flags)
    put(byte)
  }

  func put(_ byte: UInt8) {
    write(byte, at: used)
    used += 1
  }

  func put(_ bytes: [UInt8]) { for byte in bytes { put(byte) } }

  func put(_ word: UInt32) {
    write(word, at: used)
    used += 4
  }

  /// Changes bytes that are there.
  func write<T: FixedWidthInteger>(_ value: T, at place: UInt32) {
    memory.storeTranslation(value, at: TranslationLayout.cache + place)
    changedFrom = min(changedFrom, place)
    changedTo = max(changedTo, place + UInt32(MemoryLayout<T>.size))
  }

  func byte(at place: UInt32) -> UInt8 {
    memory.loadTranslation(TranslationLayout.cache + place)
  }

  /// The bytes that have changed since the last call, as the lab processor sees them.
  func takeChange() -> (address: PhysicalAddress, size: Int)? {
    guard changedFrom < changedTo else { return nil }
    defer { (changedFrom, changedTo) = (.max, 0) }
    let start = TranslationLayout.cache + TranslationLayout.machineOffset + changedFrom
    return (PhysicalAddress(start), Int(changedTo - changedFrom))
  }

  /// The first part of what stands for the guest instruction behind that of `index`.
  func nextGuestInstruction(behind index: Int) -> Int? {
    let now = map[index].guest
    var next = index + 1
    while next < map.count, map[next].guest == now { next += 1 }
    return next < map.count ? next : nil
  }

  // MARK: Data

  func setData(_ value: UInt8, _ field: UInt32) {
    memory.storeTranslation(value, at: TranslationLayout.data + field)
  }

  func setData(_ value: UInt32, _ field: UInt32) {
    memory.storeTranslation(value, at: TranslationLayout.data + field)
  }

  func data(_ field: UInt32) -> UInt32 {
    memory.loadTranslation(TranslationLayout.data + field)
  }

  func dataByte(_ field: UInt32) -> UInt8 {
    memory.loadTranslation(TranslationLayout.data + field)
  }

  /// IF as the guest believes it. It cannot be on while a device waits: what would turn it on then
  /// calls the monitor.
  var interruptFlag: Bool {
    dataByte(TranslationLayout.Data.interruptFlag) != 0
      && dataByte(TranslationLayout.Data.isPending) == 0
  }

  func setSlot(_ block: Int, _ place: UInt32) {
    memory.storeTranslation(
      TranslationLayout.linear(place), at: TranslationLayout.slots + UInt32(block * 4))
  }

  func setTable(_ eip: UInt32, _ place: UInt32) {
    memory.storeTranslation(
      TranslationLayout.linear(place), at: TranslationLayout.table + (eip & 0xFFFF) * 4)
  }
}

/// Guest instructions that were translated together, from one entry on.
struct TranslatedBlock {
  /// EIP of the first instruction, and bytes of all of them.
  var guest: UInt32
  var guestSize: UInt32 = 0
  var page: Int
  /// The page that the block's only instruction reaches into; -1 when there is none.
  var secondPage = -1
  /// Where its code starts in the cache; before it lies the HLT of the kind `entry`.
  var body: UInt32 = 0
  /// Behind its code and exits.
  var end: UInt32 = 0
  /// Where indirect transfers land; 0 as long as none has.
  var landing: UInt32 = 0
  var isValid = false
  /// Numbers of its instructions in the map.
  var instructions: Range<Int> = 0..<0
}

/// A place where control leaves a block for a known address.
struct TranslatedExit {
  /// Seven bytes: HLT until the target is translated, then a jump.
  var place: UInt32
  /// The displacement of a Jcc that goes to the place; 0 if it is reached otherwise.
  var branch: UInt32
  var target: UInt32
  var page: Int
  /// The block has one page only: it may jump straight into another one of the same page.
  var isInside: Bool
  /// It stands for a JMP of the guest, which takes a tick.
  var isTimed: Bool
}

/// A page of guest code.
struct TranslatedPage {
  /// The linear address.
  var linear: UInt32
  var physical: PhysicalAddress
  /// Its translations may be entered.
  var isValid = false
  /// Blocks that have an instruction in it, valid or not.
  var blocks: [Int] = []
  /// The bytes that were translated, one bit each, and the page as it was.
  var translated = [UInt64](repeating: 0, count: 64)
  var copy = [UInt8](repeating: 0, count: 4096)
  var hasTranslations = false
  /// Writes to it that the monitor had to do, since a tick.
  var writes = 0
  var writesSince: UInt64 = 0
  /// Until this tick it is not translated: it is written to too often.
  var restsUntil: UInt64 = 0
}
