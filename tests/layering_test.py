#!/usr/bin/env python3
"""The arrows between the folders, checked: every #include must follow one that is drawn.

    cli -> wire -> wasi -> component -> engine

A folder sees another only through that folder's include/heddle. Also: the engine and component know the standard library alone, CLI11 is
included once, and #if stands only where it is allowed to.
"""

import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
LAYERS = ["engine", "component", "wasi", "wire", "cli"]  # each sees those before it
NO_LIBRARIES = {"engine", "component"}
CONDITIONALS_ALLOWED = {"engine/handler.hpp", "engine/memory.cpp", "engine/include/heddle/c/wasm.h", "engine/include/heddle/c/heddle.h"}
INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', re.MULTILINE)
CONDITIONAL = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef)\b", re.MULTILINE)
SYSTEM_FOLDERS = ("sys/", "linux/", "netinet/", "arpa/")


def sources(folder):
    return sorted(p for p in (ROOT / folder).rglob("*") if p.suffix in {".cpp", ".hpp", ".h"} and "examples" not in p.parts)


def layer_of_header(name):
    """The folder that publishes <heddle/x.hpp>."""
    owners = [layer for layer in LAYERS if (ROOT / layer / "include" / name).is_file()]
    return owners[0] if owners else None


def quoted_problem(path, layer, name):
    """A quoted include must be found inside the including file's own folder."""
    folder = ROOT / layer
    for base in (path.parent, folder, folder / "include"):
        target = (base / name).resolve()
        if target.is_file():
            return None if target.is_relative_to(folder) else f'"{name}" leaves {layer}/'
    return f'"{name}" is not in {layer}/'


def angled_problem(layer, name):
    if name.startswith("heddle/"):
        owner = layer_of_header(name)
        if owner is None:
            return f"<{name}> is published by no folder"
        if LAYERS.index(owner) > LAYERS.index(layer):
            return f"<{name}> belongs to {owner}, which {layer} must not know"
        return None
    if layer in NO_LIBRARIES and "/" in name and not name.startswith(SYSTEM_FOLDERS):
        return f"<{name}>: {layer} has no third-party dependency"
    return None


def problems_in(path, layer):
    text = path.read_text()
    for quoted, angled in INCLUDE.findall(text):
        problem = quoted_problem(path, layer, quoted) if quoted else angled_problem(layer, angled)
        if problem:
            yield problem
    relative = path.relative_to(ROOT).as_posix()
    if CONDITIONAL.search(text) and relative not in CONDITIONALS_ALLOWED and not relative.startswith("wasi/os/"):
        yield "#if: one configuration only"


class Layering(unittest.TestCase):
    def test_every_include_follows_an_arrow(self):
        found = [f"{p.relative_to(ROOT)}: {problem}" for layer in LAYERS for p in sources(layer) for problem in problems_in(p, layer)]
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_there_is_something_to_check(self):
        self.assertTrue(sources("engine") and sources("cli"))

    def test_an_arrow_upwards_is_noticed(self):
        self.assertIn("must not know", angled_problem("engine", "heddle/wasi.hpp"))
        self.assertIsNone(angled_problem("cli", "heddle/wasi.hpp"))
        self.assertIn("is not in wasi/", quoted_problem(ROOT / "wasi/context.hpp", "wasi", "store.hpp"))
        self.assertIn("leaves wasi/", quoted_problem(ROOT / "wasi/context.hpp", "wasi", "../engine/store.hpp"))
        self.assertIn("third-party", angled_problem("engine", "fmt/format.h"))

    def test_the_command_line_library_is_included_once(self):
        users = [p.name for p in sources("cli") if "<CLI/" in p.read_text()]
        self.assertEqual(users, ["options.cpp"])


if __name__ == "__main__":
    sys.exit(unittest.main())
