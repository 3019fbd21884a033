-- SPDX-License-Identifier: MIT
-- The flat interface: the functions of ufo.h by their names, elements counted from 0.
local check = require "check"
local flat = require "ufomem.flat"
local native = require "native"

check.test("a region of a C callback's, from config to free", function()
  local config = flat.ufo_config_new()
  check.equal(flat.ufo_config_set_elements(config, 1e6, 8), flat.UFO_OK)
  check.equal(flat.ufo_config_set_populate(config, native.squares, nil, nil), flat.UFO_OK)
  local region = flat.ufo_new(nil, config)
  flat.ufo_config_free(config)
  check.equal(flat.ufo_count(region), 1e6)
  local status, bytes = flat.ufo_read(region, 3, 1)
  check.equal(status, flat.UFO_OK)
  check.equal(bytes:byte(1), 9)
  check.equal(native.peek(flat.ufo_data(region)), 0)

  check.equal(flat.ufo_write(region, 3, "\1\0\0\0\0\0\0\0"), flat.UFO_OK)
  check.equal(select(2, flat.ufo_read(region, 3, 1)):byte(1), 1)
  local stats = flat.ufo_stats()
  check.equal(flat.ufo_stats_get(region, stats), flat.UFO_OK)
  check.equal(stats.populates, 1)

  check.equal(flat.ufo_read(region, 1e6, 1), flat.UFO_ERR_RANGE)
  check.truth(flat.ufo_last_error() ~= "")
  flat.ufo_free(region)
  check.equal(flat.ufo_touch(region, 0, 1), flat.UFO_ERR_CLOSED)
  check.equal(flat.ufo_status_string(flat.UFO_OK) ~= "", true)
end)

check.test("sizes keep all their bits", function()
  local config = flat.ufo_config_new()
  check.equal(flat.ufo_config_set_elements(config, 2 ^ 46 - 2 ^ 20, 1), flat.UFO_OK)
  local region = flat.ufo_new(nil, config)
  check.equal(flat.ufo_count(region), 2 ^ 46 - 2 ^ 20)
  flat.ufo_free(region)
  flat.ufo_config_free(config)
end)

check.test("what is no number, or no region, is refused", function()
  check.refuses("ufo_touch", flat.ufo_touch, 12, 0, 1)
  check.refuses("ufo_config_set_elements", flat.ufo_config_set_elements, flat.ufo_config_new(), "many", 8)
end)

check.report()
