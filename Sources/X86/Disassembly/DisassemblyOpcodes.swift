/// The opcode map as text, in the shape of the manual's Appendix A, so that it can be checked
/// against it line by line. `Disassembly.OpcodeMap` reads it once.
///
/// A line is: opcode (or a range), mnemonic, operand codes, marks.
///
/// **Mnemonic.** `cbw/cwde` is the name for 16-bit and for 32-bit operand size. `%7` refers to a
/// group: the ModR/M byte's reg field chooses the line `7/reg`; a line `7.D8` is that exact ModR/M
/// byte and goes first. A group's line takes over the opcode line's operands if it has none.
///
/// **Operand codes** are the manual's (A.2.1, A.2.2): an addressing method and a type. A far
/// pointer, C control register, D debug register, E register or memory, G register, I immediate,
/// J relative branch, M memory only, O offset without ModR/M, S segment register, X and Y the
/// string operands (never printed); b byte, w word, d doubleword, q quadword, v and z word or
/// doubleword by operand size, p far pointer, a and s structures without a size word. Beyond the
/// manual: `bs` a byte that is sign-extended, `t` ten bytes, `Z` the register in the opcode's low
/// three bits, `Rv/Mw` a register of operand size or a word in memory, `ST` and `STi` the x87
/// stack. `eAX` is AX or EAX.
///
/// **Marks.** `lock`: LOCK is allowed if the first operand is memory. `osize`, `asize`: a size
/// prefix matters and the operands do not show it. `byasize`: the address size chooses the
/// name. `rep`, `repz`: takes REP; REPE and REPNE. `privileged`, `io`, `sensitive`: see
/// `Sensitivity`.
extension Disassembly {
  /// Opcodes of one byte (tables A-2). 0F and the prefixes are not here: they are no instructions.
  static let oneByteOpcodes = """
    00 add Eb,Gb lock
    01 add Ev,Gv lock
    02 add Gb,Eb
    03 add Gv,Ev
    04 add AL,Ib
    05 add eAX,Iz
    06 push ES osize sensitive
    07 pop ES osize sensitive
    08 or Eb,Gb lock
    09 or Ev,Gv lock
    0A or Gb,Eb
    0B or Gv,Ev
    0C or AL,Ib
    0D or eAX,Iz
    0E push CS osize sensitive
    10 adc Eb,Gb lock
    11 adc Ev,Gv lock
    12 adc Gb,Eb
    13 adc Gv,Ev
    14 adc AL,Ib
    15 adc eAX,Iz
    16 push SS osize sensitive
    17 pop SS osize sensitive
    18 sbb Eb,Gb lock
    19 sbb Ev,Gv lock
    1A sbb Gb,Eb
    1B sbb Gv,Ev
    1C sbb AL,Ib
    1D sbb eAX,Iz
    1E push DS osize sensitive
    1F pop DS osize sensitive
    20 and Eb,Gb lock
    21 and Ev,Gv lock
    22 and Gb,Eb
    23 and Gv,Ev
    24 and AL,Ib
    25 and eAX,Iz
    27 daa
    28 sub Eb,Gb lock
    29 sub Ev,Gv lock
    2A sub Gb,Eb
    2B sub Gv,Ev
    2C sub AL,Ib
    2D sub eAX,Iz
    2F das
    30 xor Eb,Gb lock
    31 xor Ev,Gv lock
    32 xor Gb,Eb
    33 xor Gv,Ev
    34 xor AL,Ib
    35 xor eAX,Iz
    37 aaa
    38 cmp Eb,Gb
    39 cmp Ev,Gv
    3A cmp Gb,Eb
    3B cmp Gv,Ev
    3C cmp AL,Ib
    3D cmp eAX,Iz
    3F aas
    40-47 inc Zv
    48-4F dec Zv
    50-57 push Zv
    58-5F pop Zv
    60 pusha/pushad
    61 popa/popad
    62 bound Gv,Ma
    63 arpl Ew,Gw
    68 push Iz osize
    69 imul Gv,Ev,Iz
    6A push Ibs osize
    6B imul Gv,Ev,Ibs
    6C insb Yb,DX rep asize io
    6D insw/insd Yz,DX rep asize io
    6E outsb DX,Xb rep asize io
    6F outsw/outsd DX,Xz rep asize io
    70 jo Jb osize
    71 jno Jb osize
    72 jb Jb osize
    73 jae Jb osize
    74 je Jb osize
    75 jne Jb osize
    76 jbe Jb osize
    77 ja Jb osize
    78 js Jb osize
    79 jns Jb osize
    7A jp Jb osize
    7B jnp Jb osize
    7C jl Jb osize
    7D jge Jb osize
    7E jle Jb osize
    7F jg Jb osize
    80 %1 Eb,Ib
    81 %1 Ev,Iz
    82 %1 Eb,Ib
    83 %1 Ev,Ibs
    84 test Eb,Gb
    85 test Ev,Gv
    86 xchg Eb,Gb lock
    87 xchg Ev,Gv lock
    88 mov Eb,Gb
    89 mov Ev,Gv
    8A mov Gb,Eb
    8B mov Gv,Ev
    8C mov Rv/Mw,Sw sensitive
    8D lea Gv,M
    8E mov Sw,Ew sensitive
    8F %1A Ev
    90 nop
    91-97 xchg eAX,Zv
    98 cbw/cwde
    99 cwd/cdq
    9A call Ap osize sensitive
    9B fwait
    9C pushf/pushfd sensitive
    9D popf/popfd sensitive
    9E sahf
    9F lahf
    A0 mov AL,Ob
    A1 mov eAX,Ov
    A2 mov Ob,AL
    A3 mov Ov,eAX
    A4 movsb Yb,Xb rep asize
    A5 movsw/movsd Yv,Xv rep asize
    A6 cmpsb Xb,Yb repz asize
    A7 cmpsw/cmpsd Xv,Yv repz asize
    A8 test AL,Ib
    A9 test eAX,Iz
    AA stosb Yb rep asize
    AB stosw/stosd Yv rep asize
    AC lodsb Xb rep asize
    AD lodsw/lodsd Xv rep asize
    AE scasb Yb repz asize
    AF scasw/scasd Yv repz asize
    B0-B7 mov Zb,Ib
    B8-BF mov Zv,Iv
    C0 %2 Eb,Ib
    C1 %2 Ev,Ib
    C2 ret Iw osize
    C3 ret - osize
    C4 les Gv,Mp sensitive
    C5 lds Gv,Mp sensitive
    C6 %11 Eb,Ib
    C7 %11 Ev,Iz
    C8 enter Iw,Ib osize
    C9 leave - osize
    CA retf Iw osize sensitive
    CB retf - osize sensitive
    CC int3 - sensitive
    CD int Ib sensitive
    CE into - sensitive
    CF iret/iretd - sensitive
    D0 %2 Eb,1
    D1 %2 Ev,1
    D2 %2 Eb,CL
    D3 %2 Ev,CL
    D4 aam Ib
    D5 aad Ib
    D6 salc
    D7 xlatb Xb asize
    D8 %D8
    D9 %D9
    DA %DA
    DB %DB
    DC %DC
    DD %DD
    DE %DE
    DF %DF
    E0 loopne Jb osize asize
    E1 loope Jb osize asize
    E2 loop Jb osize asize
    E3 jcxz/jecxz Jb osize byasize
    E4 in AL,Ib io
    E5 in eAX,Ib io
    E6 out Ib,AL io
    E7 out Ib,eAX io
    E8 call Jz osize
    E9 jmp Jz osize
    EA jmp Ap osize sensitive
    EB jmp Jb osize
    EC in AL,DX io
    ED in eAX,DX io
    EE out DX,AL io
    EF out DX,eAX io
    F1 icebp
    F4 hlt - privileged
    F5 cmc
    F6 %3b Eb
    F7 %3v Ev
    F8 clc
    F9 stc
    FA cli - io
    FB sti - io
    FC cld
    FD std
    FE %4 Eb
    FF %5
    """

