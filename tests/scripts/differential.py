#!/usr/bin/env python3
"""Random valid modules, made by binaryen's `wasm-opt -ttf` from random bytes, in heddle against Node's V8.

Each module becomes one script for `heddle wast`: it calls every export once, in order, with fixed arguments, and states
what V8 returned or that V8 trapped, and in the end the sum of all values that the module logged. The same seed makes the same modules.
Needs wasm-opt (108) and node (20 or later); for all of WebAssembly 3.0 (--full) newer ones (130 and 26: npm has both). What fails is kept in
build/differential. Modules go through the tools in batches: ten thousand take some five minutes of one core, thirteen with --full --small."""

import argparse
import json
import random
import shlex
import shutil
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILD = ROOT / "build" / "differential"

FEATURES = ["simd", "sign-ext", "nontrapping-float-to-int", "bulk-memory", "mutable-globals", "multivalue", "tail-call"]
MORE = ["bulk-memory-opt", "reference-types", "gc", "exception-handling", "memory64", "multimemory", "extended-const"]
# Where V8 and heddle may both be right, with the reason.
ARGUED = {5881: "f64x2.max of a NaN with a payload, its bits logged: --denan of binaryen 108 does not see lanes, and the specification allows both answers"}
# The shapes that compilers leave behind differ from raw random code.
SHAPES = [[], ["-O1"], ["-O3"], ["--fuzz-passes"]]
SIZES = [300, 1500, 6000, 25000]
# The names under which random modules import references, all of them i31s in extern's clothes.
EXTERNS = [f"{kind}${number}" for kind in ("extern", "global") for number in ["", *(f"_{each}" for each in range(1, 200))]]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="modules (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="of the first module; the others follow (default %(default)s)")
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--command", metavar="'COMMAND {}'", help="run each script with this instead of `heddle wast {}`")
    parser.add_argument("--with-nan", action="store_true", help="leave NaNs in: differences in their bits may then show as false alarms")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--full", action="store_true", help="references, GC, exceptions, memory64 and several memories too")
    parser.add_argument("--small", action="store_true", help="no modules from 25,000 random bytes, which take half of the time")
    parser.add_argument("--batch", type=int, default=250, metavar="N", help="modules per process of each tool (default %(default)s)")
    parser.add_argument("--wasm-opt", default="wasm-opt", metavar="PATH")
    parser.add_argument("--node", default="node", metavar="PATH")
    parser.add_argument("--denan", metavar="PATH", help="a newer wasm-opt (130), whose --denan sees lanes too: what differs is compared once more after it, "
                        "and when it then does not, only a NaN's bits did")
    return parser.parse_args()


def enable(chosen):
    return [f"--enable-{feature}" for feature in [*FEATURES, *(MORE if chosen.full else [])]]


def make_arguments(seed, chosen):
    """The arguments of wasm-opt that make module SEED of random bytes."""
    chance = random.Random(seed)
    raw, wasm = BUILD / f"{seed}.bin", BUILD / f"{seed}.wasm"
    raw.write_bytes(chance.randbytes(chance.choice(SIZES[: 3 if chosen.small else 4])))
    return [str(raw), "-ttf", *enable(chosen), *chance.choice(SHAPES), *([] if chosen.with_nan else ["--denan"]),
            *(["--translate-to-exnref"] if chosen.full else []), "-o", str(wasm)]  # V8 takes one kind of exceptions per module


def run_tool(tool, arguments):
    try:
        return subprocess.run([tool, *arguments], capture_output=True, timeout=60).returncode
    except subprocess.TimeoutExpired:
        return -1


def run_tool_often(chosen, runs, tool=None):
    """Exit codes of wasm-opt, one per list of arguments. npm's build is a script for Node that takes most of a second to start: one process for all."""
    tool = tool or chosen.wasm_opt
    with open(tool, "rb") as file:
        if b"node" not in file.readline():
            return [run_tool(tool, arguments) for arguments in runs]
    lines = "".join(json.dumps(arguments) + "\n" for arguments in runs)
    command = [chosen.node, str(HERE / "maker.mjs"), tool]
    try:
        codes = subprocess.run(command, input=lines.encode(), capture_output=True, timeout=10 * len(runs) + 60).stdout.split()
    except subprocess.TimeoutExpired as late:
        codes = (late.stdout or b"").split()
    return [int(code) for code in codes] + [-1] * (len(runs) - len(codes))


