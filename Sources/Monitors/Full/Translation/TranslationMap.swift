/// What stands at an address of the translation cache, and how the guest's state is found when the
/// lab processor is there.
struct TranslatedInstruction {
  /// Where it lies in the cache.
  var place: UInt32
  /// EIP as the guest sees it, unless `indirect` says otherwise.
  var guest: UInt32
  var kind: Kind
  var flags: Flags = []
  /// For `link` and `linkAfterJump` the exit, otherwise the block.
  var index: Int32 = -1
  /// How often it has called the monitor.
  var calls: UInt64 = 0

  enum Kind: UInt8 {
    /// A guest instruction itself, byte for byte.
    case identical
    /// Part of a sequence that stands for a guest instruction.
    case inline
    /// HLT that calls the monitor for a guest instruction.
    case service
    /// HLT where control leaves for a block that is not translated yet.
    case link
    /// The same in the place of a JMP of the guest.
    case linkAfterJump
    /// HLT before a block, where others enter that is not valid now.
    case entry
    /// HLT for an indirect transfer whose target is not in the table.
    case lookup
  }

  struct Flags: OptionSet {
    let rawValue: UInt8
    /// The guest's ECX is in memory.
    static let ecxSaved = Flags(rawValue: 1)
    /// EIP is in memory: where an indirect transfer goes.
    static let indirect = Flags(rawValue: 2)
    /// The guest's instruction has begun and cannot be taken back: only forward.
    static let begun = Flags(rawValue: 4)
    /// The guest has just executed STI.
    static let behindSTI = Flags(rawValue: 8)
    /// Jumps that connect blocks.
    static let chain = Flags(rawValue: 16)
    /// Takes no time.
    static let untimed = Flags(rawValue: 32)
  }
}

/// The instructions of the translation cache in the order of their places.
struct TranslationMap {
  private(set) var instructions: [TranslatedInstruction] = []

  mutating func append(_ instruction: TranslatedInstruction) {
    instructions.append(instruction)
  }

  mutating func countCall(_ index: Int) { instructions[index].calls &+= 1 }

  mutating func removeAll() { instructions.removeAll(keepingCapacity: true) }

  var count: Int { instructions.count }

  /// The number of the instruction that starts at a place; nil when none does.
  func index(at place: UInt32) -> Int? {
    var low = 0
    var high = instructions.count
    while low < high {
      let middle = (low + high) / 2
      if instructions[middle].place < place { low = middle + 1 } else { high = middle }
    }
    guard low < instructions.count, instructions[low].place == place else { return nil }
    return low
  }

  subscript(index: Int) -> TranslatedInstruction { instructions[index] }
}
