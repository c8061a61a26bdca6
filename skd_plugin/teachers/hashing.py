"""The hash of a file that a teacher is read from."""

import hashlib
from typing import BinaryIO


def hash_content(content: BinaryIO) -> str:
    """In hexadecimal digits; of any size, block by block."""
    digest = hashlib.blake2b(digest_size=16)
    for block in iter(lambda: content.read(2**20), b""):
        digest.update(block)
    return digest.hexdigest()
