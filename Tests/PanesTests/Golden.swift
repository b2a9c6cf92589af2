import Foundation
import Testing

/// Compares `text` with Tests/Golden/`name`.txt; with UPDATE_GOLDEN=1 in the environment the file
/// is written instead.
func expectGolden(
  _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) throws {
  let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Golden")
  let file = folder.appending(path: name + ".txt")
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return
  }
  let expected = try String(contentsOf: file, encoding: .utf8)
  guard text != expected else { return }
  let rows = zip(
    text.split(separator: "\n", omittingEmptySubsequences: false),
    expected.split(separator: "\n", omittingEmptySubsequences: false))
  let first = rows.enumerated().first { $0.element.0 != $0.element.1 }
  let difference = first.map { "row \($0.offset):\n  \($0.element.0)\n  \($0.element.1)" }
  Issue.record(
    "\(name) differs at \(difference ?? "its length")\nwhole screen:\n\(text)",
    sourceLocation: sourceLocation)
}
