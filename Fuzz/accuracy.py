#!/usr/bin/env python3
"""How far our transcendental functions are from the truth, in units of the last place.

    python3 Fuzz/accuracy.py fpu-ours.txt

reads what FuzzTests wrote of our results and compares each with mpmath (PyPI) at 260 bits. Only
results with rounding to nearest and 64 bits of precision count, and only numbers. The angle of a
trigonometric function is reduced by the 66-bit pi that the manual documents (SDM 1, 8.3.8).
"""

import sys
from collections import defaultdict

from mpmath import atan2, cos, log, mp, mpf, nint, sin

mp.prec = 260


def number(text):
    """A register as an exact value; None for what is no ordinary number."""
    sign_exponent, significand = (int(part, 16) for part in text.split(":"))
    exponent = sign_exponent & 0x7FFF
    if exponent == 0x7FFF or not significand or exponent and not significand >> 63:
        return None
    value = mpf(significand) * mpf(2) ** (max(exponent, 1) - 16383 - 63)
    return -value if sign_exponent >> 15 else value


HALF_PI = mpf(0x3243F6A8885A308D3) / mpf(2) ** 65


def sine(x, quarters):
    """The sine of x and that many quarter turns."""
    multiple = int(nint(x / HALF_PI))
    rest = x - multiple * HALF_PI
    return [sin(rest), cos(rest), -sin(rest), -cos(rest)][(multiple + quarters) % 4]


def truths(name, x, y):
    """The exact results by register: ST(0), ST(1)."""
    if name in ("fsin", "fcos", "fsincos", "fptan") and abs(x) >= mpf(2) ** 63:
        return []
    match name:
        case "fsin":
            return [sine(x, 0)]
        case "fcos":
            return [sine(x, 1)]
        case "fsincos":
            return [sine(x, 1), sine(x, 0)]
        case "fptan":
            return [None, sine(x, 0) / sine(x, 1)]
        case "fpatan":
            return [atan2(y, x)]
        case "f2xm1":
            return [mpf(2) ** x - 1] if abs(x) <= 1 else []
        case "fyl2x":
            return [y * log(x, 2)] if x > 0 else []
        case "fyl2xp1":
            # Beyond that the result is undefined.
            return [y * log(1 + x, 2)] if -0.2928 < x < 0.4142 else []
    return []


def main():
    worst = defaultdict(mpf)
    count = defaultdict(int)
    where = {}
    for line in open(sys.argv[1]):
        name, control, a, b, *results = line.split()
        # All exceptions masked: an unmasked one leaves the operands.
        if int(control, 16) & 0xF3F != 0x33F:
            continue
        x, y = number(a), number(b) if ":" in b else mpf(0)
        if x is None or y is None:
            continue
        for truth, result in zip(truths(name, x, y), results):
            ours = number(result) if ":" in result else None
            if truth is None or ours is None or truth == 0:
                continue
            exponent = int(result.split(":")[0], 16) & 0x7FFF
            error = abs(ours - truth) / mpf(2) ** (max(exponent, 1) - 16383 - 63)
            count[name] += 1
            if error > worst[name]:
                worst[name], where[name] = error, line.strip()
    for name in sorted(count):
        print(f"{name}: {count[name]} results, at most {float(worst[name]):.4f} units: {where[name]}")


main()
