"""A share of the sentences."""

import zlib
from typing import NamedTuple


class Shard(NamedTuple):
    """The `number`-th, from 1, of `of` shares of all sentences: the same in every process and in any order of them."""

    number: int = 1
    of: int = 1

    def has(self, key: str) -> bool:
        """Whether the sentence of a key is in this share; each is in exactly one."""
        return zlib.crc32(key.encode()) % self.of == self.number - 1
