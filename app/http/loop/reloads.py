"""What the workers of one master know of a reload: who is replaced, and who serves already."""

from __future__ import annotations

import mmap
import struct

_NUMBERS = struct.Struct("qq")
MOST = 4096  # workers of a master that are told apart; older ones are long gone


class Reloads:
    """Memory that a master shares with the workers that it starts; a worker's age is its number."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _NUMBERS.size + MOST)

    def begin(self, age: int, count: int) -> None:
        """Replace the workers up to an age by so many others."""
        for other in range(age + 1, age + 1 + min(count, MOST)):
            self._memory[self._place(other)] = 0
        _NUMBERS.pack_into(self._memory, 0, age, count)

    def serve(self, age: int) -> None:
        """Say that a worker serves from now on."""
        self._memory[self._place(age)] = 1

    def is_replaced(self, age: int) -> bool:
        """Tell whether a worker is one of those that others replace."""
        last, _ = _NUMBERS.unpack_from(self._memory)
        return bool(age <= last)

    def are_served(self) -> bool:
        """Tell whether all those serve that replace others."""
        last, count = _NUMBERS.unpack_from(self._memory)
        return all(self._memory[self._place(last + 1 + at)] for at in range(min(count, MOST)))

    def _place(self, age: int) -> int:
        return _NUMBERS.size + age % MOST


reloads = Reloads()  # of this process, or of the master that it was forked from