  /// Opcodes of two bytes, the first of them 0F (tables A-3). 18 to 1F are the P6 family's NOPs
  /// with an operand.
  static let twoByteOpcodes = """
    00 %6
    01 %7
    02 lar Gv,Ew sensitive
    03 lsl Gv,Ew sensitive
    06 clts - privileged
    08 invd - privileged
    09 wbinvd - privileged
    0B ud2
    18-1F nop Ev
    20 mov Rd,Cd privileged
    21 mov Rd,Dd privileged
    22 mov Cd,Rd privileged
    23 mov Dd,Rd privileged
    30 wrmsr - privileged
    31 rdtsc
    32 rdmsr - privileged
    33 rdpmc - privileged
    34 sysenter - sensitive
    35 sysexit - privileged
    3F hostgate Ib,Ib privileged
    40 cmovo Gv,Ev
    41 cmovno Gv,Ev
    42 cmovb Gv,Ev
    43 cmovae Gv,Ev
    44 cmove Gv,Ev
    45 cmovne Gv,Ev
    46 cmovbe Gv,Ev
    47 cmova Gv,Ev
    48 cmovs Gv,Ev
    49 cmovns Gv,Ev
    4A cmovp Gv,Ev
    4B cmovnp Gv,Ev
    4C cmovl Gv,Ev
    4D cmovge Gv,Ev
    4E cmovle Gv,Ev
    4F cmovg Gv,Ev
    80 jo Jz osize
    81 jno Jz osize
    82 jb Jz osize
    83 jae Jz osize
    84 je Jz osize
    85 jne Jz osize
    86 jbe Jz osize
    87 ja Jz osize
    88 js Jz osize
    89 jns Jz osize
    8A jp Jz osize
    8B jnp Jz osize
    8C jl Jz osize
    8D jge Jz osize
    8E jle Jz osize
    8F jg Jz osize
    90 seto Eb
    91 setno Eb
    92 setb Eb
    93 setae Eb
    94 sete Eb
    95 setne Eb
    96 setbe Eb
    97 seta Eb
    98 sets Eb
    99 setns Eb
    9A setp Eb
    9B setnp Eb
    9C setl Eb
    9D setge Eb
    9E setle Eb
    9F setg Eb
    A0 push FS osize sensitive
    A1 pop FS osize sensitive
    A2 cpuid
    A3 bt Ev,Gv
    A4 shld Ev,Gv,Ib
    A5 shld Ev,Gv,CL
    A8 push GS osize sensitive
    A9 pop GS osize sensitive
    AA rsm - privileged
    AB bts Ev,Gv lock
    AC shrd Ev,Gv,Ib
    AD shrd Ev,Gv,CL
    AE %15
    AF imul Gv,Ev
    B0 cmpxchg Eb,Gb lock
    B1 cmpxchg Ev,Gv lock
    B2 lss Gv,Mp sensitive
    B3 btr Ev,Gv lock
    B4 lfs Gv,Mp sensitive
    B5 lgs Gv,Mp sensitive
    B6 movzx Gv,Eb
    B7 movzx Gv,Ew
    B9 ud1 Gv,Ev
    BA %8 Ev,Ib
    BB btc Ev,Gv lock
    BC bsf Gv,Ev
    BD bsr Gv,Ev
    BE movsx Gv,Eb
    BF movsx Gv,Ew
    C0 xadd Eb,Gb lock
    C1 xadd Ev,Gv lock
    C7 %9
    C8-CF bswap Zv
    FF ud0 Gv,Ev
    """

