/// Every action a predecoded instruction can name. The interpreter's switch is dense over these.
///
/// Suffixes: operand width, then the operands: R register, M memory, I immediate, C the CL register.
enum Handler: UInt16 {
  // Pseudo-instructions
  /// The end of a block that does not branch.
  case fallThrough
  /// The budget ends here, inside a block.
  case stop
  /// The block was modified while it ran.
  case blockKilled
  /// Some of the block's instructions take no time, see `UntimedCode`.
  case untimed

  // Arithmetic: eight operations in opcode order, each for three widths and five operand forms.
  case add8RR, add8RM, add8MR, add8RI, add8MI
  case add16RR, add16RM, add16MR, add16RI, add16MI
  case add32RR, add32RM, add32MR, add32RI, add32MI
  case or8RR, or8RM, or8MR, or8RI, or8MI
  case or16RR, or16RM, or16MR, or16RI, or16MI
  case or32RR, or32RM, or32MR, or32RI, or32MI
  case adc8RR, adc8RM, adc8MR, adc8RI, adc8MI
  case adc16RR, adc16RM, adc16MR, adc16RI, adc16MI
  case adc32RR, adc32RM, adc32MR, adc32RI, adc32MI
  case sbb8RR, sbb8RM, sbb8MR, sbb8RI, sbb8MI
  case sbb16RR, sbb16RM, sbb16MR, sbb16RI, sbb16MI
  case sbb32RR, sbb32RM, sbb32MR, sbb32RI, sbb32MI
  case and8RR, and8RM, and8MR, and8RI, and8MI
  case and16RR, and16RM, and16MR, and16RI, and16MI
  case and32RR, and32RM, and32MR, and32RI, and32MI
  case sub8RR, sub8RM, sub8MR, sub8RI, sub8MI
  case sub16RR, sub16RM, sub16MR, sub16RI, sub16MI
  case sub32RR, sub32RM, sub32MR, sub32RI, sub32MI
  case xor8RR, xor8RM, xor8MR, xor8RI, xor8MI
  case xor16RR, xor16RM, xor16MR, xor16RI, xor16MI
  case xor32RR, xor32RM, xor32MR, xor32RI, xor32MI
  case cmp8RR, cmp8RM, cmp8MR, cmp8RI, cmp8MI
  case cmp16RR, cmp16RM, cmp16MR, cmp16RI, cmp16MI
  case cmp32RR, cmp32RM, cmp32MR, cmp32RI, cmp32MI

  case test8RR, test8MR, test8RI, test8MI
  case test16RR, test16MR, test16RI, test16MI
  case test32RR, test32MR, test32RI, test32MI
  case mov8RR, mov8RM, mov8MR, mov8RI, mov8MI
  case mov16RR, mov16RM, mov16MR, mov16RI, mov16MI
  case mov32RR, mov32RM, mov32MR, mov32RI, mov32MI
  case inc8R, inc8M
  case inc16R, inc16M
  case inc32R, inc32M
  case dec8R, dec8M
  case dec16R, dec16M
  case dec32R, dec32M
  case not8R, not8M
  case not16R, not16M
  case not32R, not32M
  case neg8R, neg8M
  case neg16R, neg16M
  case neg32R, neg32M
  case xchg8RR, xchg8MR
  case xchg16RR, xchg16MR
  case xchg32RR, xchg32MR
  case movzx16From8R, movzx16From8M, movzx32From8R, movzx32From8M, movzx32From16R, movzx32From16M
  case movsx16From8R, movsx16From8M, movsx32From8R, movsx32From8M, movsx32From16R, movsx32From16M
  case lea16, lea32, nop
  case push32R, push32I, push32M, pop32R, push16R, push16I, push16M, pop16R
  case pop32M, pop16M, pusha, popa, enter, leave16, leave32
  case cbw, cwde, cwd, cdq
  case imul16RR, imul16RM, imul16RRI, imul16RMI, imul32RR, imul32RM, imul32RRI, imul32RMI
  /// MUL, IMUL, DIV, IDIV of the accumulator; `a` is ModR/M.reg (4...7).
  case multiply8, multiply16, multiply32
  case shl32RI, shr32RI, sar32RI, shl32RC, shr32RC, sar32RC
  /// Group 2; `a` is ModR/M.reg, the count is the immediate.
  case shift8RI, shift8MI, shift16RI, shift16MI, shift32RI, shift32MI
  case shift8RC, shift8MC, shift16RC, shift16MC, shift32RC, shift32MC
  /// SHLD and SHRD; `scale`-free: the opcode's low byte tells direction and count source.
  case doubleShift16, doubleShift32
  case bitTest16, bitTest32, bitScan16, bitScan32
  case setccR, setccM, cmov16R, cmov16M, cmov32R, cmov32M
  case bswap, xadd, cmpxchg, cmpxchg8b, xlat
  case lahf, sahf, clc, stc, cmc, cld, std, salc
  case daa, das, aaa, aas, aam, aad, bound

  // Branches. The condition of Jcc is its place in this list.
  case jo, jno, jb, jae, jz, jnz, jbe, ja, js, jns, jp, jnp, jl, jge, jle, jg
  case jmp, jmpR, jmpM, call32, call32R, call32M, ret32, ret32I
  case call16, call16R, call16M, ret16, ret16I
  case jcxz, loop, loope, loopne

  // Strings; the width is in `a` (1, 2, 4).
  case movs, cmps, stos, lods, scas, ins, outs

  // Segments and far transfers
  case movFromSegment, movToSegment, pushSegment, popSegment, loadFarPointer
  case farJump, farJumpM, farCall, farCallM, farReturn, farReturnI
  case int3, intN, into, icebp, interruptReturn
  case sysenter, sysexit

  // Flags and system
  case cli, sti, pushf, popf, hlt
  case inI, inDX, outI, outDX
  case movFromCR, movToCR, movFromDR, movToDR, clts, lmsw, smsw
  case lgdt, lidt, sgdt, sidt, lldt, ltr, sldt, str
  case lar, lsl, verr, verw, arpl, invlpg, invd, wbinvd
  case rdtsc, rdpmc, rdmsr, wrmsr, cpuid
  case fpu, fwait, fxsave, fxrstor
  case hostGate

  // Virtual machines
  case pause, rsm
  case vmrun, vmmcall, vmload, vmsave, stgi, clgi, invlpga

  // Faults found while decoding
  case undefined, undefinedLock, tooLong
}
