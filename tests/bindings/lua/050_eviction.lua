-- SPDX-License-Identifier: MIT
-- Writes outlive their chunks: under a budget that holds a fraction of the array.
local check = require "check"
local ufo = require "ufomem"

local MIB = 1024 * 1024
local core = ufo.core {budget = 1 * MIB}

check.test("an array larger than the budget keeps what was written to it", function()
  local n = 8 * MIB / 8
  local a = ufo.array("double", n, check.multiples(1), {core = core, chunk = 512})
  for i = 1, n, 1000 do a[i] = -i end
  for i = 1, n, 1000 do
    check.equal(a[i], -i)
    if i < n then check.equal(a[i + 1], i + 1) end
  end
  check.truth(a:stats().evictions > 1000, "hardly anything left memory")
  a:close()
end)

check.test("the budget is never exceeded", function()
  local stats = core:stats()
  check.equal(stats.budget_bytes, MIB)
  check.truth(stats.peak_bytes <= MIB)
end)

check.test("zeros keep what was written, too", function()
  local a = ufo.zeros("int32", 4 * MIB / 4, {core = core})
  for i = 1, #a, 512 do a[i] = i end
  for i = 1, #a, 512 do check.equal(a[i], i) end
  check.equal(a[2], 0)
end)

check.test("evict() lets go, and the next access has the same values", function()
  local calls = 0
  local a = ufo.array("int32", 10000, function(first, count)
    calls = calls + 1
    return check.multiples(1)(first, count)
  end, {core = core, chunk = 1024, readahead = 0})
  a[1], a[5000] = -1, -5
  local before = calls
  a:evict()
  check.equal(a:stats().resident_bytes, 0)
  check.equal(a[1], -1)
  check.equal(a[5000], -5)
  check.equal(calls, before, "changed chunks come back from the spill")
end)

check.test("reset() forgets changes", function()
  local a = ufo.array("int32", 10000, check.multiples(1), {core = core})
  a[10] = -1
  a:reset()
  check.equal(a[10], 10)
end)

check.test("bytes() and read() of more than the budget holds", function()
  local a = ufo.array("uint32", 2 * MIB / 4, check.multiples(1), {core = core})
  check.equal(#a:bytes(), 2 * MIB)
  local values = a:read()
  for i = 1, #values, 997 do check.equal(values[i], i) end
end)

check.test("a view of more than the budget holds is refused", function()
  local a = ufo.zeros("uint8", 4 * MIB, {core = core})
  check.fails("BUDGET", "", a.view, a, 1, 4 * MIB, function() end)
  check.equal(a:stats().pins, 0)
end)

check.report()