  /// Opcode extensions by ModR/M (table A-6), and SVM's instructions in group 7. Undocumented
  /// aliases stand under the name of what they do: 2/6 shifts as 2/4, 3b/1 tests as 3b/0.
  static let groups = """
    1/0 add lock
    1/1 or lock
    1/2 adc lock
    1/3 sbb lock
    1/4 and lock
    1/5 sub lock
    1/6 xor lock
    1/7 cmp
    1A/0 pop
    2/0 rol
    2/1 ror
    2/2 rcl
    2/3 rcr
    2/4 shl
    2/5 shr
    2/6 shl
    2/7 sar
    3b/0 test Eb,Ib
    3b/1 test Eb,Ib
    3b/2 not lock
    3b/3 neg lock
    3b/4 mul
    3b/5 imul
    3b/6 div
    3b/7 idiv
    3v/0 test Ev,Iz
    3v/1 test Ev,Iz
    3v/2 not lock
    3v/3 neg lock
    3v/4 mul
    3v/5 imul
    3v/6 div
    3v/7 idiv
    4/0 inc lock
    4/1 dec lock
    5/0 inc Ev lock
    5/1 dec Ev lock
    5/2 call Ev
    5/3 call Mp osize sensitive
    5/4 jmp Ev
    5/5 jmp Mp osize sensitive
    5/6 push Ev
    6/0 sldt Rv/Mw sensitive
    6/1 str Rv/Mw sensitive
    6/2 lldt Ew privileged
    6/3 ltr Ew privileged
    6/4 verr Ew sensitive
    6/5 verw Ew sensitive
    7/0 sgdt Ms sensitive
    7/1 sidt Ms sensitive
    7/2 lgdt Ms osize privileged
    7/3 lidt Ms osize privileged
    7/4 smsw Rv/Mw sensitive
    7/6 lmsw Ew privileged
    7/7 invlpg M privileged
    7.D8 vmrun - asize privileged
    7.D9 vmmcall
    7.DA vmload - asize privileged
    7.DB vmsave - asize privileged
    7.DC stgi - privileged
    7.DD clgi - privileged
    7.DE skinit - privileged
    7.DF invlpga - asize privileged
    8/4 bt
    8/5 bts lock
    8/6 btr lock
    8/7 btc lock
    9/1 cmpxchg8b Mq lock
    11/0 mov
    15/0 fxsave M sensitive
    15/1 fxrstor M
    """

