import Testing

@testable import Labs

@Suite struct DrawnValuesTests {
  private let range = LabValue(name: "calls", line: 1, kind: .range(3...60))
  private let some = LabValue(
    name: "op", line: 2,
    kind: .some(2, ["a", "b", "c"].map { LabValue.Item(parts: ["": $0]) }, isNumbered: true))

  @Test func aSeedAlwaysDrawsTheSame() {
    let values = [range, some]
    let first = DrawnValues(seed: 7, lab: "x", values: values)
    #expect(first == DrawnValues(seed: 7, lab: "x", values: values))
    // Fixed for ever: sheets that were handed out stay right.
    #expect(first["calls"] == "54" && first["op1"] == "c" && first["op2"] == "a")
  }

  @Test func seedsDiffer() {
    let drawn = Set(
      (0..<50).compactMap { DrawnValues(seed: $0, lab: "x", values: [range])["calls"] })
    #expect(drawn.count > 20)
    #expect(drawn.compactMap { Int($0) }.allSatisfy { (3...60).contains($0) })
  }

  @Test func aFurtherValueLeavesTheOthers() {
    for seed: UInt64 in 0..<20 {
      let both = DrawnValues(seed: seed, lab: "x", values: [some, range])
      #expect(both["calls"] == DrawnValues(seed: seed, lab: "x", values: [range])["calls"])
      #expect(both["op1"] != both["op2"])
    }
  }

  @Test func templatesTakeNamesAndLeaveOtherBraces() {
    let values = DrawnValues(seed: 7, lab: "x", values: [range])
    let number = values["calls"] ?? ""
    for (text, expected) in [
      ("{calls} times", "\(number) times"), ("a{{calls}}", "a{\(number)}"), ("\\d{3}", "\\d{3}"),
      ("{", "{"), ("{}", "{}"), ("{other}", "{other}"), ("{seed}", "7"),
    ] {
      #expect(Template(text: text, line: 1).filled(with: values) == expected)
    }
  }

  @Test func aCourseKeyChangesWhatSeedsStandFor() {
    #expect(
      SHA256.digest(of: Array("abc".utf8)).prefix(4) == [0xBA, 0x78, 0x16, 0xBF], "FIPS 180-4, B.1")
    let key = CourseKey("our secret")
    #expect(key.seed(for: 1) != key.seed(for: 2))
    #expect(key.seed(for: 1) != CourseKey("other").seed(for: 1))
    #expect(key.fingerprint.count == 16 && key.fingerprint != CourseKey("other").fingerprint)
  }
}
