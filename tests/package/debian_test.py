#!/usr/bin/env python3
"""cpack's Debian packages: unpacked into an empty root, the program runs, and C and C++ are compiled against the library.

    debian_test.py BUILD C-COMPILER C++-COMPILER
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD, CC, CXX = sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent
MODULE = '(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1) (func (export "_start") (call $exit (i32.const 41))))'


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


@unittest.skipUnless(shutil.which("dpkg-deb") and shutil.which("dpkg-shlibdeps"), "dpkg-deb and dpkg-shlibdeps are needed: apt-get install dpkg-dev")
class Debian(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.scratch.name)
        cls.root = cls.folder / "root"
        # The fastest compression: these packages are thrown away.
        run("cpack", "--config", f"{BUILD}/CPackConfig.cmake", "-B", cls.folder, "-D", "CPACK_DEBIAN_COMPRESSION_TYPE=gzip", cwd=cls.folder)
        cls.packages = {deb.name.split("_")[0]: deb for deb in cls.folder.glob("*.deb")}
        for deb in cls.packages.values():
            run("dpkg-deb", "-x", deb, cls.root)
        pkgconfig = next(cls.root.rglob("pkgconfig"))
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=str(pkgconfig))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def flags(self, *words):
        return run("pkg-config", *words, env=self.environment).split()

    def test_there_are_two_for_this_machine(self):
        self.assertEqual(sorted(self.packages), ["heddle", "libheddle-dev"])
        machine = run("dpkg", "--print-architecture").strip()
        for name, deb in self.packages.items():
            self.assertRegex(deb.name, rf"^{name}_\d+\.\d+\.\d+_{machine}\.deb$")

    def test_the_program_says_what_it_needs(self):
        needs = run("dpkg-deb", "-f", self.packages["heddle"], "Depends")
        self.assertRegex(needs, r"\blibc6\b")
        self.assertFalse(re.search("heddle", needs), needs)

    def test_the_program_runs(self):
        module = self.folder / "exit.wat"
        module.write_text(MODULE)
        self.assertEqual(subprocess.run([self.root / "usr/bin/heddle", "run", module], check=False).returncode, 41)

    def test_c_is_compiled_against_the_engine(self):
        program = self.folder / "c"
        compiled = self.folder / "embed.o"
        run(CC, "-std=c11", *self.flags("--cflags", "heddle-engine"), "-c", HERE / "embed.c", "-o", compiled)
        run(CXX, compiled, *self.flags("--static", "--libs", "heddle-engine"), "-o", program)
        self.assertEqual(run(program), "41\n")

    def test_cpp_is_compiled_against_all(self):
        program = self.folder / "cpp"
        run(CXX, "-std=c++2b", *self.flags("--cflags", "heddle"), HERE / "embed.cpp", *self.flags("--static", "--libs", "heddle"), "-o", program)
        self.assertEqual(run(program), "41\n")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
