"""Large blocks stay apart after one was freed."""

import ctypes
import subprocess
import sys

import pytest

APART = """
import ctypes
from edge_server.box.heap import map_large_blocks

class Mallinfo2(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Mallinfo2
{call}
del (freed := [bytearray(30 << 20)])[0]
before = libc.mallinfo2().hblkhd
upload = bytearray(8 << 20)
print(libc.mallinfo2().hblkhd - before)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="not glibc 2.33 or newer")
@pytest.mark.parametrize(("call", "is_apart"), [("", False), ("map_large_blocks()", True)])
def test_a_large_block_is_mapped_by_itself_also_after_a_larger_one_was_freed(call: str, is_apart: bool) -> None:
    ran = subprocess.run([sys.executable, "-c", APART.format(call=call)], capture_output=True, text=True, check=True)
    assert (int(ran.stdout) >= 8 << 20) is is_apart
