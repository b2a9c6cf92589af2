import Testing

@testable import Chipset

@Suite struct InterruptControllerTests {
  private func controllers(icw4: UInt8 = 0x01) -> InterruptControllers {
    let pair = InterruptControllers()
    pair.write(0x20, 0x11, at: 0)
    for value in [0x20, 0x04, icw4] { pair.write(0x21, value, at: 0) }
    pair.write(0xA0, 0x11, at: 0)
    for value in [0x28, 0x02, icw4] { pair.write(0xA1, value, at: 0) }
    return pair
  }

  private func pulse(_ pair: InterruptControllers, _ lines: Int...) {
    for line in lines { pair.setLine(line, true) }
  }

  @Test func isQuietUntilInitialized() {
    let pair = InterruptControllers()
    pulse(pair, 0, 8)
    #expect(!pair.output)
  }

  @Test func acknowledgesByPriority() {
    let pair = controllers()
    pulse(pair, 7, 14, 1, 8, 0)
    var vectors: [UInt8] = []
    while pair.output {
      let vector = pair.acknowledge()
      vectors.append(vector)
      if vector >= 0x28 { pair.write(0xA0, 0x20, at: 0) }
      pair.write(0x20, 0x20, at: 0)
    }
    #expect(vectors == [0x20, 0x21, 0x28, 0x2E, 0x27])
  }

  @Test func lowerPriorityWaitsForEndOfInterrupt() {
    let pair = controllers()
    pulse(pair, 4)
    #expect(pair.acknowledge() == 0x24)
    pulse(pair, 5, 3)
    #expect(pair.acknowledge() == 0x23)
    #expect(!pair.output)
    pair.write(0x20, 0x20, at: 0)
    #expect(!pair.output)
    pair.write(0x20, 0x20, at: 0)
    #expect(pair.acknowledge() == 0x25)
  }

  @Test func maskHidesARequestWithoutLosingIt() {
    let pair = controllers()
    pair.write(0x21, 0x10, at: 0)
    pulse(pair, 4)
    #expect(!pair.output)
    #expect(pair.read(0x20, at: 0) == 0x10)
    pair.write(0x21, 0, at: 0)
    #expect(pair.acknowledge() == 0x24)
    #expect(pair.read(0x20, at: 0) == 0)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x10)
  }

  @Test func aRequestThatGoesAwayIsSpuriousLevel7() {
    let pair = controllers()
    pulse(pair, 4)
    pair.setLine(4, false)
    #expect(!pair.output)
    #expect(pair.acknowledge() == 0x27)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0)
  }

  @Test func maskingInTheSecondTakesTheCascadeBack() {
    let pair = controllers()
    pulse(pair, 9)
    #expect(pair.output)
    pair.write(0xA1, 0x02, at: 0)
    #expect(!pair.output)
  }

  @Test func edgesNeedALowLineLevelsDoNot() {
    let pair = controllers()
    pair.write(0x4D1, 0xFF, at: 0)
    #expect(pair.read(0x4D1, at: 0) == 0xDE)
    pulse(pair, 5, 11)
    #expect(pair.acknowledge() == 0x2B)
    pair.write(0xA0, 0x20, at: 0)
    pair.write(0x20, 0x20, at: 0)
    #expect(pair.acknowledge() == 0x2B)
    pair.setLine(11, false)
    pair.write(0xA0, 0x20, at: 0)
    pair.write(0x20, 0x20, at: 0)
    #expect(pair.acknowledge() == 0x25)
    pair.write(0x20, 0x20, at: 0)
    #expect(!pair.output)
  }

  @Test func specificEndOfInterruptNamesItsLevel() {
    let pair = controllers()
    pulse(pair, 4)
    _ = pair.acknowledge()
    pulse(pair, 1)
    _ = pair.acknowledge()
    pair.write(0x20, 0x60 | 4, at: 0)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x02)
  }

  @Test func rotationMovesTheServedLevelToTheEnd() {
    let pair = controllers()
    pulse(pair, 3)
    _ = pair.acknowledge()
    pair.write(0x20, 0xA0, at: 0)
    pair.setLine(3, false)
    pulse(pair, 3, 4)
    #expect(pair.acknowledge() == 0x24)
    pair.write(0x20, 0x20, at: 0)
    // Level 2 lowest: 3 is the highest again.
    pair.write(0x20, 0xC2, at: 0)
    pulse(pair, 0)
    #expect(pair.acknowledge() == 0x23)
  }

  @Test func automaticEndOfInterruptLeavesNothingInService() {
    let pair = controllers(icw4: 0x03)
    pulse(pair, 6, 12)
    #expect(pair.acknowledge() == 0x2C)
    #expect(pair.acknowledge() == 0x26)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0)
    #expect(!pair.output)
  }

  @Test func automaticRotationServesInTurn() {
    let pair = controllers(icw4: 0x03)
    pair.write(0x20, 0x80, at: 0)
    pulse(pair, 1)
    #expect(pair.acknowledge() == 0x21)
    pair.setLine(1, false)
    pulse(pair, 1, 5)
    #expect(pair.acknowledge() == 0x25)
    #expect(pair.acknowledge() == 0x21)
  }

  @Test func specialMaskLetsLowerLevelsThrough() {
    let pair = controllers()
    pulse(pair, 1)
    _ = pair.acknowledge()
    pulse(pair, 6)
    #expect(!pair.output)
    pair.write(0x21, 0x02, at: 0)
    pair.write(0x20, 0x68, at: 0)
    #expect(pair.acknowledge() == 0x26)
    // A non-specific end passes the masked level over.
    pair.write(0x20, 0x20, at: 0)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x02)
  }

  @Test func specialFullyNestedModeNestsInTheSecond() {
    let pair = controllers(icw4: 0x11)
    pulse(pair, 14)
    #expect(pair.acknowledge() == 0x2E)
    pulse(pair, 9)
    #expect(pair.acknowledge() == 0x29)
    let plain = controllers()
    pulse(plain, 14)
    #expect(plain.acknowledge() == 0x2E)
    pulse(plain, 9)
    #expect(!plain.output)
  }

  @Test func pollAcknowledges() {
    let pair = controllers()
    pair.write(0x20, 0x0C, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x00)
    pulse(pair, 5)
    pair.write(0x20, 0x0C, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x85)
    #expect(!pair.output)
    pair.write(0x20, 0x0B, at: 0)
    #expect(pair.read(0x20, at: 0) == 0x20)
  }

  @Test func initializationForgetsEdgesAndMasks() {
    let pair = controllers()
    pair.write(0x21, 0xFF, at: 0)
    pulse(pair, 3)
    pair.write(0x20, 0x11, at: 0)
    for value: UInt8 in [0x40, 0x04, 0x01] { pair.write(0x21, value, at: 0) }
    #expect(pair.read(0x21, at: 0) == 0)
    #expect(!pair.output)
    pair.setLine(3, false)
    pulse(pair, 3)
    #expect(pair.acknowledge() == 0x43)
  }
}

extension InterruptControllers {
  fileprivate func setLine(_ number: Int, _ level: Bool) {
    let bit = UInt16(1) << UInt16(number)
    setLines(level ? bit : 0, changed: bit)
  }
}
