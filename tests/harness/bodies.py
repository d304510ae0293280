# SPDX-License-Identifier: LGPL-2.1-or-later
"""Contents of files: any size, always the same for the same seed, made when they are needed."""

import functools
import hashlib
import random

BLOCK = 64 * 1024


@functools.lru_cache(maxsize=64)
def _block(seed, number):
    return random.Random(f"{seed}/{number}").randbytes(BLOCK)


class Body:
    """@size pseudo-random bytes; another @seed, other bytes."""

    def __init__(self, size, seed=0):
        self.size = size
        self.seed = seed

    def __len__(self):
        return self.size

    def pieces(self, offset=0, end=None):
        end = self.size if end is None else min(end, self.size)
        while offset < end:
            number, skip = divmod(offset, BLOCK)
            piece = _block(self.seed, number)[skip:skip + end - offset]
            yield piece
            offset += len(piece)

    def read(self, offset=0, end=None):
        return b"".join(self.pieces(offset, end))

    @functools.cached_property
    def sha256(self):
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece)
        return digest.hexdigest()

    @property
    def etag(self):
        return f'"{self.seed}-{self.size}"'

    def write_to(self, path):
        with open(path, "wb") as file:
            for piece in self.pieces():
                file.write(piece)
