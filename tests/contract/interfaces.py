#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bus interface: XML, the rows in the code, and the documentation say the same.

That the rows and the XML agree in both directions is also asserted by the program at its start;
here it is found without running it. SOURCE_ROOT names another tree."""

import os
import pathlib
import re
import unittest
import xml.etree.ElementTree as ElementTree

from contract.reference import REFERENCE, REQUIRED, differences

ROOT = pathlib.Path(os.environ.get("SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
PREFIX = "org.example.BackgroundTransfer."
ROWS = ROOT / "src" / "bus"
ANNOTATION = "org.freedesktop.DBus.Property.EmitsChangedSignal"

# What never changes on an object, so that a client may keep it for good.
CONSTANT = {
    "Manager": {"Version"},
    "Operation": {"Guid", "Kind", "Method", "Group", "CompletionGroup", "ApplicationId", "Uid",
                  "Created", "Metadata"},
    "Download": {"Checksum"},
    "Upload": {"Source"},
    "Group": {"Name", "Uid", "ApplicationId"},
}


def public_files():
    return [path for path in sorted((ROOT / "introspection").glob(PREFIX + "*.xml"))
            if path.stem != PREFIX + "Worker"]


def parse(path):
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    return ElementTree.parse(path, parser).getroot()


def interfaces():
    """(short name, element) of every public interface."""
    for path in public_files():
        for element in parse(path).findall("interface"):
            yield element.get("name").removeprefix(PREFIX), element


def members(element):
    """(member, its doc comment): the comment stands right before it."""
    comment = ""
    for child in element:
        if child.tag is ElementTree.Comment:
            comment = child.text
        else:
            yield child, comment
            comment = ""


def file_of_rows(name):
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
    return ROWS / f"{words}-interface.c"


def rows(name, table):
    """The first string of each row of a table in the interface's file."""
    text = file_of_rows(name).read_text(encoding="utf-8")
    body = re.search(r"\b" + table + r"\[\] = \{\n(.*?)\n\};", text, re.S)
    return re.findall(r"^\s*\{ \"(\w+)\",", body.group(1), re.M) if body else []


class Interfaces(unittest.TestCase):
    def test_every_public_file_is_built_and_installed(self):
        build = (ROOT / "introspection" / "meson.build").read_text(encoding="utf-8")
        for path in public_files():
            self.assertIn(f"'{path.name}'", build)

    def test_the_file_is_named_after_its_interface(self):
        for path in public_files():
            names = [element.get("name") for element in parse(path).findall("interface")]
            self.assertEqual(names, [path.stem])

    def test_what_is_promised_is_there(self):
        declared = dict(interfaces())
        self.assertEqual(set(REQUIRED) - set(declared), set())
        self.assertEqual(set(declared) - set(REFERENCE), set())
        self.assertEqual([line for name, element in declared.items()
                          for line in differences(name, element)], [])

    def test_every_member_is_documented(self):
        for name, element in interfaces():
            for member, comment in members(element):
                with self.subTest(interface=name, member=member.get("name")):
                    self.assertEqual(comment.split(":")[0].strip(), member.get("name"))
                    self.assertRegex(comment, r"Since: \d+\.\d+")

    def test_every_argument_is_documented(self):
        for name, element in interfaces():
            for member, comment in members(element):
                documented = re.findall(r"^\s*@(\w+):", comment, re.M)
                with self.subTest(interface=name, member=member.get("name")):
                    self.assertEqual(documented,
                                     [argument.get("name") for argument in member.findall("arg")])

    def test_every_method_has_its_row_and_every_row_its_method(self):
        for name, element in interfaces():
            self.assertEqual(sorted(rows(name, "methods")),
                             sorted(method.get("name") for method in element.findall("method")))

    def test_every_property_has_its_row_and_every_row_its_property(self):
        for name, element in interfaces():
            self.assertEqual(sorted(rows(name, "properties")),
                             sorted(prop.get("name") for prop in element.findall("property")))

    def test_what_never_changes_is_marked(self):
        for name, element in interfaces():
            marked = {prop.get("name") for prop in element.findall("property")
                      for annotation in prop.findall("annotation")
                      if annotation.get("name") == ANNOTATION
                      and annotation.get("value") == "const"}
            self.assertEqual(marked, CONSTANT.get(name, set()))

    def test_errors_that_are_named_exist(self):
        table = (ROOT / "src" / "common" / "bgt-error.c").read_text(encoding="utf-8")
        for name, element in interfaces():
            for member, comment in members(element):
                errors = re.search(r"Errors: (.*?)(?:\n\s*\n|$)", comment, re.S)
                for error in re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", errors.group(1) if errors
                                        else ""):
                    with self.subTest(interface=name, member=member.get("name"), error=error):
                        # "As CreateDownload" is a reference, not an error.
                        self.assertTrue(error in table or error in ("CreateDownload",
                                                                    "CreateUpload"))

    def test_every_interface_is_listed(self):
        header = (ROWS / "interfaces.h").read_text(encoding="utf-8")
        for name, _ in interfaces():
            words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
            self.assertIn(f"bts_{words}_interface;", header)


if __name__ == "__main__":
    unittest.main()
