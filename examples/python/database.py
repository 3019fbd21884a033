# SPDX-License-Identifier: MIT
"""An array over a table of SQLite: elements are fetched when they are used, and changes go back.

    database.py [MEASUREMENTS]

The callbacks run on the thread that uses the array, so that a connection for each thread is all that SQLite asks for.
"""

import os
import sqlite3
import sys
import tempfile
import threading

import numpy

import ufomem


class Measurements:
    """The column `value` of a table, row i at position i."""

    def __init__(self, path):
        self.path = path
        self.per_thread = threading.local()
        self.fetched = 0

    def connection(self):
        if not hasattr(self.per_thread, "connection"):
            self.per_thread.connection = sqlite3.connect(self.path)
        return self.per_thread.connection

    def fetch(self, first, count):
        rows = self.connection().execute("SELECT value FROM measurement WHERE id >= ? AND id < ? ORDER BY id", (first, first + count))
        values = numpy.fromiter((value for (value,) in rows), "f8")
        self.fetched += len(values)
        return values  # (were rows missing, the wrong length would be told)

    def store(self, first, values):
        with self.connection() as connection:
            changes = ((value, first + number) for number, value in enumerate(values.tolist()))
            connection.executemany("UPDATE measurement SET value = ? WHERE id = ?", changes)


def main(measurements=200_000):
    with tempfile.TemporaryDirectory() as folder:
        source = Measurements(os.path.join(folder, "laboratory.sqlite"))
        with source.connection() as connection:
            connection.execute("CREATE TABLE measurement (id INTEGER PRIMARY KEY, value REAL)")
            connection.executemany("INSERT INTO measurement VALUES (?, ?)", ((i, i / 10) for i in range(measurements)))

        with ufomem.array("f8", measurements, source.fetch, writeback=source.store, chunk=1000) as a:
            print(f"number {measurements // 2} is {a[measurements // 2]}; {source.fetched} rows were fetched for that")
            with a.view(0, 100, write=True) as calibrated:
                calibrated += 0.5
            print("the first are now", a[:3].tolist())
        # The end of the block has stored the changes; an error of the database would have been raised there.

        (stored,) = source.connection().execute("SELECT sum(value) FROM measurement WHERE id < 100").fetchone()
        expected = sum(i / 10 + 0.5 for i in range(100))
        print(f"the database says {stored:.3f} for the sum of the first hundred, {expected:.3f} is right")
        source.connection().close()
        return 0 if abs(stored - expected) < 1e-9 else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
