# SPDX-License-Identifier: MIT
"""A computed array that is larger than memory: 32 GB of squares, in a budget of 64 MiB.

    squares.py [ELEMENTS [READ]]

Looks at some elements, changes one, and adds up the first READ of them.
"""

import sys

import numpy

import ufomem


def squares(first, count):
    """Elements [first, first + count): called for the parts that are used, and again after they have left memory."""
    return numpy.arange(first, first + count, dtype="u8") ** 2


def main(elements=4 * 10**9, read=10**7):
    with ufomem.Core(budget=64 << 20) as core, ufomem.array("u8", elements, squares, core=core) as a:
        print(f"{a.nbytes:,} bytes of squares; the middle one is {a[elements // 2]}")

        a[3] = 0  # changes are kept, in a spill file where need be
        print("the first ones, one of them changed:", a[:6])

        total = 0
        for first, part in a.chunks():
            if first >= read:
                break
            total += int(part[: read - first].sum())
        last = read - 1
        expected = last * (last + 1) * (2 * last + 1) // 6 - 9
        print(f"the sum of the first {read:,} is {total:,}, {'as it should be' if total == expected else f'not {expected:,}'}")

        used = core.stats()
        print(f"{used['populated_bytes']:,} bytes were computed, never more than {used['peak_bytes']:,} of them in memory")
        return 0 if total == expected else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
