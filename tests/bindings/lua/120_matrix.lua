-- SPDX-License-Identifier: MIT
-- Two-dimensional views of arrays.
local check = require "check"
local ufo = require "ufomem"

local a = ufo.array("int32", 3 * 4, check.multiples(1))

check.test("stored row after row", function()
  local m = ufo.matrix(a, 3, 4)
  check.equal(#m, 3)
  check.equal(#m[1], 4)
  check.equal(m[1][1], 1)
  check.equal(m[2][1], 5)
  check.equal(m:get(3, 4), 12)
  check.same(m[2]:read(), {5, 6, 7, 8})
  check.same(m:row(3):read(), {9, 10, 11, 12})
  check.same(m:column(2):read(), {2, 6, 10})
end)

check.test("stored column after column", function()
  local m = ufo.matrix(a, 3, 4, "column")
  check.equal(m[2][1], 2)
  check.equal(m:get(1, 2), 4)
  check.same(m[1]:read(), {1, 4, 7, 10})
  check.same(m:column(2):read(), {4, 5, 6})
end)

check.test("what is written is in the array", function()
  local b = ufo.zeros("int32", 12)
  local m = ufo.matrix(b, 3, 4)
  m[2][3] = 23
  m:set(3, 1, 31)
  m:column(4)[1] = 14
  check.equal(b[7], 23)
  check.equal(b[9], 31)
  check.equal(b[4], 14)
  check.truth(rawequal(m:array(), b))
end)

check.test("a part of the array is enough, more than it has is not", function()
  check.equal(ufo.matrix(a, 2, 4):get(2, 4), 8)
  check.fails("RANGE", "4 rows of 4 columns do not fit an array of 12", ufo.matrix, a, 4, 4)
  check.fails("RANGE", "", ufo.matrix, a, 2 ^ 40, 2 ^ 40)
  check.fails("RANGE", "", ufo.matrix, a, 0, 4)
  check.refuses("invalid option", ufo.matrix, a, 3, 4, "diagonal")
end)

check.test("places outside of the matrix", function()
  local m = ufo.matrix(a, 3, 4)
  check.fails("RANGE", "no row 4; there are 1 to 3", function() return m[4] end)
  check.fails("RANGE", "no column 5; there are 1 to 4", m.get, m, 1, 5)
  check.fails("RANGE", "no row 0", m.set, m, 0, 1, 1)
  check.fails("RANGE", "no element 5", function() return m[1][5] end)
  check.fails("RANGE", "no column 0", m.column, m, 0)
  check.refuses("number expected", m.get, m, "1", 1)
end)

check.test("a matrix keeps its array, a row its matrix", function()
  local row = ufo.matrix(ufo.array("int32", 100, check.multiples(1)), 10, 10)[3]
  collectgarbage()
  collectgarbage()
  check.equal(row[1], 21)
end)

check.test("columns of a matrix that is larger than the budget", function()
  local rows, columns = 2000, 1000
  local big = ufo.array("double", rows * columns, check.multiples(1), {budget = 2 ^ 20, chunk = 512})
  local column = ufo.matrix(big, rows, columns):column(7):read()
  for r = 1, rows do check.equal(column[r], (r - 1) * columns + 7) end
end)

check.report()
