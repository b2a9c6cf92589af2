#!/usr/bin/env python3
"""Writes Tests/X86Tests/Vectors/disassembly.txt: what an independent decoder (iced-x86, from
PyPI: `pip install iced-x86==1.21.0`) makes of the opcode map, worded as Ringside words it.

    python3 Tests/Generators/disassembly.py > Tests/X86Tests/Vectors/disassembly.txt

With `map` for an argument it writes every opcode with every ModR/M byte, bare and after each
prefix; with `random SEED COUNT` that many random ones. Fuzz/run has them compared.

Lengths, names, operands, operand sizes, displacements and privilege come from iced-x86; which
instructions belong to the covered set, and the wording, are decided here.
"""

import random
import re
import sys

import iced_x86 as iced
from iced_x86 import CpuidFeature, Decoder, Mnemonic, OpKind, Register

ADDRESS = 0x00401234


def names(enumeration):
    return {
        getattr(enumeration, name): name
        for name in dir(enumeration)
        if name.isupper() and isinstance(getattr(enumeration, name), int)
    }


MNEMONICS = {number: name.lower() for number, name in names(Mnemonic).items()}
REGISTERS = {number: name.lower() for number, name in names(Register).items()}

# The 8086 to the Pentium II without MMX, and SVM.
COVERED = {
    getattr(CpuidFeature, name)
    for name in """INTEL8086 INTEL186 INTEL286 INTEL386 INTEL486 FPU FPU287 FPU387 CPUID CMOV CX8
    FXSR TSC MSR RDPMC SEP SVM SKINIT SKINIT_OR_SVM MULTIBYTENOP PAUSE SMM""".split()
}
OPTIONS = (
    iced.DecoderOptions.FORCE_RESERVED_NOP
    | iced.DecoderOptions.NO_MPFX_0FBC
    | iced.DecoderOptions.NO_MPFX_0FBD
    | iced.DecoderOptions.NO_WBNOINVD
    | iced.DecoderOptions.OLD_FPU
)

RENAMED = {
    "reservednop": "nop", "sal": "shl", "wait": "fwait", "int1": "icebp",
    "fcom2": "fcom", "fcomp3": "fcomp", "fcomp5": "fcomp", "fxch4": "fxch", "fxch7": "fxch",
    "fstpnce": "fstp", "fstp8": "fstp", "fstp9": "fstp",
}

STRINGS = {
    stem + size for stem in "movs cmps stos lods scas ins outs".split() for size in "bwd"
}
JCC = set("jo jno jb jae je jne jbe ja js jns jp jnp jl jge jle jg".split())
LOOPS = set("loop loope loopne jcxz jecxz".split())
# An operand size prefix matters and neither name nor operands show it.
SIZED = JCC | LOOPS | set(
    "ret retf enter leave lgdt lidt fldenv fnstenv fnsave frstor".split()
)
# Their CL is a count, whatever the size of the other operand.
SHIFTS = set("rol ror rcl rcr shl shr sar shld shrd".split())
# They take the word, so their register is named as one.
WORD_SOURCES = set("lldt ltr lmsw verr verw arpl".split())

GROUPS = {bytes([b]) for b in (0x8F, 0xC6, 0xC7, 0xFE, 0xFF, *range(0xD8, 0xE0))} | {
    bytes([0x0F, b]) for b in (0x00, 0x01, 0xAE, 0xBA, 0xC7)
}


def prefixes_of(data):
    found = []
    for byte in data:
        if byte not in b"\x26\x2e\x36\x3e\x64\x65\x66\x67\xf0\xf2\xf3":
            return found
        found.append(byte)
    return found


def number(value):
    return str(value) if 0 <= value < 10 else hex(value)


def word_register(name):
    """The 16-bit name of a 32-bit register."""
    return name[1:] if len(name) == 3 and name[0] == "e" else name


def memory_text(instruction, name):
    base, index = instruction.memory_base, instruction.memory_index
    parts = []
    if base != Register.NONE:
        parts.append(REGISTERS[base])
    if index != Register.NONE:
        scale = instruction.memory_index_scale
        suffix = "" if scale == 1 and parts else f"*{scale}"
        parts.append(REGISTERS[index] + suffix)
    text = "+".join(parts)
    displacement = instruction.memory_displacement
    if not parts:
        text = number(displacement)
    elif displacement:
        bits = 16 if REGISTERS[base if base else index] in ("bx", "bp", "si", "di") else 32
        mask = (1 << bits) - 1
        displacement &= mask
        if displacement > mask - (mask >> 4):
            text += "-" + number((1 << bits) - displacement)
        else:
            text += "+" + number(displacement)
    override = instruction.segment_prefix
    default = Register.SS if REGISTERS[base] in ("bp", "ebp", "esp") else Register.DS
    if override not in (Register.NONE, default) and name != "lea":
        return f"{REGISTERS[override]}:[{text}]"
    return f"[{text}]"


