#!/usr/bin/env python3
"""Disassembles the handlers and fails on what a hot one must not contain: a native frame, a call, a cmov for a guest branch.

Usage: handlers_test.py libheddle_engine.a [objdump]"""

import re
import subprocess
import sys

# The handlers that go out of line by nature: bulk and table instructions, exceptions, host functions, translation, stack switching, what
# allocates or copies objects, waiting and waking, casts, which walk the types' supers, and descriptors, which are looked up in them.
OUT_OF_LINE = re.compile(
    r"move_block|memory_(grow|fill|copy|init)|data_drop|elem_drop|table_(grow|fill|copy|init)|_closer|indirect_trap"
    r"|throw|translate_|host_entry|resume_host"
    r"|change_stack|resume_how|return_to_resume|cont_(new|bind)"
    r"|struct_new|array_(new|fill|copy|init)|ref_test|ref_cast|ref_get_desc|branch_on_(cast|descriptor)|atomic_(wait|notify)"
)


def functions(archive, objdump):
    """(name, instructions) of every function in the handlers' object files, as GNU's or LLVM's objdump prints them."""
    text = subprocess.run([objdump, "-d", "--no-show-raw-insn", archive], check=True, capture_output=True, text=True).stdout
    member, name, body = "", None, []
    for line in text.splitlines():
        if match := re.match(r"^(\S+\.o)\)?:\s+file format", line):
            member = match[1]
        elif match := re.match(r"^[0-9a-f]+ <(.+)>:$", line):
            if name:
                yield name, body
            name, body = (match[1] if "handlers_" in member else None), []
        elif name and "\t" in line:
            body.append(line.split("\t", 1)[1].strip())
    if name:
        yield name, body


def faults(name, body):
    for instruction in body:
        if re.match(r"push|subq?\s+\$0x[0-9a-f]+,\s*%rsp|call", instruction):
            yield instruction
        if "branch" in name and instruction.startswith("cmov"):
            yield instruction


def main():
    archive, objdump = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "objdump"
    checked, bad, sequences = 0, 0, 0
    for name, body in functions(archive, objdump):
        if OUT_OF_LINE.search(name):
            continue
        checked += 1
        sequences += "8sequence" in name or "sequence<" in name
        if found := sorted(set(faults(name, body))):
            bad += 1
            print(f"{name}: {', '.join(found)}")
    print(f"{checked} handlers, {sequences} of them hot, {bad} with a frame, a call or a cmov")
    sys.exit(1 if bad or checked < 1000 or sequences < 500 else 0)


if __name__ == "__main__":
    main()
