#!/usr/bin/env python3
"""Writes Tests/X86Tests/Vectors/protection.txt and paging.txt: what Bochs 2.7 (Debian bochs and
bochs-term) makes of the random set-ups in protection.asm and paging.asm, next to this file.

    python3 Tests/Generators/protection.py protection > Tests/X86Tests/Vectors/protection.txt
    python3 Tests/Generators/protection.py paging > Tests/X86Tests/Vectors/paging.txt

A file holds the ROM (from F0000h, in lines of 32 bytes) and for each test the FNV-1a hash of the
line it prints, eight to a line; dashes where Bochs departs from the manual.
"""

import pathlib
import subprocess
import sys
import tempfile

SEED = 0x777777
# How many tests, and the processor: one with the no-execute bit for paging.
SETS = {
    "protection": (4000, "p2_klamath"),
    "paging": (2000, "core_duo_t2400_yonah"),
}
# Bochs pushes the return address of a far CALL before it finds the new EIP outside its segment.
# These differ in the bytes below ESP only.
DEPARTURES = {"protection": {0x8FF, 0xEAC}, "paging": set()}

CONFIGURATION = """
display_library: rfb, options="timeout=0"
megs: 16
cpu: model={model}, ips=100000000
romimage: file={rom}
vgaromimage: file=/usr/share/bochs/VGABIOS-lgpl-latest
port_e9_hack: enabled=1
log: {log}
panic: action=fatal
error: action=ignore
info: action=ignore
"""


def fnv(line):
    value = 0x811C9DC5
    for byte in line.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def main():
    name = sys.argv[1]
    count, model = SETS[name]
    source = pathlib.Path(__file__).with_name(name + ".asm")
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        rom = folder / "rom.bin"
        subprocess.run(
            ["nasm", "-w-all", f"-DSEED={SEED}", f"-DCOUNT={count}", "-f", "bin"]
            + [f"-i{source.parent}/", source, "-o", rom],
            check=True,
        )
        configuration = folder / "bochsrc"
        configuration.write_text(CONFIGURATION.format(rom=rom, model=model, log=folder / "log"))
        output = subprocess.run(
            ["bochs", "-q", "-f", configuration],
            input=b"c\nq\n",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ).stdout.decode("latin-1")
        code = rom.read_bytes()[:0xFFF0].rstrip(b"\x90")
    lines = [line for line in output.split("\n") if line[8:9] == " " and line[:8].isalnum()]
    results = {}
    for line in lines:
        if line.startswith(f"{len(results):08x} "):
            results[len(results)] = fnv(line)
    if len(results) != count:
        sys.exit(f"Bochs finished {len(results)} of {count} tests")
    print("# Written by Tests/Generators/protection.py; do not edit.")
    for start in range(0, len(code), 32):
        print("rom", code[start : start + 32].hex())
    for start in range(0, count, 8):
        hashes = [
            "-" * 8 if number in DEPARTURES[name] else f"{results[number]:08x}"
            for number in range(start, start + 8)
        ]
        print(f"{start:08x}", *hashes)


main()
