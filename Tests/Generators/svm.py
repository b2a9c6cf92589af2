#!/usr/bin/env python3
"""Asks other models of SVM processors about Tests/X86Tests/Vectors/svm.txt.

    python3 Tests/Generators/svm.py            assembles svm.asm and puts its bytes into svm.txt
    python3 Tests/Generators/svm.py --compare  and runs it on Bochs 2.7 and on QEMU's translator

The expected lines in svm.txt are AMD's manual's (APM 2, chapter 15). A line on which Bochs differs
must be named below, with the reason; then the reason is about Bochs. QEMU's translator is much
less strict, so it is only asked about these: whether it agrees where Bochs does not.
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).parent
VECTORS = HERE.parent / "X86Tests" / "Vectors" / "svm.txt"

BOCHS = {
    "does not know the intercept": ["rsm-before-its-fault", "exception-db-icebp"],
    "LMSW is selective, contrary to table 15-7": ["selective-cr0-stops-any-lmsw"],
    "leaves DR6 and DR7 alone when #DB is intercepted": [
        "exception-db-step", "exception-db-execution", "exception-db-data",
        "exception-db-general-detect", "exception-db-clears-gd",
    ],
    "EXITINTINFO names the second event, or none of a software interrupt": [
        "delivering-int-n", "task-int-n", "nested32-during-delivery",
    ],
    "masks events by what was before VMRUN": [
        "delivering-virtual-interrupt", "interrupt-masked-by-host-if",
        "interrupt-despite-guest-if", "virtual-interrupt", "virtual-interrupt-is-taken",
        "virtual-interrupt-above-tpr", "virtual-interrupt-ignores-tpr", "vintr",
        "vintr-waits-for-shadow",
    ],
    "does not load CR2": ["inject-page-fault-keeps-cr2", "cr2-is-loaded-and-saved"],
    "clears only the V bit of EVENTINJ": ["inject-cleared-on-exit"],
    "checks less": [
        "inject-exception-9", "inject-exception-15", "inject-exception-31", "invalid-cr3-high",
        "invalid-tlb-control", "hsave-misaligned", "vm-cr-reserved",
        "vm-cr-disable-while-enabled", "vm-cr-locks",
    ],
    "intercepts a repeated instruction that does nothing": ["rep-insb-of-nothing"],
    "knows the I/D bit without no-execute": ["nested32-fetch"],
    "sleeps on, or resets the machine": ["virtual-interrupt-ends-hlt", "shutdown"],
}
BOCHS_CONFIGURATION = """
display_library: rfb, options="timeout=0"
megs: 16
cpu: model=zambezi, ips=100000000
romimage: file={folder}/rom
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
port_e9_hack: enabled=1
log: {folder}/log
panic: action=fatal
error: action=ignore
info: action=ignore
"""


def assemble(folder, *options):
    """The image without its reset vector, and `rom` with it in the folder."""
    code = folder / "code"
    command = ["nasm", "-w-all", "-f", "bin", f"-i{HERE}/", *options, HERE / "svm.asm", "-o", code]
    subprocess.run(command, check=True)
    image = code.read_bytes()
    start = bytes.fromhex("ea000000f0")  # jmp F000:0
    (folder / "rom").write_bytes(image.ljust(0xFFF0, b"\x90") + start.ljust(16, b"\x90"))
    return image


def case_lines(text):
    lines = (line for line in text.split("\n") if re.fullmatch(r"[a-z0-9-]+( [0-9a-f]+| -)+", line))
    return {line.split()[0]: line.split()[1:] for line in lines}


def run_bochs(folder):
    assemble(folder, "-DBOCHS")
    (folder / "bochsrc").write_text(BOCHS_CONFIGURATION.format(folder=folder))
    with open(folder / "bochs", "wb") as output:
        bochs = subprocess.Popen(
            ["bochs", "-q", "-f", folder / "bochsrc"],
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
        bochs.stdin.write(b"c\n")
        bochs.stdin.flush()
        for _ in range(60):  # it halts at the end and does not say so
            time.sleep(1)
            if b"\nend\n" in (folder / "bochs").read_bytes():
                break
        bochs.kill()
        bochs.wait()
    return case_lines((folder / "bochs").read_text(encoding="latin-1"))


def run_qemu(folder):
    assemble(folder, "-DQEMU")
    command = [
        "qemu-system-i386", "-display", "none", "-cpu", "phenom,+svm,+npt", "-m", "16",
        "-bios", folder / "rom", "-debugcon", f"file:{folder}/qemu", "-no-reboot",
        "-device", "isa-debug-exit,iobase=0xf4,iosize=1",
    ]
    subprocess.run(command, stderr=subprocess.DEVNULL, timeout=60)
    return case_lines((folder / "qemu").read_text())


def comparable(fields, is_qemu=False):
    """What a witness can be asked: none writes nRIP only when the manual says so, and so on."""
    fields = list(fields)
    if len(fields) < 7:
        return fields
    code = int(fields[0], 16)
    is_instruction = code < 0x40 or 0x65 <= code < 0x90 and code not in (0x7D, 0x7F)
    if is_qemu or not is_instruction:
        fields[5] = "*"
    if code in (0xFFFFFFFFFFFFFFFF, 0xFFFFFFFF):  # they save a guest that did not run
        fields[0] = "invalid"
        fields[4] = fields[6] = "*"
    if code == 0x7B:  # they do not name the segment
        fields[1] = f"{int(fields[1], 16) & ~(0x1D80 if is_qemu else 0x1C00):x}"
    if int(fields[3], 16) & 1 << 31 == 0:
        fields[3] = "0"
    return fields


def compare(bochs, qemu, expected):
    known = {name: why for why, names in BOCHS.items() for name in names}
    for name in known.keys() - expected.keys():
        print(f"there is no case {name}")
    agreed, alone = 0, []
    for name, fields in expected.items():
        found = bochs.get(name)
        if found and comparable(found) == comparable(fields):
            agreed += 1
            if name in known:
                print(f"Bochs: {name} no longer differs")
            continue
        if name not in known:
            print(f"Bochs: {name} {' '.join(found or ['has no line'])}")
            print(f"       expected {' '.join(fields)}")
        found = qemu.get(name)
        if not found or comparable(found, True) != comparable(fields, True):
            alone.append(name)
    print(f"Bochs agrees on {agreed} of {len(expected)} cases.")
    print(f"QEMU agrees on {len(expected) - agreed - len(alone)} of the others; the manual alone:")
    for name in alone:
        print(f"    {name}: Bochs {known.get(name, 'differs')}")


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        image = assemble(folder)
        text = VECTORS.read_text()
        kept = [line for line in text.split("\n") if not line.startswith("rom ")]
        rom = [f"rom {image[at : at + 32].hex()}" for at in range(0, len(image), 32)]
        VECTORS.write_text("\n".join(kept[:-1] + rom) + "\n")
        if "--compare" in sys.argv:
            compare(run_bochs(folder), run_qemu(folder), case_lines("\n".join(kept)))


main()
