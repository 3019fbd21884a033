# SPDX-License-Identifier: MIT
"""A matrix in a file, scaled column by column by NumPy, in a budget that is a small part of it.

    matrix.py [ROWS [COLUMNS [FILE]]]

The file is made first, if it is not named.  Rows and columns are used through an ndarray without a copy: a file is a native source, so
that memory may come in by page faults, under any code.
"""

import os
import sys
import tempfile

import numpy

import ufomem


def make_file(path, rows, columns):
    with open(path, "wb") as file:
        for row in range(rows):
            numpy.linspace(row, row + 1, columns).tofile(file)


def scale(path, rows, columns):
    """Divides every column by its largest element, in the file.  Returns the largest elements."""
    with ufomem.Core(budget=16 << 20) as core, ufomem.open(path, "f8", (rows, columns), mode="r+", core=core) as a:
        matrix = a.ndarray()
        largest = numpy.abs(matrix).max(axis=0)
        matrix /= largest
        a.flush()  # an error of the disk is told here
        print(f"{a.nbytes:,} bytes in a budget of {core.budget:,}; at most {core.stats()['peak_bytes']:,} in memory")
        print("upper left corner:", a[:2, :3].tolist())
        del matrix  # it would keep the memory beyond the block
        return largest


def main(rows=20_000, columns=1_000, path=None):
    with tempfile.TemporaryDirectory() as folder:
        if path is None:
            path = os.path.join(folder, "matrix")
            make_file(path, rows, columns)
        largest = scale(path, rows, columns)
        with ufomem.open(path, "f8", (rows, columns)) as a:  # what the file says now
            wrong = sum(a[:, column].max() != 1.0 for column in range(0, columns, max(columns // 10, 1)))
        print(f"largest elements were {largest.min():.3f} to {largest.max():.3f}; {wrong} columns are wrong")
        return 0 if wrong == 0 else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), *sys.argv[3:]))
