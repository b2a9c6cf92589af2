import Testing

@testable import Machine

/// Files that cannot be started: each is refused with its own reason, and nothing else happens.
@Suite struct DamagedImageTests {
  private func problem(
    _ bytes: [UInt8], memory: Int = 4, _ change: (inout Guest) -> Void = { _ in }
  )
    -> ImageError.Problem?
  {
    do {
      _ = try Machine(bytes, memory: memory, change)
      return nil
    } catch {
      return (error as? ImageError)?.problem
    }
  }

  @Test func missingEmptyAndDirectoryAreNamed() throws {
    #expect(throws: ImageError("/nonexistent", .missing)) {
      try FileContents(path: "/nonexistent")
    }
    #expect(throws: ImageError("/tmp", .directory)) { try FileContents(path: "/tmp") }
    #expect(problem([]) == .empty)
  }

  @Test(arguments: [
    ([UInt8]("#!/bin/sh\n".utf8), "a script"), ([UInt8]("hello\n".utf8), "a text file"),
    ([0x50, 0x4B, 3, 4, 0, 0], "a ZIP archive"), ([0x1F, 0x8B, 8, 0], "compressed with gzip"),
    ([0x4D, 0x5A, 0x90, 0], "a DOS or Windows program"),
  ]) func otherKindsOfFilesAreNamed(bytes: [UInt8], kind: String) {
    #expect(problem(bytes) == .notAnImage(kind))
  }

  @Test func otherKindsOfELFAreNamed() {
    let kernel = ImageFiles.kernel().with(UInt32(0), at: 0x200)
    #expect(problem(kernel) == .noMultibootHeader)
    #expect(problem(kernel.with(UInt8(2), at: 4)) == .wrongELF("a 64-bit ELF file"))
    #expect(problem(kernel.with(UInt8(2), at: 5)) == .wrongELF("a big-endian ELF file"))
    #expect(
      problem(kernel.with(UInt16(40), at: 18)) == .wrongELF("an ELF file for another processor"))
    #expect(
      problem(kernel.with(UInt16(1), at: 16)) == .wrongELF("an ELF object file that nobody linked"))
    #expect(
      problem([0x7F, 0x45, 0x4C, 0x46, 1])
        == .truncated("the ELF header", needs: 52, has: 5))
  }

  @Test func elfThatEndsEarlyIsTruncated() {
    let kernel = ImageFiles.kernel(code: [UInt8](repeating: 0x90, count: 100))
    for length in [0x20C, 0x1000, 0x1063] {
      #expect(
        problem(Array(kernel[..<length]))
          == .truncated("a segment", needs: 0x1064, has: UInt64(length)))
    }
    #expect(
      problem(kernel.with(UInt32(0xFFFF_FFF0), at: 28))
        == .truncated("the program header table", needs: 0x1_0000_0010, has: 0x1064))
  }

  @Test func elfWithImpossibleFieldsIsDamaged() {
    let kernel = ImageFiles.kernel()
    #expect(problem(kernel.with(UInt16(0), at: 44)) == .malformed("it has no program headers"))
    #expect(
      problem(kernel.with(UInt16(8), at: 42))
        == .malformed("its program headers have 8 bytes, not 32"))
    #expect(problem(kernel.with(UInt32(2), at: 52)) == .malformed("it loads nothing"))
    #expect(
      problem(kernel.with(UInt32(100), at: 68).with(UInt32(50), at: 72))
        == .malformed("a segment is larger in the file than in memory"))
    #expect(
      problem(kernel.with(UInt32(0x5_0000), at: 24))
        == .malformed("its entry point 50000h is in nothing it loads"))
  }

  @Test func segmentsMustLieInRAM() {
    let name = "the segment for"
    #expect(
      problem(ImageFiles.kernel(address: 0x50_0000))
        == .noRAM("\(name) 500000h", at: 0x50_0000, size: 1, ram: 4 << 20))
    #expect(
      problem(ImageFiles.kernel(memorySize: 0xFFFF_FFFF))
        == .noRAM("\(name) 100000h", at: 0x10_0000, size: 0xFFFF_FFFF, ram: 4 << 20))
    #expect(
      problem(ImageFiles.kernel(address: 0xB_8000))
        == .noRAM("\(name) B8000h", at: 0xB_8000, size: 1, ram: 4 << 20))
    #expect(
      problem(ImageFiles.kernel(address: 0x10_0000), memory: 1)
        == .noRAM("\(name) 100000h", at: 0x10_0000, size: 1, ram: 1 << 20))
  }

  @Test func unknownMultibootRequirementsAreRefused() {
    #expect(problem(ImageFiles.kernel(flags: 0x13)) == .multibootFlags(0x10))
  }

  @Test func linuxWithLyingSizesIsRefused() {
    let kernel = ImageFiles.linux()
    #expect(
      problem(kernel.with(UInt32(0x1000_0000), at: 0x1F4))
        == .truncated("the kernel", needs: 2560 + 0x1_0000_0000, has: 2624))
    #expect(
      problem(kernel.with(UInt8(255), at: 0x1F1))
        == .truncated("the kernel", needs: 256 * 512 + 64, has: 2624))
    #expect(problem(kernel.with(UInt32(0), at: 0x1F4)) == .malformed("it says it has no bytes"))
    #expect(
      problem(Array(kernel[..<0x210])) == .truncated("the setup header", needs: 0x268, has: 0x210))
    #expect(
      problem(Array(kernel[..<2570])) == .truncated("the kernel", needs: 2624, has: 2570))
    #expect(
      problem(kernel.with(UInt32(0xFFFF_FFFF), at: 0x260))
        == .noRAM("the unpacked kernel", at: 0x10_0000, size: 0x1_000F_FFFF, ram: 4 << 20))
    #expect(
      problem(kernel.with(UInt64.max, at: 0x258))
        == .noRAM("the unpacked kernel", at: 0x10_0000, size: .max - 0x10_0000, ram: 4 << 20))
    #expect(
      problem(kernel.with(UInt32(0x1000), at: 0x214))
        == .malformed("it wants to be loaded at 1000h, below 1 MiB"))
    #expect(problem(kernel.with(UInt16(0x201), at: 0x206)) == .oldBootProtocol(0x201))
    #expect(
      problem(kernel.with(UInt8(0), at: 0x211))
        == .malformed("it is a zImage, which loads below 1 MiB"))
    #expect(
      problem(kernel.with(UInt16(0), at: 0x1FE))
        == .malformed("its boot sector has no 55 AA mark"))
  }

  @Test func initrdMustFitBesideTheKernel() throws {
    let large = try ImageFiles.contents([UInt8](repeating: 1, count: 5 << 20))
    #expect(
      problem(ImageFiles.linux()) { $0.initrd = large }
        == .initrdTooLarge(size: 5 << 20, room: 1 << 20))
    #expect(
      problem(ImageFiles.kernel()) { $0.initrd = large }
        == .initrdTooLarge(size: 5 << 20, room: (3 << 20) - 0x1000))
  }

  @Test func commandLineMustFit() {
    #expect(
      problem(ImageFiles.linux()) { $0.commandLine = String(repeating: "x", count: 101) }
        == .commandLineTooLong(length: 101, limit: 100))
  }

  @Test func optionsWithoutUseAreRefused() throws {
    let sector = [UInt8](repeating: 0x90, count: 510) + [0x55, 0xAA]
    #expect(
      problem(sector) { $0.commandLine = "quiet" }
        == .optionWithoutUse("--append", format: "boot sector"))
    let disk = try ImageFiles.contents([1, 2, 3])
    #expect(
      problem(sector) { $0.initrd = disk }
        == .optionWithoutUse("--initrd", format: "boot sector"))
  }

  @Test func romsHaveWholePages() throws {
    let odd = try ImageFiles.contents([UInt8](repeating: 0, count: 5000))
    #expect(problem(ImageFiles.kernel()) { $0.bios = odd } == .romSize(5000))
    let large = try ImageFiles.contents([UInt8](repeating: 0, count: 0x1_1000))
    #expect(problem(ImageFiles.kernel()) { $0.videoBIOS = large } == .romSize(0x1_1000))
  }

  @Test func truncationAnywhereIsAnErrorOrAnImage() throws {
    for whole in [ImageFiles.kernel(), ImageFiles.linux()] {
      for length in stride(from: 1, to: whole.count, by: 37) {
        _ = problem(Array(whole[..<length]))
      }
    }
  }

  @Test func anyByteOfAHeaderMayBeWrong() throws {
    for whole in [ImageFiles.kernel(), ImageFiles.linux()] {
      for offset in Array(0..<84) + Array(0x1F0..<0x268) {
        for value: UInt8 in [0x00, 0x7F, 0xFF] { _ = problem(whole.with(value, at: offset)) }
      }
    }
  }

  @Test func everyProblemIsOneSentence() {
    let problems: [ImageError.Problem] = [
      .missing, .unreadable, .directory, .empty, .tooLarge, .notAnImage("x"), .wrongELF("x"),
      .noMultibootHeader, .multibootFlags(4), .truncated("x", needs: 2, has: 1), .malformed("x"),
      .noRAM("x", at: 1, size: 2, ram: 3), .initrdTooLarge(size: 2, room: 1),
      .commandLineTooLong(length: 2, limit: 1), .optionWithoutUse("--x", format: "y"),
      .oldBootProtocol(0x201), .romSize(7),
    ]
    for problem in problems {
      let text = ImageError("file", problem).description
      #expect(text.hasPrefix("file: ") && !text.contains("\n") && text.count < 220)
    }
  }
}
