#!/usr/bin/env python3
"""Two programs by others, from npm, in heddle and in Node's own WASI: esbuild (Go, 20 MB) bundles and minifies a small TypeScript project, imagecli
(Rust, 3 MB) converts pictures. The results are checked, and compared byte for byte; time to first output and peak memory are printed.

Packages of fixed versions are installed into build/npm."""

import argparse
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PACKAGES = ROOT / "build" / "npm"
LOADER = ROOT / "bench" / "node-wasi.mjs"

VERSIONS = {"@esbuild/wasi-preview1": "0.27.2", "@jspawn/imagecli-wasm": "0.1.0"}
ESBUILD = PACKAGES / "node_modules" / "@esbuild" / "wasi-preview1" / "esbuild.wasm"
IMAGECLI = PACKAGES / "node_modules" / "@jspawn" / "imagecli-wasm" / "imagecli.wasm"

PROJECT_SAYS = "Hello, Wörld 11\nround 12.566\nedgy 9.000\nround some:4|words:5|here:4\n42\n"
WIDTH, HEIGHT = 400, 300


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heddle", default=str(ROOT / "build" / "release" / "heddle"), metavar="PATH")
    parser.add_argument("--no-heddle", action="store_true", help="only check that Node gives what is expected")
    parser.add_argument("--no-node", action="store_true")
    return parser.parse_args()


def install():
    """npm's packages below build/npm, when they are not there in these versions."""
    wanted = [f"{name}@{version}" for name, version in VERSIONS.items()
              if f'"version": "{version}"' not in read(PACKAGES / "node_modules" / name / "package.json")]
    if wanted:
        PACKAGES.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(PACKAGES), *wanted], check=True)


def read(path):
    return path.read_text() if path.exists() else ""


# ---- running and measuring ---------------------------------------------------------------------------------------


@dataclass
class Run:
    code: int
    stdout: bytes
    stderr: str
    first: float  # seconds to the first byte on standard output, or to the end without any
    total: float
    peak: int  # resident KiB


def peak_of(process):
    """The kernel's own record of one process; it does not count what the parent used before exec."""
    try:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM")), 0)


def measure(command, folder, timeout=120):
    with tempfile.TemporaryFile() as errors:
        begin = time.monotonic()
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors)
        stdout, first, peak, open_ = b"", None, 0, True
        while process.poll() is None:
            peak = max(peak, peak_of(process))
            if time.monotonic() - begin > timeout:
                process.kill()
            if not open_:
                time.sleep(0.005)
            elif select.select([process.stdout], [], [], 0.005)[0]:
                part = process.stdout.read1(1 << 20)
                open_ = bool(part)
                first = first or (time.monotonic() - begin if part else None)
                stdout += part
        total = time.monotonic() - begin
        stdout += process.stdout.read()
        process.stdout.close()
        errors.seek(0)
        return Run(process.returncode, stdout, errors.read().decode(errors="replace"), first or total, total, peak)


# ---- the jobs ----------------------------------------------------------------------------------------------------


