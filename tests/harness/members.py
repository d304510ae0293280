# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the interfaces offer, read from their XML, so that a new member is tested the day it is
added; and arguments for its calls."""

import glob
import os
import random
import xml.etree.ElementTree

from gi.repository import GLib

INTROSPECTION = os.path.abspath(f"{os.path.dirname(__file__)}/../../introspection")
PREFIX = "org.example.BackgroundTransfer."
# Not on a bus: between daemon and worker, and between daemon and agent.
PRIVATE = {PREFIX + name for name in ("Worker", "WorkerHost", "Agent")}

BASIC = {
    "y": lambda r: r.randrange(256), "b": lambda r: r.random() < 0.5,
    "n": lambda r: r.randrange(-2**15, 2**15), "q": lambda r: r.randrange(2**16),
    "i": lambda r: r.randrange(-2**31, 2**31), "u": lambda r: r.randrange(2**32),
    "x": lambda r: r.choice((0, -1, 2**63 - 1, -2**63, r.randrange(2**40))),
    "t": lambda r: r.choice((0, 1, 2**64 - 1, r.randrange(2**40))),
    "d": lambda r: r.choice((0.0, -1.5, 1e300)), "h": lambda r: r.randrange(3),
}
STRINGS = ("", "x", "high", "default", "parallel", "http://127.0.0.1:1/", "file:///tmp/\u00fc",
           "/", "/nonexistent/file", "%", "\u202e", "a" * 5000, "Authorization", "\n", "-1")
KEYS = ("method", "headers", "cookies", "proxy", "body", "group", "completion-group",
        "cost-policy", "priority", "random-access", "recoverable-errors", "checksum", "overwrite",
        "max-rate", "metadata", "application-id", "not-before", "deadline", "kind", "uri",
        "destination", "source", "parts", "name", "text", "fd", "limit", "reset-day", "nonsense")
VARIANTS = ("s", "as", "a{ss}", "b", "t", "x", "u", "(ss)", "o", "a{sv}", "h", "v", "aay")


class Interface:
    def __init__(self, element):
        self.name = element.get("name")
        self.methods = {method.get("name"): "(" + "".join(
            arg.get("type") for arg in method.iter("arg") if arg.get("direction") != "out") + ")"
            for method in element.iter("method")}
        self.properties = {item.get("name"): (item.get("type"), item.get("access"))
                           for item in element.iter("property")}


def interfaces():
    """Those that are served on the bus, ours and the standard ones, by name."""
    found = {}
    for path in sorted(glob.glob(f"{INTROSPECTION}/*.xml")):
        for element in xml.etree.ElementTree.parse(path).getroot().iter("interface"):
            if element.get("name") not in PRIVATE:
                found[element.get("name")] = Interface(element)
    return found


def _string(source, signature):
    if signature == "o":
        return source.choice(("/", "/org/example/BackgroundTransfer", "/a/b_1"))
    if signature == "g":
        return source.choice(("", "s", "a{sv}"))
    return source.choice(KEYS) if source.random() < 0.3 else source.choice(STRINGS)


def value(signature, source=None, depth=0):
    """A GLib.Variant of one complete type; @source: a random.Random, without which it is plain."""
    source = source or random.Random(0)
    first = signature[0]
    if first in BASIC:
        return GLib.Variant(first, BASIC[first](source))
    if first in "sog":
        return GLib.Variant(first, _string(source, first))
    if first == "v":
        inner = source.choice(VARIANTS if depth < 3 else ("s", "u"))
        return GLib.Variant.new_variant(value(inner, source, depth + 1))
    if first == "(":
        return GLib.Variant.new_tuple(*(value(inner, source, depth + 1)
                                        for inner in split(signature[1:-1])))
    if first == "{":
        key, held = split(signature[1:-1])
        return GLib.Variant.new_dict_entry(value(key, source, depth + 1),
                                           value(held, source, depth + 1))
    count = source.randrange(4) if depth < 4 else 0
    element = GLib.VariantType.new(signature[1:])
    return GLib.Variant.new_array(element, [value(signature[1:], source, depth + 1)
                                            for _ in range(count)])


def split(signature):
    """The complete types that @signature consists of."""
    types = []
    while signature:
        end = _length(signature)
        types.append(signature[:end])
        signature = signature[end:]
    return types


def _length(signature):
    if signature[0] == "a":
        return 1 + _length(signature[1:])
    if signature[0] not in "({":
        return 1
    depth = 0
    for index, character in enumerate(signature):
        depth += (character in "({") - (character in ")}")
        if depth == 0:
            return index + 1
    raise ValueError(signature)
