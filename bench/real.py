"""Real programs for the bench: their sources are fetched by pinned version from package registries and compiled here. Never used for mining."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
REAL = HERE / "real"
STORE = HERE.parent / "build" / "bench" / "real"

SQLITE = "better-sqlite3@12.4.1"
ESBUILD = "@esbuild/wasi-preview1@0.27.2"
ESBUILD_NATIVE = "@esbuild/linux-x64@0.27.2"
SCRIPT = "acorn@8.15.0"  # what esbuild minifies
LUA = ("lua5.4", "5.4.4-3+deb12u1")

LUA_FILES = "lapi lauxlib lbaselib lcode lctype ldebug ldo ldump lfunc lgc llex lmathlib lmem lobject lopcodes lparser lstate lstring lstrlib ltable ltablib ltm lundump lvm lzio".split()
SQLITE_FLAGS = ["-DSQLITE_THREADSAFE=0", "-DSQLITE_OMIT_LOAD_EXTENSION", "-DSQLITE_OS_OTHER=1", "-DSQLITE_TEMP_STORE=3", "-DSQLITE_OMIT_WAL"]


class Missing(Exception):
    """Why a program cannot be had."""


def run(command, **more):
    try:
        done = subprocess.run(command, capture_output=True, text=True, **more)
    except OSError as error:
        raise Missing(str(error))
    if done.returncode != 0:
        raise Missing(f"{' '.join(map(str, command[:4]))} …: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def npm_package(name):
    """The unpacked folder of an npm package NAME@VERSION."""
    folder = STORE / name.replace("/", "-").lstrip("@")
    if not folder.exists():
        STORE.mkdir(parents=True, exist_ok=True)
        archive = STORE / run(["npm", "pack", "--silent", name], cwd=STORE).split()[-1]
        unpacked = folder.with_suffix(".part")
        with tarfile.open(archive) as file:
            file.extractall(unpacked, filter="data")
        archive.unlink()
        (unpacked / "package").rename(folder)
        shutil.rmtree(unpacked)
    return folder


def debian_source(name, version):
    """The unpacked upstream source of a Debian package, by the mirrors that this machine uses for its packages."""
    folder = STORE / f"{name}-{version}"
    if not folder.exists():
        work = STORE / f"{name}.part"
        (work / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        (work / "cache" / "archives" / "partial").mkdir(parents=True, exist_ok=True)
        lists = [path for path in (Path("/etc/apt/sources.list.d/debian.sources"),) if path.exists()]
        if not lists:
            raise Missing("no /etc/apt/sources.list.d/debian.sources: Lua's source comes from a Debian mirror")
        sources = work / "sources.sources"
        sources.write_text("\n".join(path.read_text().replace("Types: deb\n", "Types: deb-src\n") for path in lists))
        apt = ["apt-get", "-q", "-o", "Dir::Etc::SourceParts=/none", "-o", f"Dir::Etc::SourceList={sources}", "-o", f"Dir::State::Lists={work / 'lists'}",
               "-o", f"Dir::Cache={work / 'cache'}"]
        run([*apt, "update"])
        run([*apt, "source", "--download-only", f"{name}={version}"], cwd=work)
        archive = next(work.glob("*.orig.tar.*"))
        with tarfile.open(archive) as file:
            file.extractall(work / "source", filter="data")
        next((work / "source").iterdir()).rename(folder)
        shutil.rmtree(work)
    return folder


def compile_sources(cc, flags, wasm, name, sources, both, only_wasm=()):
    """(native, wasm) of C sources."""
    native, guest = STORE / f"{name}.native", STORE / f"{name}.wasm"
    if native.exists() and guest.exists() and min(native.stat().st_mtime, guest.stat().st_mtime) > max(path.stat().st_mtime for path in REAL.iterdir()):
        return native, guest
    print(f"bench: compiling {name}", file=sys.stderr, flush=True)
    objects = []
    for source in sources:
        objects.append(STORE / f"{name}-{source.stem}.o")
        run([cc, *wasm, *flags, "-w", *both, *only_wasm, "-c", source, "-o", objects[-1]])
    # Linked apart, or clang 19 runs an installed wasm-opt.
    run([cc, *wasm, "-Wl,-s", *objects, "-o", guest])
    run([cc, *flags, "-w", *both, *sources, "-lm", "-o", native])
    for unlinked in objects:
        unlinked.unlink()
    return native, guest


def lua(cc, flags, wasm):
    source = debian_source(*LUA) / "src"
    both = ["-include", REAL / "lua_without_jumps.h", f"-I{source}"]
    native, guest = compile_sources(cc, flags, wasm, "lua", [REAL / "lua.c", *(source / f"{name}.c" for name in LUA_FILES)], both,
                                    [f"-I{REAL}", "-D_WASI_EMULATED_SIGNAL"])
    return [native], guest, [], REAL / "lua.lua"


def sqlite(cc, flags, wasm):
    source = npm_package(SQLITE) / "deps" / "sqlite3"
    native, guest = compile_sources(cc, flags, wasm, "sqlite", [REAL / "sqlite.c", source / "sqlite3.c"], [*SQLITE_FLAGS, f"-I{source}"])
    return [native], guest, [], None


def esbuild(cc, flags, wasm):
    words = ["--minify", "--loader=js"]
    native = npm_package(ESBUILD_NATIVE) / "bin" / "esbuild"
    native.chmod(0o755)
    return [native, *words], npm_package(ESBUILD) / "esbuild.wasm", words, npm_package(SCRIPT) / "dist" / "acorn.js"


# Name -> a function of (compiler, flags, flags for Wasm) that gives (native command, Wasm file, its arguments, what stands on standard input).
PROGRAMS = {"esbuild": esbuild, "lua": lua, "sqlite": sqlite}
