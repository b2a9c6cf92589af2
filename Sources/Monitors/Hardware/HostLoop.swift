import X86

/// The host's real code: how it comes to be a host, and the loop that switches between the worlds.
///
/// VMRUN switches segments, control registers, EFLAGS, EIP, ESP and EAX. FS, GS, LDTR, TR and the
/// SYSENTER registers are left to VMLOAD and VMSAVE, the other six registers to this code.
///
///     start:  mov ecx, EFER;  rdmsr;  or eax, SVME;  wrmsr
///             mov ecx, VM_HSAVE_PA;  mov eax, save area;  xor edx, edx;  wrmsr
///             mov eax, host VMCB;  vmsave eax
///             sti
///     loop:   host gate                       what became of the guest is seen to here
///             clgi
///             mov eax, guest VMCB;  vmload eax
///             mov ebx … ebp, [registers]
///             vmrun eax                       the guest's turn
///             mov [registers], ebx … ebp
///             vmsave eax
///             mov eax, host VMCB;  vmload eax
///             stgi                            what interrupted the guest reaches the IDT
///             jmp loop
///     taken:  iret                            the handler of that interrupt
struct HostLoop {
  private(set) var bytes: [UInt8] = []
  /// Offset of the handler for the one interrupt that there is.
  private(set) var handler: UInt32 = 0
  /// Offset of the instruction behind the host gate.
  private(set) var behindGate: UInt32 = 0

  /// Instructions from behind the gate to VMRUN, which is the last of them.
  static let entryLength: UInt64 = 10

  init() {
    let efer: UInt32 = 0xC000_0080
    let hostSaveAreaRegister: UInt32 = 0xC001_0117
    add([0xB9], efer)
    bytes += [0x0F, 0x32]
    add([0x0D], 1 << 12)
    bytes += [0x0F, 0x30]
    add([0xB9], hostSaveAreaRegister)
    add([0xB8], HardwareLayout.hostSaveArea)
    bytes += [0x31, 0xD2, 0x0F, 0x30]
    add([0xB8], HardwareLayout.hostBlock)
    bytes += [0x0F, 0x01, 0xDB, 0xFB]
    let loop = bytes.count
    bytes += [0x0F, 0x3F]
    behindGate = UInt32(bytes.count)
    bytes += [0x0F, 0x01, 0xDD]
    add([0xB8], HardwareLayout.guestBlock)
    bytes += [0x0F, 0x01, 0xDA]
    moveRegisters(opcode: 0x8B)
    bytes += [0x0F, 0x01, 0xD8]
    moveRegisters(opcode: 0x89)
    bytes += [0x0F, 0x01, 0xDB]
    add([0xB8], HardwareLayout.hostBlock)
    bytes += [0x0F, 0x01, 0xDA, 0x0F, 0x01, 0xDC]
    bytes += [0xEB, UInt8(truncatingIfNeeded: loop - (bytes.count + 2))]
    handler = UInt32(bytes.count)
    bytes.append(0xCF)
  }

  private mutating func add(_ opcode: [UInt8], _ value: UInt32) {
    bytes += opcode
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// MOV between memory and EBX, ECX, EDX, ESI, EDI, EBP.
  private mutating func moveRegisters(opcode: UInt8) {
    for (place, register) in Self.registers.enumerated() {
      add(
        [opcode, UInt8(register.rawValue) << 3 | 5], HardwareLayout.registers + UInt32(place * 4))
    }
  }

  /// The guest's registers that this code moves, in the order in which they lie in memory.
  static let registers: [Register] = [.ebx, .ecx, .edx, .esi, .edi, .ebp]
}
