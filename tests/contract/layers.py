#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may include whom in src/, who may know which library, and how long things may get.

Each table is the rule; the tests below read the tables. SOURCE_ROOT names another tree."""

import os
import pathlib
import re
import unittest

ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
SRC = ROOT / "src"

# A folder may include itself and what stands here: a folder, or a prefix of header names.
ARROWS = {
    "common": [],
    "policy": ["common/"],
    "model": ["policy/", "common/"],
    "store": ["model/", "common/"],
    "monitor": ["policy/", "common/"],
    "bus": ["model/", "store/", "policy/", "common/", "introspection/bus-"],
    "daemon": ["bus/", "store/", "monitor/", "model/", "policy/", "common/",
               "introspection/worker-"],
    "worker": ["worker/transport/", "worker/files/", "common/", "introspection/worker-"],
    "worker/files": ["common/"],
    "worker/transport": ["common/"],
    "lib": ["common/"],
    # What the library installs is the library, too.
    "agent": ["lib/", "common/bgt-"],
    "transferctl": ["lib/", "common/bgt-"],
}

# A pattern of system headers, the only files that may include them (prefixes), and why.
LIBRARIES = [
    (r"libsoup/", ["worker/transport/http-"], "bytes from strangers stay in the worker"),
    (r"curl/", ["worker/transport/ftp"], "bytes from strangers stay in the worker"),
    (r"nettle/", ["worker/files/digest", "worker/transport/http-ntlm"],
     "one way to compute digests"),
    (r"gssapi/", ["worker/transport/http-negotiate"], "tickets of users stay in the worker"),
    (r"NetworkManager\.h|libnm/", ["monitor/network-nm."], "one file knows libnm"),
    (r"json-glib/", ["transferctl/"], "JSON is for people and scripts only"),
    (r"polkit/", ["bus/authority."], "one file asks polkit"),
]

# Folders and what is not for them: a pattern of any header, or of code.
FORBIDDEN_HEADERS = {
    "policy": r"^(gio/.*|glib-object\.h|glib/gstdio\.h|unistd\.h|fcntl\.h|common/clock.*)$",
    "model": r"^gio/",
}
FORBIDDEN_CODE = {
    "policy": r"\b(g_get_real_time|g_get_monotonic_time|g_date_time_new_now\w*|clock_gettime"
              r"|g_timeout_add\w*|g_random_\w+|GError)\b",
    "model": r"\b(g_get_real_time|g_get_monotonic_time|g_date_time_new_now\w*|clock_gettime"
             r"|g_timeout_add\w*|GDBus\w+|GFile)\b",
    "daemon": r"\b(g_get_real_time|g_get_monotonic_time|clock_gettime)\b",
}

# Without comments: documentation makes nothing hard to read.
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 60

# What is longer, how long it may get, and why that is better than cutting it. One that has become
# short must go from here.
LONG_FILES = {
    "daemon/job.c": (650, "one operation's steps on its worker, which share all their state"),
    "daemon/worker-pool.c": (610, "a worker's life from its start to its end is one machine"),
    "lib/bgt-manager.c": (700, "the connection, and the objects that come and go with it"),
    "model/operation.c": (650, "some 30 getters, and the state machine that keeps them true"),
    "model/request-checks.c": (550, "every option's check, a short function each"),
    "store/store.c": (600, "a record's way to the disk and its waiters share all their state"),
}
LONG_FUNCTIONS = {
}

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
FUNCTION = re.compile(r"^([A-Za-z_]\w*) \((?:(?!\n\n)[^;{}])*?\)\n\{\n.*?^\}", re.MULTILINE | re.DOTALL)


def sources():
    """Every C file and header, as paths below src/."""
    return sorted(path.relative_to(SRC) for path in SRC.rglob("*.[ch]"))


def text_of(path):
    return (SRC / path).read_text(encoding="utf-8")


def code_of(path):
    """Without comments and strings, line numbers kept."""
    text = COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text_of(path))
    return STRING.sub('""', text)


def folder_of(path):
    """The longest folder with a row of its own."""
    parts = pathlib.PurePath(path).parts[:-1]
    for length in range(len(parts), 0, -1):
        folder = "/".join(parts[:length])
        if folder in ARROWS:
            return folder
    return None


def includes_of(path):
    """(is_project, header) for each include; config.h is everybody's."""
    for quote, header in INCLUDE.findall(text_of(path)):
        if header != "config.h":
            yield quote == '"', header