def is_far_indirect(instruction):
    return instruction.is_jmp_far_indirect or instruction.is_call_far_indirect


def size_word(instruction, name):
    if is_far_indirect(instruction):
        return "far "
    size = iced.MemorySizeExt.size(instruction.memory_size)
    unsized = "lea bound les lds lss lfs lgs sgdt sidt lgdt lidt invlpg fldenv fnstenv fnsave"
    if name in unsized.split() + ["frstor", "fxsave", "fxrstor"]:
        return ""
    registers = [
        instruction.op_register(i)
        for i in range(instruction.op_count)
        if instruction.op_kind(i) == OpKind.REGISTER
    ]
    for register in registers:
        text = REGISTERS[register]
        if text.startswith("st") or (text == "cl" and name in SHIFTS) or name == "nop":
            continue
        if name == "arpl" or iced.RegisterExt.size(register) == size:
            return ""
    return {1: "byte ", 2: "word ", 4: "dword ", 8: "qword ", 10: "tword "}[size]


def operand_text(instruction, i, name):
    kind = instruction.op_kind(i)
    if kind == OpKind.REGISTER:
        text = REGISTERS[instruction.op_register(i)]
        is_segment_load = i == 1 and REGISTERS[instruction.op0_register] in (
            "es", "cs", "ss", "ds", "fs", "gs") and instruction.op0_kind == OpKind.REGISTER
        if name in WORD_SOURCES or (name in ("lar", "lsl") and i == 1) or (
            name == "mov" and is_segment_load
        ):
            return word_register(text)
        return text
    if kind == OpKind.MEMORY:
        return size_word(instruction, name) + memory_text(instruction, name)
    if kind in (OpKind.NEAR_BRANCH16, OpKind.NEAR_BRANCH32):
        return hex(instruction.near_branch_target)
    if kind == OpKind.FAR_BRANCH16:
        return f"{hex(instruction.far_branch_selector)}:{hex(instruction.far_branch16)}"
    if kind == OpKind.FAR_BRANCH32:
        return f"{hex(instruction.far_branch_selector)}:{hex(instruction.far_branch32)}"
    value = instruction.immediate(i)
    if kind in (OpKind.IMMEDIATE8TO16, OpKind.IMMEDIATE8TO32):
        bits = 16 if kind == OpKind.IMMEDIATE8TO16 else 32
        value &= (1 << bits) - 1
        if value >> (bits - 1):
            return "-" + number((1 << bits) - value)
    else:
        value &= 0xFFFFFFFF
    return number(value)


def needs_operand_size(instruction, name):
    if name in SIZED:
        return True
    if name in ("call", "jmp"):
        return instruction.op0_kind not in (OpKind.REGISTER, OpKind.MEMORY) or is_far_indirect(
            instruction)
    if name in ("push", "pop"):
        if instruction.op0_kind == OpKind.REGISTER:
            return REGISTERS[instruction.op0_register] in ("es", "cs", "ss", "ds", "fs", "gs")
        return instruction.op0_kind != OpKind.MEMORY
    return False


