import Testing
import X86

@testable import Machine

/// What a guest finds in memory and registers when it takes over.
@Suite struct LoaderTests {
  @Test func multibootKernelFindsItsInformation() throws {
    let machine = try Machine(ImageFiles.kernel(code: [0x90, 0xF4], memorySize: 0x2000)) {
      $0.commandLine = "one two"
    }
    #expect(machine.format == .multiboot)
    #expect(machine.cpu.eip == 0x10_0000)
    #expect(machine.cpu[.eax] == 0x2BAD_B002)
    #expect(machine.cpu.cr0.contains(.protection) && !machine.cpu.cr0.contains(.paging))
    #expect(!machine.cpu.eflags.contains(.interrupt))
    for index in 0..<6 {
      let segment = machine.cpu.segment(index)
      #expect(segment.base == 0 && segment.limit == 0xFFFF_FFFF && segment.isBig)
    }
    #expect(try machine.load(0x10_0000, as: UInt16.self) == 0xF490)
    let information = machine.cpu[.ebx]
    #expect(try machine.load(information, as: UInt32.self) == 0x245)
    #expect(try machine.load(information + 4, as: UInt32.self) == 640)
    #expect(try machine.load(information + 8, as: UInt32.self) == 3072)
    #expect(try machine.text(try machine.load(information + 16)) == "one two")
    #expect(try machine.text(try machine.load(information + 64)) == "Ringside")
    let map: UInt32 = try machine.load(information + 48)
    #expect(try machine.load(information + 44, as: UInt32.self) == 48)
    #expect(try machine.load(map + 4, as: UInt64.self) == 0)
    #expect(try machine.load(map + 12, as: UInt64.self) == 0xA_0000)
    #expect(try machine.load(map + 28, as: UInt64.self) == 0x10_0000)
    #expect(try machine.load(map + 36, as: UInt64.self) == 3 << 20)
  }

  @Test func multibootModuleLiesBehindTheKernel() throws {
    let module = try ImageFiles.contents([7, 8, 9])
    let machine = try Machine(ImageFiles.kernel(memorySize: 0x1234)) { $0.initrd = module }
    let information = machine.cpu[.ebx]
    #expect(try machine.load(information, as: UInt32.self) & 8 != 0)
    #expect(try machine.load(information + 20, as: UInt32.self) == 1)
    let entry: UInt32 = try machine.load(information + 24)
    #expect(try machine.load(entry, as: UInt32.self) == 0x10_2000)
    #expect(try machine.load(entry + 4, as: UInt32.self) == 0x10_2003)
    #expect(try machine.load(0x10_2002, as: UInt8.self) == 9)
  }

  @Test func multibootAddressesInTheHeaderReplaceELF() throws {
    var file = [UInt8](repeating: 0x90, count: 0x100)
    let flags: UInt32 = 1 << 16
    for (index, field) in [
      0x1BAD_B002, flags, 0 &- 0x1BAD_B002 &- flags, 0x20_0010, 0x20_0000, 0, 0x20_1000, 0x20_0030,
    ].enumerated() { file.put(UInt32(field), at: 0x10 + index * 4) }
    let machine = try Machine(file)
    #expect(machine.cpu.eip == 0x20_0030)
    #expect(try machine.load(0x20_0010, as: UInt32.self) == 0x1BAD_B002)
    #expect(try machine.load(0x20_00FF, as: UInt8.self) == 0x90)
  }

  @Test func informationStaysOutOfTheKernelsWay() throws {
    let machine = try Machine(ImageFiles.kernel(address: 0x1000, memorySize: 0x4000))
    #expect(machine.cpu.eip == 0x1000)
    #expect(machine.cpu[.ebx] >= 0x5000)
  }