def may_include(path, header):
    folder = folder_of(path)
    return folder_of(header) == folder or header.startswith(tuple(ARROWS[folder]))


def functions_of(path):
    """(name, length in lines) of each function, from its name to its last brace."""
    for match in FUNCTION.finditer(text_of(path)):
        yield match.group(1), match.group().count("\n") + 1


class Layers(unittest.TestCase):
    maxDiff = None

    def assert_nothing(self, problems):
        self.assertEqual("\n".join(problems), "")

    def test_every_file_lies_in_a_known_folder(self):
        self.assert_nothing([str(path) for path in sources() if folder_of(path) is None])

    def test_includes_follow_the_arrows(self):
        self.assert_nothing([
            f"{path} includes {header}" for path in sources() if folder_of(path)
            for is_project, header in includes_of(path)
            if is_project and not may_include(path, header)])

    def test_project_headers_are_named_from_the_root(self):
        self.assert_nothing([
            f"{path} includes {header}" for path in sources()
            for is_project, header in includes_of(path)
            if is_project != (header.split("/")[0] in {*map(top_of, ARROWS), "introspection"})])

    def test_libraries_stay_where_they_belong(self):
        self.assert_nothing([
            f"{path} includes {header}: {reason}" for path in sources()
            for _, header in includes_of(path)
            for pattern, allowed, reason in LIBRARIES
            if re.match(pattern, header) and not str(path).startswith(tuple(allowed))])

    def test_forbidden_headers_are_not_included(self):
        self.assert_nothing([
            f"{path} includes {header}" for path in sources() for _, header in includes_of(path)
            if re.match(FORBIDDEN_HEADERS.get(folder_of(path), r"(?!)"), header)])

    def test_forbidden_code_is_not_there(self):
        self.assert_nothing([
            f"{path}:{number}: {match.group()}" for path in sources()
            if folder_of(path) in FORBIDDEN_CODE
            for number, line in enumerate(code_of(path).splitlines(), 1)
            for match in re.finditer(FORBIDDEN_CODE[folder_of(path)], line)])

    def test_folders_do_not_include_each_other(self):
        for folder, targets in ARROWS.items():
            for target in {folder_of(target + "x.h") for target in targets} - {folder, None}:
                self.assertNotIn(folder + "/", ARROWS[target], f"{folder} and {target}")


class Lengths(unittest.TestCase):
    maxDiff = None

    def check(self, lengths, maximum, exceptions):
        too_long = {name: n for name, n in lengths.items() if n > maximum}
        self.assertEqual(
            "\n".join(f"{name} has {n} lines" for name, n in sorted(too_long.items())
                      if n > exceptions.get(name, (maximum, None))[0]), "")
        self.assertEqual(
            "\n".join(f"{name} is no exception any more" for name in sorted(exceptions)
                      if name not in too_long), "")

    def test_files_are_short(self):
        self.check({str(path): COMMENT.sub("", text_of(path)).count("\n") for path in sources()},
                   MAX_FILE_LINES, LONG_FILES)

    def test_functions_are_short(self):
        self.check({f"{path}:{name}": n for path in sources() if path.suffix == ".c"
                    for name, n in functions_of(path)},
                   MAX_FUNCTION_LINES, LONG_FUNCTIONS)


class Checks(unittest.TestCase):
    """That the checks themselves see what they should."""

    def test_the_arrows_point_one_way(self):
        self.assertTrue(may_include("policy/cost.c", "common/names.h"))
        self.assertFalse(may_include("common/options.c", "policy/cost.h"))
        self.assertFalse(may_include("worker/files/writer.c", "worker/transport/transport.h"))
        self.assertFalse(may_include("worker/files/writer.c", "worker/job.h"))
        self.assertTrue(may_include("worker/job.c", "worker/files/writer.h"))
        self.assertFalse(may_include("daemon/main.c", "worker/job.h"))
        self.assertFalse(may_include("transferctl/main.c", "common/names.h"))

    def test_the_tree_is_seen(self):
        self.assertGreater(len(sources()), 30)
        self.assertGreater(
            len(list(functions_of(pathlib.PurePath("policy/queue.c")))), 10)

    def test_comments_and_strings_are_no_code(self):
        self.assertEqual(STRING.sub('""', COMMENT.sub("", 'a /* GError */ "GError" // GError')),
                         'a  "" ')


def top_of(folder):
    return folder.split("/")[0]


if __name__ == "__main__":
    unittest.main()