def wording(data, mode):
    """(length, text, is privileged) of the instruction at the start of `data`."""
    decoder = Decoder(mode, data, OPTIONS, ip=ADDRESS if mode == 32 else ADDRESS & 0xFFFF)
    instruction = decoder.decode()
    bad = (1, "(bad)", False)
    prefixes = prefixes_of(data)
    opcode = data[len(prefixes):]
    if opcode[:2] == b"\x0f\x3f":
        if 0xF0 in prefixes or len(prefixes) + 4 > 15:
            return bad
        return len(prefixes) + 4, f"hostgate {number(opcode[2])},{number(opcode[3])}", True
    is_later = opcode[:3] == b"\x0f\x01\xd9" or (
        instruction.is_invalid and opcode[:2] == b"\x0f\xae")
    if is_later and 0xF0 not in prefixes:
        # Before SSE and VMGEXIT, 66, F2 and F3 were no part of an opcode: they mean nothing here.
        plain = bytes(p for p in prefixes if p not in (0x66, 0xF2, 0xF3))
        if len(plain) < len(prefixes):
            length, text, privileged = wording(plain + opcode, mode)
            is_bad = text == "(bad)"
            if not is_bad and length + len(prefixes) - len(plain) > 15:
                return bad
            return length if is_bad else length + len(prefixes) - len(plain), text, privileged
    name = MNEMONICS[instruction.mnemonic]
    is_hint = name == "reservednop"
    name = RENAMED.get(name, name)
    if instruction.is_invalid or opcode[:2] == b"\x0f\x0d":
        return bad
    if name not in ("ud0", "ud1", "salc", "icebp") and not (
        set(instruction.cpuid_features()) <= COVERED
    ):
        return bad
    words = []
    if instruction.has_lock_prefix:
        words.append("lock")
    is_string = (name in STRINGS and instruction.is_string_instruction)
    if is_string:
        if 0xF2 in prefixes or 0xF3 in prefixes:
            last = [p for p in prefixes if p in (0xF2, 0xF3)][-1]
            compares = name[:4] in ("cmps", "scas")
            words.append("repne" if last == 0xF2 else "repe" if compares else "rep")
    if 0x66 in prefixes and needs_operand_size(instruction, name):
        words.append("o16" if mode == 32 else "o32")
    implicit = is_string or name in "loop loope loopne xlatb vmrun vmload vmsave invlpga".split()
    if 0x67 in prefixes and implicit:
        words.append("a16" if mode == 32 else "a32")
    reads_source = name[:4] in ("movs", "cmps", "lods", "outs", "xlat")
    if (is_string or name == "xlatb") and reads_source:
        if instruction.segment_prefix not in (Register.NONE, Register.DS):
            words.append(REGISTERS[instruction.segment_prefix])
    words.append(name)
    operands = ""
    if not is_string and name not in "xlatb vmrun vmload vmsave invlpga skinit".split():
        operands = ",".join(
            operand_text(instruction, i, name)
            for i in range(1 if is_hint else instruction.op_count))
    if name == "xchg" and 0x91 <= opcode[0] <= 0x97:
        operands = ",".join(reversed(operands.split(",")))
    text = " ".join(words) + (" " + operands if operands else "")
    # With CR4 as reset leaves it, RDPMC needs CPL 0.
    return instruction.len, text, instruction.is_privileged or name == "rdpmc"


def corpus():
    """(mode, bytes) over the opcode map."""
    rng = random.Random(386)

    def tail(count=10):
        """Displacement and immediate bytes, of mixed signs and sizes."""
        pool = [0x00, 0x01, 0x08, 0x10, 0x7F, 0x80, 0xFE, 0xF0, 0x12, 0x34, 0xC0, 0x55]
        return bytes(rng.choice(pool) for _ in range(count))

    def probe(mode, head, *rest):
        yield mode, bytes(head) + bytes(rest) + tail()

    prefix_bytes = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x66, 0x67, 0xF0, 0xF2, 0xF3}
    opcodes = [bytes([b]) for b in range(256) if b != 0x0F and b not in prefix_bytes]
    opcodes += [bytes([0x0F, b]) for b in range(256)]
    memory = {16: [0x06, 0x46, 0x87], 32: [0x05, 0x45, 0x83, 0x03]}
    for opcode in opcodes:
        for mode in (32, 16):
            # Every reg field as memory and register form; fewer where 16-bit code adds little.
            for reg in range(8):
                if mode == 32 or opcode in GROUPS or reg in (2, 5):
                    yield from probe(mode, opcode, rng.choice(memory[mode]) | reg << 3)
                if mode == 32:
                    yield from probe(mode, opcode, 0xC0 | reg << 3 | rng.randrange(8))
            # The prefixes, alone and two together.
            segment = rng.choice([0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65])
            several = [0x66, 0x67, 0xF0, 0xF2, 0xF3, segment] if mode == 32 else [0x66, segment]
            for prefix in several:
                modrm = memory[mode][1] if prefix != 0x67 else memory[48 - mode][1]
                yield from probe(mode, bytes([prefix]) + opcode, modrm | rng.randrange(8) << 3)
            yield from probe(mode, b"\x66\x67" + opcode, rng.randrange(256))
    # Every ModR/M byte in both address sizes, and every SIB byte with each mod.
    for modrm in range(256):
        yield from probe(32, b"\x8b", modrm)
        yield from probe(16, b"\x8b", modrm)
        if modrm < 0xC0:
            yield from probe(32, b"\x67\x88", modrm)
            yield from probe(16, b"\x67\x64\x00", modrm)
    for sib in range(256):
        yield from probe(32, b"\x89", 0x04 | (sib & 0x18), sib)
        yield from probe(32, b"\x36\x8a", 0x44, sib)
        if sib % 5 == 0:
            yield from probe(32, b"\xff", 0xB4, sib)
    # The x87 register forms, exactly; the group 7 register forms; opcode-register forms.
    for escape in range(0xD8, 0xE0):
        for modrm in range(0xC0, 0x100):
            yield from probe(32, [escape], modrm)
    for modrm in range(0xC0, 0x100):
        yield from probe(32, b"\x0f\x01", modrm)
        for register in (0x20, 0x21, 0x22, 0x23):
            yield from probe(32, [0x0F, register], modrm)
    # Control and debug register moves ignore mod.
    for modrm in range(0x00, 0xC0, 3):
        yield from probe(32, [0x0F, rng.choice([0x20, 0x21, 0x22, 0x23])], modrm)
    # Piled-up prefixes, up to and over 15 bytes.
    for count in range(1, 16):
        yield from probe(32, b"\x2e" * count + b"\x90")
        yield from probe(32, b"\x66" * count + b"\xb8")
        yield from probe(16, b"\x3e" * count + b"\x81", 0x06)
    for _ in range(600):
        pile = bytes(rng.choice(sorted(prefix_bytes)) for _ in range(rng.randrange(1, 5)))
        opcode = rng.choice(opcodes[:200] if rng.randrange(3) else opcodes)
        yield from probe(rng.choice([16, 32]), pile + opcode, rng.randrange(256))


