#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts innermost loops with arithmetic on vectors that store a vector register to the stack: accumulators that did not fit.

test/bench/spills.py PROGRAM...               prints a line per program and the loops with spills; exit code 1 when there are any
test/bench/spills.py --products PROGRAM...    only the loops of products, whose sums stay in registers: they multiply and add, and store nothing else
"""

import re
import subprocess
import sys

OBJDUMP = "llvm-objdump-22"
INSTRUCTION = re.compile(r"^\s*([0-9a-f]+):\s+(\S+)\s*(.*)$")
# What an instruction is, as "NAME OPERANDS" in the words of llvm-objdump: for x86-64, and for AArch64.
JUMP = (re.compile(r"^j\w+ 0x([0-9a-f]+)"), re.compile(r"^(?:b(?:\.\w+)?|t?cbn?z|tbn?z)(?: .*,)? 0x([0-9a-f]+)"))
SPILL = (re.compile(r"^vmov\w* %[yz]mm\d+, -?(?:0x)?[0-9a-f]*\(%r[sb]p\)"), re.compile(r"^st[rpu]+ q\d+, (?:q\d+, )?\[(?:sp|x29)[],]"))
STORE = (re.compile(r"^vmov\w* %[yz]mm\d+(?: \{%k\d\})?, \S*\((?!%r[sb]p)"), re.compile(r"^st[rpu]+ q\d+, (?:q\d+, )?\[(?!sp|x29)"))
MULTIPLY_ADD = (re.compile(r"^v(?:fmadd\d+ps|dpbf16ps|pdpbusd).*%[yz]mm"), re.compile(r"^fmla v\d+\.4s"))
ARITHMETIC = (
    re.compile(r"^v(?:fn?m(?:add|sub)\d+p|addp|mulp|maxp|dpbf16|pdpbusd).*%[yz]mm"),
    re.compile(r"^f(?:mla|mls|add|mul|max)\w* v\d+\.4s"),
)


def inner_loops(lines, jump):
    """Yields the instructions of each innermost loop: from the target of a backward jump to the jump, with no other such loop inside."""
    code = [(int(match.group(1), 16), f"{match.group(2)} {match.group(3)}") for match in map(INSTRUCTION.match, lines) if match]
    index = {address: number for number, (address, _) in enumerate(code)}
    loops = []
    for number, (_, text) in enumerate(code):
        if target := jump.match(text):
            start = index.get(int(target.group(1), 16))
            if start is not None and start <= number:
                loops.append((start, number))
    if len(loops) > 1:  # code that was moved out of a loop jumps back into its middle: no loop of its own
        loops = [loop for loop in loops if not any(start < loop[0] <= end < loop[1] for start, end in loops)]
    last_start = -1
    for start, end in sorted(loops, key=lambda loop: loop[1]):  # by end: an inner loop comes before the loop around it
        if start > last_start:
            last_start = start
            yield code[start : end + 1]


def count(program, products=False) -> tuple[int, list[str]]:
    """Vector loops, or those of products alone, and the addresses of those with spills."""
    text = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", str(program)], check=True, capture_output=True, text=True).stdout
    is_arm = "littleaarch64" in text.partition("\n\n")[0]
    jump, spill, store, arithmetic = (kind[is_arm] for kind in (JUMP, SPILL, STORE, MULTIPLY_ADD if products else ARITHMETIC))
    loops, spilling = 0, []
    for loop in inner_loops(text.splitlines(), jump):
        if not any(arithmetic.match(text) for _, text in loop):
            continue
        if products and any(store.match(text) for _, text in loop):
            continue
        loops += 1
        if any(spill.match(text) for _, text in loop):
            spilling.append(f"0x{loop[0][0]:x}")
    return loops, spilling


def main() -> int:
    if not sys.argv[1:] or sys.argv[1] in ("--help", "-h"):
        print(__doc__)
        return 0 if sys.argv[1:] else 2
    bad, products = 0, "--products" in sys.argv
    for program in (name for name in sys.argv[1:] if name != "--products"):
        loops, spilling = count(program, products)
        bad += len(spilling)
        print(f"{program}: {loops} {'loops of products' if products else 'vector loops'}, {len(spilling)} with spills {' '.join(spilling)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
