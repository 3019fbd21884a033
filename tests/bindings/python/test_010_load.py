# SPDX-License-Identifier: MIT
"""The package loads, and the flat layer is the C interface."""

import contextlib
import inspect
import io
import pathlib
import re
import struct

import support
import ufomem
from ufomem import flat


class Load(support.Test):
    def test_everything_in_all_is_there_and_described(self):
        for name in ufomem.__all__:
            self.assertTrue(inspect.getdoc(getattr(ufomem, name)), name)
        for name, method in inspect.getmembers(ufomem.Array, inspect.isfunction):
            self.assertTrue(name.startswith("_") or inspect.getdoc(method), name)

    def test_the_program_of_the_manual_runs(self):
        page = pathlib.Path(__file__).resolve().parents[3] / "docs/bindings/python.md"
        if not page.exists():
            self.skipTest("the documentation is not here")
        program = re.search("```python\n(.*?)```", page.read_text(), re.DOTALL).group(1)
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(program, {})
        self.assertTrue(printed.getvalue().startswith("1000000 [25 36 49 64 81]\n1 "))

    def test_library_and_header_are_of_one_version(self):
        self.assertEqual(flat.ufo_version(), flat.UFO_VERSION)

    def test_the_flat_layer_does_what_c_does(self):
        config = flat.ufo_config_new()
        self.assertEqual(flat.ufo_config_set_elements(config, 1000, 8), flat.UFO_OK)
        region = flat.ufo_new(None, config)
        flat.ufo_config_free(config)
        self.assertEqual((flat.ufo_count(region), flat.ufo_element_size(region)), (1000, 8))
        self.assertEqual(flat.ufo_write(region, 3, 2, struct.pack("qq", 5, 6)), flat.UFO_OK)
        out = bytearray(32)
        self.assertEqual(flat.ufo_read(region, 2, 4, out), flat.UFO_OK)
        self.assertEqual(struct.unpack("qqqq", out), (0, 5, 6, 0))
        self.assertEqual(flat.ufo_touch(region, 999, 2), flat.UFO_ERR_RANGE)
        self.assertIn("999", flat.ufo_last_error())
        self.assertEqual(int(flat.ufo_find(None, flat.ufo_data(region))), int(region))
        stats = flat.ufo_stats()
        self.assertEqual(flat.ufo_stats_get(region, stats), flat.UFO_OK)
        self.assertGreater(stats.resident_bytes, 0)
        flat.ufo_free(region)
        self.assertEqual(flat.ufo_touch(region, 0, 1), flat.UFO_ERR_CLOSED)

    def test_the_flat_layer_does_not_read_beyond_a_buffer(self):
        config = flat.ufo_config_new()
        flat.ufo_config_set_elements(config, 1000, 8)
        region = flat.ufo_new(None, config)
        with self.assertRaises(ValueError):
            flat.ufo_read(region, 0, 3, bytearray(23))
        with self.assertRaises(BufferError):
            flat.ufo_read(region, 0, 3, bytes(24))  # not writable
        with self.assertRaises(ValueError):
            flat.ufo_write(region, 0, 1 << 62, bytes(24))
        flat.ufo_free(region)
        flat.ufo_config_free(config)

    def test_large_numbers_pass_unharmed(self):
        config = flat.ufo_core_config_new()
        self.assertEqual(flat.ufo_core_config_set_budget(config, (1 << 40) + 5), flat.UFO_OK)
        core = flat.ufo_core_new(config)
        stats = flat.ufo_core_stats()
        self.assertEqual(flat.ufo_core_stats_get(core, stats), flat.UFO_OK)
        self.assertEqual(stats.budget_bytes, (1 << 40) + 5)
        flat.ufo_core_free(core)
        flat.ufo_core_config_free(config)


if __name__ == "__main__":
    support.main()
