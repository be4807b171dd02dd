#!/usr/bin/env python3
"""Each public header compiles alone, without a warning under -Wall -Wextra -Wpedantic -Wconversion: the C headers as C and as C++.

    headers_test.py SOURCE COMPILER...     C++ compilers; the C compiler beside each is used too
"""

import pathlib
import shutil
import subprocess
import sys
import unittest
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(sys.argv[1])
COMPILERS = [c for c in sys.argv[2:] if shutil.which(c)]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
FOLDERS = [ROOT / layer / "include" for layer in ("engine", "component", "wasi", "wire") if (ROOT / layer / "include").is_dir()]


def languages(header):
    if header.suffix == ".hpp":
        return ["c++ -std=c++2b"]
    return ["c++ -std=c++14", "c++ -std=c++2b"] + (["c -std=c11"] if header.suffix == ".h" else [])


def problem(compiler, header, language):
    kind, standard = language.split()
    name = next(header.relative_to(f) for f in FOLDERS if header.is_relative_to(f))
    driver = compiler.replace("clang++", "clang").replace("g++", "gcc") if kind == "c" else compiler
    done = subprocess.run([driver, "-x", kind, standard, "-fsyntax-only", *WARNINGS, *(f"-I{f}" for f in FOLDERS), "-"], input=f"#include <{name}>\n",
                          capture_output=True, text=True)
    return f"{driver} {standard} <{name}>:\n{done.stderr}" if done.returncode else ""


class Headers(unittest.TestCase):
    def test_each_compiles_alone_without_a_warning(self):
        headers = [h for f in FOLDERS for h in sorted(f.rglob("*")) if h.suffix in (".h", ".hh", ".hpp")]
        self.assertTrue(headers and COMPILERS)
        jobs = [(c, h, l) for c in COMPILERS for h in headers for l in languages(h)]
        with ThreadPoolExecutor(2) as pool:
            problems = [p for p in pool.map(lambda job: problem(*job), jobs) if p]
        self.assertEqual(problems, [], "\n".join(problems))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
