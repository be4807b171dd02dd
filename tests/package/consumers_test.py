#!/usr/bin/env python3
"""Five programs of embedders, built from the installed tree as embedders build, and run: each prints 41.

    consumers_test.py SOURCE BUILD C-COMPILER C++-COMPILER
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE, BUILD, CC, CXX = sys.argv[1:]
HERE = pathlib.Path(__file__).resolve().parent


def run(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Consumers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.scratch.name)
        cls.prefix = cls.root / "installed"
        run("cmake", "--install", BUILD, "--prefix", cls.prefix)
        cls.environment = dict(os.environ, PKG_CONFIG_PATH=str(cls.pkgconfig()))

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    @classmethod
    def pkgconfig(cls):
        return next(cls.prefix.rglob("pkgconfig"))

    def build(self, name, *options):
        launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        build = self.root / name
        run("cmake", "-S", HERE / name, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", f"-DCMAKE_C_COMPILER={CC}", f"-DCMAKE_CXX_COMPILER={CXX}",
            f"-DCMAKE_PREFIX_PATH={self.prefix}", *launcher, *options, env=self.environment)
        run("cmake", "--build", build, "--target", "consumer")
        return build / "consumer"

    def flags(self, *words):
        return run("pkg-config", *words, env=self.environment).split()

    def test_find_package(self):
        self.assertEqual(run(self.build("find_package")), "41\n")

    def test_pkg_config_static(self):
        program = self.root / "by_hand"
        run(CXX, "-std=c++2b", *self.flags("--cflags", "heddle"), HERE / "embed.cpp", *self.flags("--static", "--libs", "heddle"), "-o", program)
        self.assertEqual(run(program), "41\n")

    def test_add_subdirectory(self):
        # Warnings as errors as the project itself has them: then a compiler cache knows every file.
        self.assertEqual(run(self.build("subdirectory", f"-DHEDDLE_SOURCE={SOURCE}", "-DHEDDLE_WERROR=ON")), "41\n")

    def test_c_only(self):
        self.assertEqual(run(self.build("c_only")), "41\n")

    def test_threads(self):
        self.assertEqual(run(self.build("threads")), "41\n")

    def test_the_tree_holds_what_it_should(self):
        for file in ("include/heddle/engine.hpp", "include/heddle/c/wasm.h", "include/heddle/component.hpp", "include/heddle/wasi.hpp", "bin/heddle"):
            self.assertTrue((self.prefix / file).is_file(), file)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
