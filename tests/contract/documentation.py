#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is written says what is there: options, configuration keys, files, the library's reference.

SOURCE_ROOT names another tree."""

import os
import pathlib
import re
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
BUILD = pathlib.Path(os.environ["BGT_BUILD_DIR"])
GIR = BUILD / "src/lib/BackgroundTransfer-1.0.gir"
CORE = "{http://www.gtk.org/introspection/core/1.0}"
GLIB = "{http://www.gtk.org/introspection/glib/1.0}"

MIB = 1024 * 1024
CONSTANTS = {"MIB": MIB, "TIB": MIB * MIB, "DAY_SECONDS": 24 * 60 * 60, "G_MAXINT64": None,
             "TRUE": 1}
FOLDERS = ("src", "tests", "docs", "data", "introspection")
TEXTS = ("README.md", "docs/architecture.md", "docs/debugging.md", "docs/security.md",
         "tests/README.md")


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def manual(name):
    return read(f"docs/man/{name}").replace("\\-", "-")


def help_of(*command):
    return subprocess.run([BUILD / command[0], *command[1:], "--help"], check=True, text=True,
                          capture_output=True, env=dict(os.environ, LC_ALL="C.UTF-8")).stdout


def options_in(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)) - {"--help"}


class Manuals(unittest.TestCase):
    maxDiff = None

    def test_transferctl_has_the_commands_and_options_of_its_manual(self):
        program = "src/transferctl/transferctl"
        text = manual("transferctl.1")
        commands = re.findall(r"^  ([a-z-]+)  +[A-Z]", help_of(program), re.MULTILINE)
        self.assertGreater(len(commands), 15)
        there = set().union(*(options_in(help_of(program, command)) for command in commands))
        self.assertEqual(options_in(text) - {"--version"}, there)
        sections = text.split(".SH ")
        described = next(part for part in sections if part.startswith("COMMANDS"))
        self.assertEqual([command for command in commands
                          if not re.search(rf"\b{command}\b", described)], [])

    def test_the_service_has_the_options_of_its_manual(self):
        self.assertEqual(options_in(manual("background-transferd.8")),
                         options_in(help_of("src/daemon/background-transferd")))


class Configuration(unittest.TestCase):
    """{(group, key): (default, least, most)}, least and most None where it is no number."""

    maxDiff = None

    def keys_of_code(self):
        code = read("src/daemon/configuration.c")
        rows = re.findall(
            r'\{ "(\w+)",\s+"(\w+)",\s+CONFIG_(\w+),\s+(?:LIMIT \(\w+\)|G_STRUCT_OFFSET \(.*?\)),'
            r"\s+(.*?),\s+(.*?),\s+(.*?) \}", code[code.index("config_rows[] = {"):], re.DOTALL)
        keys = {}
        for group, key, kind, *numbers in rows:
            default, least, most = (eval(number, {}, CONSTANTS)  # pylint: disable=eval-used
                                    for number in numbers)
            if kind == "BOOLEAN":
                keys[group, key] = (str(bool(default)).lower(), None, None)
            elif kind == "PATH":
                keys[group, key] = ("", None, None)
            else:
                keys[group, key] = (str(default), least, most)
        self.assertGreater(len(keys), 20)
        return keys

    def test_manual_has_all_keys_with_default_and_range(self):
        keys, group = {}, None
        for line in manual("background-transfer.conf.5").splitlines():
            if line.startswith(".SS ["):
                group = line[5:-1]
            found = re.match(r'\.BR? (\w+)=(\S*)(?: " \((\d+)(?: to (\d+)| or more)(?:, or never)?\)")?$', line)
            if found:
                key, default, least, most = found.groups()
                keys[group, key] = (default, *(number and int(number) for number in (least, most)))
        self.assertEqual(keys, self.keys_of_code())

    def test_installed_file_has_all_keys_with_their_defaults(self):
        keys, group = {}, None
        for line in read("data/background-transfer.conf").splitlines():
            if line.startswith("["):
                group = line[1:-1]
            elif re.match(r"#\w+=", line):
                key, default = line[1:].split("=")
                keys[group, key] = default
        self.assertEqual(keys, {key: row[0] for key, row in self.keys_of_code().items()})


class Files(unittest.TestCase):
    def test_files_and_functions_that_are_named_exist(self):
        files = [str(path.relative_to(ROOT)) for folder in FOLDERS
                 for path in (ROOT / folder, *(ROOT / folder).rglob("*"))]
        code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.c"))
        for text in TEXTS:
            for word in re.findall(r"`([^`\s]+)`", read(text)):
                with self.subTest(text=text, word=word):
                    if re.fullmatch(r"[\w/-]+\.(?:c|h|py|sh|md)|\w+/(?:[\w-]+/)*", word):
                        self.assertTrue(any(f"/{name}/".endswith(f"/{word}/".replace("//", "/"))
                                            for name in files))
                    elif re.match(r"bt[sg]_\w+", word):
                        self.assertRegex(code, rf"\b{word.split(' ')[0]} \(")


class Reference(unittest.TestCase):
    """The library's reference is what its introspection data say."""

    maxDiff = None
    KINDS = ("class", "enumeration", "bitfield", "record", "function", "constructor", "method",
             "property", "signal", "member")

    @staticmethod
    def is_documented(element):
        if element.find(f"{CORE}doc") is not None:
            return True
        value = element.find(f"{CORE}return-value")
        return value is not None and value.find(f"{CORE}doc") is not None

    def test_everything_public_is_documented(self):
        if not GIR.exists():
            self.skipTest("built without introspection")
        namespace = ElementTree.parse(GIR).getroot().find(f"{CORE}namespace")
        seen, missing = 0, []
        for top in namespace:
            # Nobody uses the structures of the classes.
            if top.get(f"{GLIB}is-gtype-struct-for"):
                continue
            for element in (top, *top):
                kind = element.tag.split("}")[1]
                if kind not in self.KINDS:
                    continue
                seen += 1
                name = f"{kind} {top.get('name')} {element.get('name')}"
                if not self.is_documented(element):
                    missing.append(name)
                missing += [f"{name}: {parameter.get('name')}"
                            for parameter in element.findall(f"{CORE}parameters/{CORE}parameter")
                            if parameter.find(f"{CORE}doc") is None]
        self.assertGreater(seen, 200)
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