def make_modules(seeds, chosen):
    """Seed -> path of a module, of those that binaryen can make."""
    runs = [make_arguments(seed, chosen) for seed in seeds]
    codes = run_tool_often(chosen, runs)
    for seed in seeds:
        (BUILD / f"{seed}.bin").unlink()
    return {seed: BUILD / f"{seed}.wasm" for seed, code in zip(seeds, codes) if code == 0}


# ---- writing the script ------------------------------------------------------------------------------------------


def number(kind, bits):
    """A constant in the text format from its bits in hexadecimal."""
    if kind in ("i32", "i64"):
        return "0x" + bits
    size, code = (4, "f") if kind == "f32" else (8, "d")
    value = struct.unpack(">" + code, int(bits, 16).to_bytes(size, "big"))[0]
    return value.hex()


def constant(kind, bits):
    return f"({kind}.const {number(kind, bits)})"


def quoted(name):
    return '"' + "".join(chr(byte) if 32 <= byte < 127 and byte not in (34, 92) else f"\\{byte:02x}" for byte in name.encode()) + '"'


def command(call):
    """One line of the script. A NaN's bits are not V8's to say, nor how deep its stack is: there the call is only made."""
    invoke = "(invoke " + quoted(call["name"]) + "".join(" " + constant(*pair) for pair in zip(call["parameters"], call["arguments"])) + ")"
    if "trap" in call:
        return f'(assert_trap {invoke} "") ;; {call["trap"]}'
    if "thrown" in call:
        return f"(assert_exception {invoke})"
    if call.get("exhausted") or "nan" in call["returned"]:
        return invoke
    expected = [constant(kind, bits) for kind, bits in zip(call["results"], call["returned"])]
    return f"(assert_return {' '.join([invoke, *expected])})"


def support_text(chosen):
    return (HERE / ("support3.wat" if chosen.full else "support.wat")).read_text()


def externs_text():
    one = '(global (export "{}") (ref extern) (extern.convert_any (ref.i31 (i32.const {}))))'
    return "(module " + " ".join(one.format(name, number) for number, name in enumerate(EXTERNS)) + ")"


def script(wasm, answers, chosen):
    text = "".join(f"\\{byte:02x}" for byte in wasm.read_bytes())
    module = f'(module $m binary "{text}")'
    lines = [support_text(chosen).replace("(module", "(module $support", 1), '(register "fuzzing-support" $support)']
    if chosen.full:
        lines += [externs_text(), '(register "__fuzz_import")']
    if "trap" in answers:
        return "\n".join([*lines, f'(assert_trap {module.replace("$m ", "")} "") ;; {answers["trap"]}']) + "\n"
    lines += [module, *(command(call) for call in answers["calls"])]
    if "sum" in answers:
        lines.append(f'(assert_return (invoke $support "sum") (i64.const 0x{answers["sum"]}))')
    return "\n".join(lines) + "\n"


# ---- running -----------------------------------------------------------------------------------------------------


def assembled(chosen, text, name):
    """What random modules import, as V8 wants it."""
    source, wasm = BUILD / f"{name}.wat", BUILD / f"{name}.wasm"
    source.write_text(text)
    subprocess.run([chosen.wasm_opt, str(source), *enable(chosen), "-o", str(wasm)], check=True, capture_output=True)
    return wasm


def ask_v8(chosen, support, externs, modules):
    """V8's answers by module; one process for all."""
    lines = "".join(f"{support}\t{wasm}\t{externs}\n" for wasm in modules)
    command = [chosen.node, "--experimental-wasm-type-reflection", str(HERE / "oracle.mjs")]
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"differential: the oracle failed: {done.stderr[-2000:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_script(words, wast):
    """What is wrong, or None."""
    try:
        done = subprocess.run([word.replace("{}", str(wast)) for word in words], capture_output=True, timeout=60)
    except subprocess.TimeoutExpired:
        return "no end after 60 s"
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    return None if done.returncode == 0 else f"exit code {done.returncode}\n{said[-1500:]}"


