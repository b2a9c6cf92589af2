import Testing

@testable import Chipset
