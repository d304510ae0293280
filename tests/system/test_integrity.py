# SPDX-License-Identifier: LGPL-2.1-or-later
"""Digests that a server sends beside its file."""

import base64
import hashlib
import os
import shutil
import tempfile
import unittest
import uuid

from harness.servers import Body, FaultyServer, raw, sending
from harness.worker_host import WorkerHost, lookup

MIB = 1024 * 1024


def digest(algorithm, data):
    return base64.b64encode(hashlib.new(algorithm, data).digest()).decode()


class ServerDigests(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="bgt-integrity-")
        self.addCleanup(shutil.rmtree, self.folder, True)
        self.server = FaultyServer()
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.host = WorkerHost(settings={"checkpoint-bytes": MIB})
        self.host.launch()
        self.addCleanup(self.close_host)
        self.body = Body(3 * MIB + 5)
        self.right = digest("sha256", self.body.read())
        self.wrong = digest("sha256", b"other")
        self.new_job()

    def close_host(self):
        self.assertEqual(self.host.close(), 0, self.host.messages())
        self.host.log.close()

    def new_job(self):
        self.guid = str(uuid.uuid4()).replace("-", "_")
        self.path = f"{self.folder}/{self.guid}"

    def download(self, **more):
        self.host.start(self.guid, {"uri": self.server.uri("/file"), "destination": self.path,
                                    **more})
        return self.host.wait_finished(self.guid)

    def serve(self, headers, **more):
        self.server.serve("/file", sending(self.body, headers=headers, **more))

    def assert_whole(self):
        with open(self.path, "rb") as file:
            self.assertTrue(file.read() == self.body.read())

    def test_right_digests_are_taken(self):
        for headers in ({"Repr-Digest": f"sha-256=:{self.right}:"},
                        {"Content-Digest": f"sha-256=:{self.right}:"},
                        {"Digest": f"SHA-256={self.right}"},
                        {"Digest": "md5=" + digest("md5", self.body.read())},
                        {"Repr-Digest": "sha-512=:" + digest("sha512", self.body.read()) + ":"}):
            with self.subTest(headers=headers):
                self.new_job()
                self.serve(headers)
                self.assertEqual(self.download(), "")
                self.assert_whole()

    def test_wrong_digests_are_not_published_and_start_afresh(self):
        for headers in ({"Repr-Digest": f"sha-256=:{self.wrong}:"},
                        {"Content-Digest": f"sha-256=:{self.wrong}:"},
                        {"Digest": f"SHA-256={self.wrong}"}):
            for random_access in (False, True):
                with self.subTest(headers=headers, random_access=random_access):
                    if random_access and "Content-Digest" in headers:
                        continue
                    self.new_job()
                    self.serve(headers)
                    self.assertEqual(self.download(**{"random-access": random_access}),
                                     "checksum-mismatch")
                    self.assertFalse(os.path.exists(self.path))
                    self.serve({})
                    self.assertEqual(self.download(**{"random-access": random_access}), "")
                    self.assertIsNone(self.server.heads("/file")[-1].range(self.body.size)
                                      if not random_access else None)
                    self.assert_whole()

    def test_digest_of_a_part_is_not_that_of_the_file(self):
        part = digest("sha256", self.body.read(MIB))
        self.server.serve("/file", [
            sending(self.body, cut_at=2 * MIB),
            sending(self.body, headers={"Content-Digest": f"sha-256=:{part}:"})])
        self.assertEqual(self.download(), "disconnected")
        self.assertEqual(self.download(), "")
        self.assert_whole()

    def test_digest_of_an_error_is_not_that_of_an_empty_file(self):
        said = digest("sha256", b"no such part")
        self.server.serve("/file", raw(
            b"HTTP/1.1 416 No\r\nContent-Range: bytes */0\r\nContent-Length: 12\r\n" +
            f"Repr-Digest: sha-256=:{said}:\r\n\r\nno such part".encode()))
        self.assertEqual(self.download(**{"random-access": True}), "")
        self.assertEqual(os.path.getsize(self.path), 0)

    def test_digest_is_known_after_a_crash(self):
        self.server.serve("/file", [
            sending(self.body, cut_at=2 * MIB, cut="hang",
                    headers={"Repr-Digest": f"sha-256=:{self.wrong}:"}),
            sending(self.body)])
        self.host.start(self.guid, {"uri": self.server.uri("/file"), "destination": self.path})
        job = self.host.job(self.guid)
        self.host.wait(lambda: sum(size for _, size in job.get("ranges") or []) >= MIB, "a MiB")
        self.host.kill()
        self.host.launch()
        self.assertEqual(self.download(), "checksum-mismatch")
        self.assertEqual(lookup(job.finished, "bytes-received"), 0)

    def test_own_checksum_goes_on_after_a_crash(self):
        """What was held is not read again: its state comes with the checkpoint."""
        for text, web_error in ((self.body.sha256, ""), ("0" * 64, "checksum-mismatch")):
            with self.subTest(web_error=web_error):
                self.new_job()
                self.server.serve("/file", [
                    sending(self.body, cut_at=2 * MIB + 7, cut="hang"), sending(self.body)])
                checksum = f"sha256:{text}"
                self.host.start(self.guid, {"uri": self.server.uri("/file"),
                                            "destination": self.path, "checksum": checksum})
                job = self.host.job(self.guid)

                def position(job=job):
                    states = job.checkpoint.lookup_value("digests", None)
                    return states.unpack()["sha256"][0] if states is not None else 0
                self.host.wait(lambda: position() >= MIB, "a state")
                held = sum(size for _, size in job.get("ranges"))
                self.assertLessEqual(position(), held)
                self.host.kill()
                self.host.launch()
                self.assertEqual(self.download(checksum=checksum), web_error)

    def test_what_cannot_be_read_is_ignored(self):
        self.serve({"Repr-Digest": "sha-256=nonsense", "Digest": "crc32c=AAAAAA=="})
        self.assertEqual(self.download(), "")
        self.assert_whole()


if __name__ == "__main__":
    unittest.main()