def failures(chosen, scripts):
    """Seed -> what is wrong, of those scripts that fail: one process for all of them, and one more for each that fails."""
    if chosen.command:
        words = shlex.split(chosen.command)
        suspects = scripts
    else:
        words = [chosen.heddle, "wast", "{}"]
        suspects = suspicious(chosen.heddle, scripts)
    with ThreadPoolExecutor(chosen.jobs) as pool:
        said = dict(zip(suspects, pool.map(lambda wast: run_script(words, wast), suspects.values())))
    return {seed: wrong for seed, wrong in said.items() if wrong}


def without_nans(chosen, shared, wrong):
    """The seeds among `wrong` that differ no more when no lane holds a NaN."""
    fixed = {seed: BUILD / f"{seed}.denan.wasm" for seed in wrong}
    codes = run_tool_often(chosen, [[str(BUILD / f"{seed}.wasm"), *enable(chosen), "--denan", "-o", str(fixed[seed])] for seed in wrong], chosen.denan)
    made = {seed: wasm for (seed, wasm), code in zip(fixed.items(), codes) if code == 0}
    scripts = {}
    for (seed, wasm), answers in zip(made.items(), ask_v8(chosen, *shared, made.values())):
        scripts[seed] = BUILD / f"{seed}.denan.wast"
        scripts[seed].write_text(script(wasm, answers, chosen))
    return scripts.keys() - failures(chosen, scripts).keys()


def suspicious(heddle, scripts):
    """The scripts that one process running all of them reports, or all when it does not end as it should."""
    if not scripts:
        return {}
    try:
        done = subprocess.run([heddle, "wast", "--json", "-", *map(str, scripts.values())], capture_output=True, timeout=600)
        files = {Path(each["path"]).name: each for each in json.loads(done.stdout)["files"]}
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return scripts
    if done.returncode not in (0, 1):
        return scripts
    return {seed: wast for seed, wast in scripts.items() if wast.name not in files or files[wast.name]["failed"]}


def main():
    chosen = options()
    chosen.wasm_opt = shutil.which(chosen.wasm_opt) or sys.exit(f"differential: {chosen.wasm_opt} is not there")
    if not chosen.command and not Path(chosen.heddle).exists():
        sys.exit(f"differential: {chosen.heddle} is not there")
    BUILD.mkdir(parents=True, exist_ok=True)
    support = assembled(chosen, support_text(chosen), "support")
    externs = assembled(chosen, externs_text() if chosen.full else "(module)", "externs")

    passed = calls = traps = 0
    argued = {} if chosen.full else ARGUED
    skipped, failed = [f"{seed}: {reason}" for seed, reason in argued.items() if chosen.seed <= seed < chosen.seed + chosen.count], []
    for start in range(chosen.seed, chosen.seed + chosen.count, chosen.batch):
        seeds = [seed for seed in range(start, min(start + chosen.batch, chosen.seed + chosen.count)) if seed not in argued]
        made = make_modules(seeds, chosen)
        skipped += [f"{seed}: binaryen made no module" for seed in seeds if seed not in made]
        scripts = {}
        for (seed, wasm), answers in zip(made.items(), ask_v8(chosen, support, externs, made.values())):
            if "rejected" in answers:
                skipped.append(f"{seed}: {answers['rejected']}")
                wasm.unlink()
                continue
            scripts[seed] = BUILD / f"{seed}.wast"
            scripts[seed].write_text(script(wasm, answers, chosen))
            calls += len(answers.get("calls", []))
            traps += sum("trap" in call for call in answers.get("calls", []))
        wrong = failures(chosen, scripts)
        only_nans = without_nans(chosen, (support, externs), wrong) if wrong and chosen.denan else set()
        skipped += [f"{seed}: only the bits of a NaN in a lane differ" for seed in sorted(only_nans)]
        wrong = {seed: what for seed, what in wrong.items() if seed not in only_nans}
        for seed, wast in scripts.items():
            if seed in wrong:
                failed.append(seed)
                print(f"seed {seed}: {wrong[seed]}\n    kept {wast}", flush=True)
            elif seed not in only_nans:
                passed += 1
                wast.unlink()
                made[seed].unlink()
        print(f"{start}: {passed} passed so far", file=sys.stderr, flush=True)
    for line in skipped:
        print(f"left out {line}")
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} left out; {calls} calls compared, {traps} of them trapped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