  @Test func linuxFindsItsParameters() throws {
    let disk = try ImageFiles.contents([UInt8](repeating: 5, count: 5000))
    let machine = try Machine(ImageFiles.linux()) {
      $0.initrd = disk
      $0.commandLine = "console=ttyS0"
    }
    #expect(machine.format == .linux)
    #expect(machine.cpu.eip == 0x10_0000)
    #expect(machine.cpu.segment(SegmentRegister.cs).selector == 0x10)
    #expect(machine.cpu.segment(SegmentRegister.ds).selector == 0x18)
    #expect(try machine.load(machine.cpu.gdtBase + 0x10, as: UInt64.self) == 0x00CF_9B00_0000_FFFF)
    let parameters = machine.cpu[.esi]
    #expect(try machine.load(parameters + 0x202, as: UInt32.self) == 0x5372_6448)
    #expect(try machine.load(parameters + 0x1E8, as: UInt8.self) == 2)
    #expect(try machine.load(parameters + 0x2D0 + 20, as: UInt64.self) == 0x10_0000)
    #expect(try machine.load(parameters + 0x2D0 + 28, as: UInt64.self) == 3 << 20)
    #expect(try machine.load(parameters + 7, as: UInt8.self) == 80)
    #expect(try machine.text(try machine.load(parameters + 0x228)) == "console=ttyS0")
    let start: UInt32 = try machine.load(parameters + 0x218)
    #expect(start == (4 << 20) - 8192)
    #expect(try machine.load(parameters + 0x21C, as: UInt32.self) == 5000)
    #expect(try machine.load(start + 4999, as: UInt8.self) == 5)
    #expect(try machine.load(0x10_0000, as: UInt8.self) == 0xF4)
  }

  @Test func initrdStaysBelowTheKernelsMaximum() throws {
    let disk = try ImageFiles.contents([1])
    let machine = try Machine(ImageFiles.linux().with(UInt32(0x31_FFFF), at: 0x22C)) {
      $0.initrd = disk
    }
    #expect(try machine.load(machine.cpu[.esi] + 0x218, as: UInt32.self) == 0x31_F000)
  }

  @Test func bootSectorStartsInRealMode() throws {
    var sector = [UInt8](repeating: 0x90, count: 1024)
    sector.put(UInt16(0xAA55), at: 510)
    let machine = try Machine(sector)
    #expect(machine.format == .bootSector)
    #expect(machine.cpu.eip == 0x7C00)
    #expect(!machine.cpu.cr0.contains(.protection))
    #expect(machine.cpu.segment(SegmentRegister.cs).base == 0)
    #expect(try machine.load(0x7C00 + 1023, as: UInt8.self) == 0x90)
  }

  @Test func bytesWithoutStructureStartAtOneMegabyte() throws {
    let machine = try Machine([0xFA, 0xF4])
    #expect(machine.format == .flat)
    #expect(machine.cpu.eip == 0x10_0000)
    #expect(machine.cpu.cr0.contains(.protection))
  }

  @Test func romEndsAtFourGigabytesAndBelowOneMegabyte() throws {
    var rom = [UInt8](repeating: 0xF4, count: 0x2_0000)
    rom[0] = 0x77
    rom[0x1_FFF0] = 0xEA
    let machine = try Machine(rom)
    #expect(machine.format == .rom)
    #expect(machine.cpu.eip == 0xFFF0)
    #expect(machine.cpu.segment(SegmentRegister.cs).base == 0xFFFF_0000)
    #expect(try machine.load(0xFFFE_0000, as: UInt8.self) == 0x77)
    #expect(try machine.load(0xE_0000, as: UInt8.self) == 0x77)
    #expect(try machine.load(0xF_FFF0, as: UInt8.self) == 0xEA)
  }

  @Test func videoROMLiesAtC0000() throws {
    let video = try ImageFiles.contents([0x55, 0xAA, 0x40])
    let machine = try Machine([0xF4]) { $0.videoBIOS = video }
    #expect(try machine.load(0xC_0000, as: UInt16.self) == 0xAA55)
  }

  @Test func builtInGuestsAreFound() throws {
    let library = try #require(GuestLibrary(program: CommandLine.arguments[0]))
    let names = [
      "ringlet", "demo", "hello", "crash", "edges", "ring1", "redpill", "tinysvm", "exits",
      "toyboot",
    ]
    #expect(library.entries.map(\.name) == names)
    #expect(library.path(of: "nobody") == nil)
    for entry in library.entries { _ = try ImageFiles.built(entry.name) }
  }
}