PREFIXES = [0x66, 0x67, 0xF0, 0xF2, 0xF3, 0x2E, 0x64]


def whole_map():
    """(mode, bytes): every opcode with every ModR/M byte."""
    rng = random.Random(486)
    for mode in (16, 32):
        for opcode in range(512):
            head = bytes([opcode]) if opcode < 256 else bytes([0x0F, opcode & 0xFF])
            for prefix in [b""] + [bytes([p]) for p in PREFIXES]:
                for modrm in range(256):
                    yield mode, prefix + head + bytes([modrm]) + rng.randbytes(12)


def random_bytes(seed, count):
    """(mode, bytes): prefixes, an opcode, and whatever follows."""
    rng = random.Random(seed)
    for _ in range(count):
        pile = bytes(rng.choice(PREFIXES) for _ in range(rng.choice([0, 0, 0, 1, 1, 2, 3, 12])))
        yield rng.choice([16, 32]), pile + rng.choice([b"", b"", b"\x0f"]) + rng.randbytes(14)


def compare_all(cases):
    for mode, data in cases:
        length, text, privileged = wording(data, mode)
        shown = data[:16] if text == "(bad)" else data[:length]
        print(mode, length, "p" if privileged else "-", shown.hex(), text)


def main():
    if sys.argv[1:2] == ["map"]:
        return compare_all(whole_map())
    if sys.argv[1:2] == ["random"]:
        return compare_all(random_bytes(int(sys.argv[2]), int(sys.argv[3])))
    print("# mode length class bytes text; class: p if CPL or IOPL guards the instruction, else -")
    seen = set()
    for mode, data in corpus():
        length, text, privileged = wording(data, mode)
        count = len(prefixes_of(data))
        size = 2 if data[count] == 0x0F else 1
        opcode = data[: count + size]
        if text == "(bad)":
            # ModR/M, SIB and displacement, so that nothing is missing.
            shown = data[: min(16, len(opcode) + 6)]
            # Of a group, each member; of another opcode, one memory and one register form.
            modrm = data[len(opcode)]
            forms = modrm if opcode[count:] in GROUPS else modrm >= 0xC0
            key = (mode, opcode, forms)
        else:
            shown = data[:length]
            # Instructions that differ only in numbers count once.
            key = (mode, opcode, re.sub(r"0x[0-9a-f]+|\b[0-9]\b", "n", text))
        if key in seen:
            continue
        seen.add(key)
        print(mode, length, "p" if privileged else "-", shown.hex(), text)


if __name__ == "__main__":
    main()