  /// The x87 escapes (tables ): memory forms by reg field, register forms by ModR/M.
  /// Undocumented register forms stand under the name of what they do.
  static let escapes = """
    D8/0 fadd Md
    D8/1 fmul Md
    D8/2 fcom Md
    D8/3 fcomp Md
    D8/4 fsub Md
    D8/5 fsubr Md
    D8/6 fdiv Md
    D8/7 fdivr Md
    D8.C0-C7 fadd ST,STi
    D8.C8-CF fmul ST,STi
    D8.D0-D7 fcom ST,STi
    D8.D8-DF fcomp ST,STi
    D8.E0-E7 fsub ST,STi
    D8.E8-EF fsubr ST,STi
    D8.F0-F7 fdiv ST,STi
    D8.F8-FF fdivr ST,STi
    D9/0 fld Md
    D9/2 fst Md
    D9/3 fstp Md
    D9/4 fldenv M osize
    D9/5 fldcw Mw
    D9/6 fnstenv M osize sensitive
    D9/7 fnstcw Mw
    D9.C0-C7 fld STi
    D9.C8-CF fxch ST,STi
    D9.D0 fnop
    D9.D8-DF fstp STi
    D9.E0 fchs
    D9.E1 fabs
    D9.E4 ftst
    D9.E5 fxam
    D9.E8 fld1
    D9.E9 fldl2t
    D9.EA fldl2e
    D9.EB fldpi
    D9.EC fldlg2
    D9.ED fldln2
    D9.EE fldz
    D9.F0 f2xm1
    D9.F1 fyl2x
    D9.F2 fptan
    D9.F3 fpatan
    D9.F4 fxtract
    D9.F5 fprem1
    D9.F6 fdecstp
    D9.F7 fincstp
    D9.F8 fprem
    D9.F9 fyl2xp1
    D9.FA fsqrt
    D9.FB fsincos
    D9.FC frndint
    D9.FD fscale
    D9.FE fsin
    D9.FF fcos
    DA/0 fiadd Md
    DA/1 fimul Md
    DA/2 ficom Md
    DA/3 ficomp Md
    DA/4 fisub Md
    DA/5 fisubr Md
    DA/6 fidiv Md
    DA/7 fidivr Md
    DA.C0-C7 fcmovb ST,STi
    DA.C8-CF fcmove ST,STi
    DA.D0-D7 fcmovbe ST,STi
    DA.D8-DF fcmovu ST,STi
    DA.E9 fucompp
    DB/0 fild Md
    DB/2 fist Md
    DB/3 fistp Md
    DB/5 fld Mt
    DB/7 fstp Mt
    DB.C0-C7 fcmovnb ST,STi
    DB.C8-CF fcmovne ST,STi
    DB.D0-D7 fcmovnbe ST,STi
    DB.D8-DF fcmovnu ST,STi
    DB.E0 fneni
    DB.E1 fndisi
    DB.E2 fnclex
    DB.E3 fninit
    DB.E4 fnsetpm
    DB.E8-EF fucomi ST,STi
    DB.F0-F7 fcomi ST,STi
    DC/0 fadd Mq
    DC/1 fmul Mq
    DC/2 fcom Mq
    DC/3 fcomp Mq
    DC/4 fsub Mq
    DC/5 fsubr Mq
    DC/6 fdiv Mq
    DC/7 fdivr Mq
    DC.C0-C7 fadd STi,ST
    DC.C8-CF fmul STi,ST
    DC.D0-D7 fcom ST,STi
    DC.D8-DF fcomp ST,STi
    DC.E0-E7 fsubr STi,ST
    DC.E8-EF fsub STi,ST
    DC.F0-F7 fdivr STi,ST
    DC.F8-FF fdiv STi,ST
    DD/0 fld Mq
    DD/2 fst Mq
    DD/3 fstp Mq
    DD/4 frstor M osize
    DD/6 fnsave M osize sensitive
    DD/7 fnstsw Mw
    DD.C0-C7 ffree STi
    DD.C8-CF fxch ST,STi
    DD.D0-D7 fst STi
    DD.D8-DF fstp STi
    DD.E0-E7 fucom ST,STi
    DD.E8-EF fucomp ST,STi
    DE/0 fiadd Mw
    DE/1 fimul Mw
    DE/2 ficom Mw
    DE/3 ficomp Mw
    DE/4 fisub Mw
    DE/5 fisubr Mw
    DE/6 fidiv Mw
    DE/7 fidivr Mw
    DE.C0-C7 faddp STi,ST
    DE.C8-CF fmulp STi,ST
    DE.D0-D7 fcomp ST,STi
    DE.D9 fcompp
    DE.E0-E7 fsubrp STi,ST
    DE.E8-EF fsubp STi,ST
    DE.F0-F7 fdivrp STi,ST
    DE.F8-FF fdivp STi,ST
    DF/0 fild Mw
    DF/2 fist Mw
    DF/3 fistp Mw
    DF/4 fbld Mt
    DF/5 fild Mq
    DF/6 fbstp Mt
    DF/7 fistp Mq
    DF.C0-C7 ffreep STi
    DF.C8-CF fxch ST,STi
    DF.D0-DF fstp STi
    DF.E0 fnstsw AX
    DF.E8-EF fucomip ST,STi
    DF.F0-F7 fcomip ST,STi
    """
}