def png(pixel):
    """A picture in RGB, without a library."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + b"".join(bytes(pixel(x, y)) for x in range(WIDTH)) for y in range(HEIGHT))
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def colour(x, y):
    return x * 255 // WIDTH, y * 255 // HEIGHT, x * y & 255


def bmp_pixel(data, x, y):
    """(red, green, blue) of an uncompressed bitmap of 24 or 32 bits, stored from the bottom up."""
    start, = struct.unpack_from("<I", data, 10)
    width, height, _, depth = struct.unpack_from("<iiHH", data, 18)
    stride = (width * depth // 8 + 3) & ~3
    at = start + (height - 1 - y) * stride + x * depth // 8
    blue, green, red = data[at:at + 3]
    return red, green, blue


def check_mirror(folder):
    data = (folder / "mirror.bmp").read_bytes()
    if struct.unpack_from("<ii", data, 18) != (WIDTH, HEIGHT):
        return "the bitmap has other sides than the picture"
    wrong = sum(bmp_pixel(data, x, y) != colour(WIDTH - 1 - x, y) for y in range(HEIGHT) for x in range(WIDTH))
    return f"{wrong} pixels are wrong" if wrong else None


def check_jpeg(folder):
    data = (folder / "small.jpg").read_bytes()
    at = data.find(b"\xff\xc0")
    if not data.startswith(b"\xff\xd8") or not data.endswith(b"\xff\xd9") or at < 0:
        return "not a whole JPEG file"
    height, width = struct.unpack_from(">HH", data, at + 5)
    return None if (width, height) == (WIDTH // 2, HEIGHT // 2) else f"{width} by {height} instead of half the sides"


def check_bundle(folder):
    bundle = folder / "out.mjs"
    text = bundle.read_text()
    if "dead code" in text or "shaken off" in text or "interface" in text or text.count("\n") > 1:
        return "the bundle is not minified"
    said = subprocess.run(["node", str(bundle)], capture_output=True, text=True).stdout
    return None if said == PROJECT_SAYS else f"the bundle says {said!r}"


@dataclass
class Job:
    name: str
    wasm: Path
    options: list
    arguments: list
    check: object = None  # of the folder after the run: what is wrong, or None
    output: str = ""  # the file that both engines must agree on; without one, standard output


GRANT_ROOT = ["--dir", ".::/", "--env", "PWD=/"]
BUNDLE = ["main.ts", "--bundle", "--minify", "--format=esm"]
JOBS = [
    Job("esbuild --version", ESBUILD, GRANT_ROOT, ["--version"]),
    Job("esbuild to stdout", ESBUILD, GRANT_ROOT, BUNDLE),
    Job("esbuild to a file", ESBUILD, GRANT_ROOT, [*BUNDLE, "--sourcemap=external", "--outfile=out.mjs"], check_bundle, "out.mjs"),
    Job("imagecli --help", IMAGECLI, ["--env", "A=B"], ["--help"]),
    Job("imagecli png to bmp", IMAGECLI, GRANT_ROOT, ["-i", "in.png", "-o", "mirror.bmp", "-p", "hflip"], check_mirror, "mirror.bmp"),
    Job("imagecli png to jpg", IMAGECLI, GRANT_ROOT, ["-i", "in.png", "-o", "small.jpg", "-p", "scale 0.5 > gaussian 2.0"], check_jpeg, "small.jpg"),
]


def run_job(job, engine):
    """(run, what is wrong or None, the bytes to compare)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(HERE / "project", folder, dirs_exist_ok=True)
        (folder / "in.png").write_bytes(png(colour))
        run = measure([*engine, *job.options, str(job.wasm), *job.arguments], folder)
        if run.code != 0:
            return run, f"exit code {run.code}: {run.stderr[-500:]}", b""
        if job.output and not (folder / job.output).exists():
            return run, f"no {job.output} was written", b""
        wrong = job.check(folder) if job.check else None
        return run, wrong, (folder / job.output).read_bytes() if job.output else run.stdout


def main():
    chosen = options()
    engines = {}
    if not chosen.no_heddle:
        if not Path(chosen.heddle).exists():
            sys.exit(f"others: {chosen.heddle} is not there")
        engines["heddle"] = [str(Path(chosen.heddle).resolve()), "run"]
    if not chosen.no_node:
        engines["node"] = ["node", "--no-warnings", str(LOADER)]
    install()
    failed = False
    print(f"{'':22}{'':8}{'first output':>14}{'whole':>10}{'peak memory':>14}")
    for job in JOBS:
        results = {}
        for name, engine in engines.items():
            run, wrong, results[name] = run_job(job, engine)
            if not wrong and results[name] != next(iter(results.values())):
                wrong = "the output differs from heddle's"
            print(f"{job.name:22}{name:8}{run.first * 1000:11.0f} ms{run.total:8.2f} s{run.peak / 1024:10.1f} MiB  {wrong or 'right'}", flush=True)
            failed |= bool(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
