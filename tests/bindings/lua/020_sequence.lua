-- SPDX-License-Identifier: MIT
-- ufo.sequence(): from, from + step, from + 2 step ... without a callback.
local check = require "check"
local ufo = require "ufomem"

check.test("whole numbers", function()
  local a = ufo.sequence("int32", 100000, 7, 3)
  check.equal(a[1], 7)
  check.equal(a[100000], 7 + 99999 * 3)
  check.same(a:read(2, 3), {10, 13, 16})
end)

check.test("without from and step it counts from 1", function()
  check.same(ufo.sequence("uint16", 4):read(), {1, 2, 3, 4})
  check.same(ufo.sequence("double", 3, 0.5):read(), {0.5, 1.5, 2.5})
end)

check.test("downwards, and around the ends of the type", function()
  check.same(ufo.sequence("int8", 4, 0, -1):read(), {0, -1, -2, -3})
  check.same(ufo.sequence("uint8", 3, 254, 1):read(), {254, 255, 0})
end)

check.test("real numbers, each rounded once", function()
  local a = ufo.sequence("double", 1000001, 0, 0.1)
  check.equal(a[4], 3 * 0.1)
  check.equal(a[1000001], 1000000 * 0.1)
  check.equal(ufo.sequence("float", 5, 1, 0.25)[5], 2)
end)

check.test("steps that the type cannot make are refused", function()
  check.refuses("whole number", ufo.sequence, "int32", 10, 0.5, 1)
  check.refuses("whole number", ufo.sequence, "int32", 10, 1, 0.5)
  check.refuses("number expected", ufo.sequence, "double", 10, "1")
end)

check.test("it can be written to, and its changes stay", function()
  local a = ufo.sequence("int64", 1e6, 0, 1, {budget = 1024 * 1024})
  a[500000] = -1
  a:evict()
  check.same(a:read(499999, 3), {499998, -1, 500000})
end)

check.report()
