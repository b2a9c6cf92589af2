// swift-tools-version: 6.2
import PackageDescription

/// Every Swift target compiles under the same rules.
let settings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// For the modules whose classes are reached at every device access. They live in one thread, and
/// tests run with the checks (a debug build has them); in release each check costs more than the
/// access it guards.
let boardSettings =
  settings + [
    .unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))
  ]

let package = Package(
  name: "ringside",
  products: [.executable(name: "ringside", targets: ["ringside"])],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    .target(name: "X86", swiftSettings: settings),
    .target(name: "Predicates", dependencies: ["X86"], swiftSettings: settings),
    .target(name: "Narration", dependencies: ["X86"], swiftSettings: settings),
    .target(name: "Chipset", dependencies: ["X86"], swiftSettings: boardSettings),
    .target(name: "Monitors", dependencies: ["X86"], swiftSettings: boardSettings),
    .target(
      name: "Machine", dependencies: ["X86", "Chipset", "Monitors", "Predicates"],
      swiftSettings: boardSettings),
    .target(name: "GDBStub", dependencies: ["Machine", "X86"], swiftSettings: settings),
    .target(name: "Cells", swiftSettings: settings),
    .target(
      name: "CTerminal",
      cSettings: [
        .define("NCURSES_WIDECHAR", to: "1"), .define("_XOPEN_SOURCE_EXTENDED", to: "1"),
        .define("_DEFAULT_SOURCE"), .define("_XOPEN_SOURCE", to: "700"),
      ],
      linkerSettings: [
        .linkedLibrary("ncursesw", .when(platforms: [.linux])),
        .linkedLibrary("tinfo", .when(platforms: [.linux])),
        .linkedLibrary("ncurses", .when(platforms: [.macOS])),
      ]),
    .target(name: "Terminal", dependencies: ["CTerminal", "Cells"], swiftSettings: settings),
    .target(
      name: "Panes",
      dependencies: ["Cells", "Machine", "Monitors", "Narration", "Predicates", "X86"],
      swiftSettings: settings),
    .target(
      name: "Labs",
      dependencies: [
        "X86", "Chipset", "Monitors", "Predicates", "Machine",
        .product(name: "Yams", package: "Yams"),
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "ringside",
      dependencies: [
        "X86", "Chipset", "Monitors", "Predicates", "Narration", "Machine", "GDBStub", "Labs",
        "Cells",
        "Terminal", "Panes",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: settings),
    .testTarget(
      name: "X86Tests", dependencies: ["X86"], exclude: ["Vectors"], swiftSettings: settings),
    .testTarget(
      name: "PredicatesTests", dependencies: ["Predicates", "X86"], swiftSettings: settings),
    .testTarget(
      name: "NarrationTests", dependencies: ["Narration", "X86"], swiftSettings: settings),
    .testTarget(
      name: "ChipsetTests", dependencies: ["Chipset", "X86"], swiftSettings: settings),
    .testTarget(
      name: "MachineTests", dependencies: ["Machine", "Chipset", "Predicates", "X86"],
      swiftSettings: settings),
    .testTarget(
      name: "LabsTests", dependencies: ["Labs", "Machine", "X86"], swiftSettings: settings),
    .testTarget(
      name: "GDBStubTests", dependencies: ["GDBStub", "Machine", "X86"], swiftSettings: settings),
    .testTarget(name: "CellsTests", dependencies: ["Cells"], swiftSettings: settings),
    .testTarget(
      name: "RingsideTests",
      dependencies: ["ringside", "Cells", "Labs", "Machine", "Monitors", "Panes", "Predicates"],
      swiftSettings: settings),
    .testTarget(
      name: "PanesTests",
      dependencies: ["Panes", "Cells", "Machine", "Monitors", "Narration", "Predicates", "X86"],
      swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
