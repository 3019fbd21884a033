-- SPDX-License-Identifier: MIT
-- Arrays beyond 2 GiB, 2^31 elements and 2^32 elements.
local check = require "check"
local ufo = require "ufomem"

local function identity(first, count) return check.multiples(1)(first, count) end

check.test("2^40 elements, of which a few are ever made", function()
  local n = 2 ^ 40
  local a = ufo.array("int64", n, identity, {budget = 4 * 2 ^ 20, chunk = 512})
  check.equal(#a, n)
  for _, i in ipairs {1, 2 ^ 31 - 1, 2 ^ 31, 2 ^ 31 + 1, 2 ^ 32, 2 ^ 32 + 1, n - 1, n} do
    check.equal(a[i], i)
    a[i] = -i
  end
  a:evict(2 ^ 31 - 1, 3)
  for _, i in ipairs {1, 2 ^ 31 - 1, 2 ^ 31, 2 ^ 31 + 1, 2 ^ 32, 2 ^ 32 + 1, n - 1, n} do
    check.equal(a[i], -i)
  end
  check.same(a:read(2 ^ 35, 3), {2 ^ 35, 2 ^ 35 + 1, 2 ^ 35 + 2})
  check.equal(a:sum(2 ^ 35, 2), 2 ^ 36 + 1)
  check.equal(a:view(2 ^ 39, 10, function(v) return v:first() + v[10] end), 2 ^ 39 + 2 ^ 39 + 9)
  check.fails("RANGE", "1099511627776", function() return a[n + 1] end)
end)

check.test("3 GiB of zeros, written at both ends and across 2 GiB", function()
  local n = 3 * 2 ^ 30
  local a = ufo.zeros("uint8", n, {budget = 4 * 2 ^ 20})
  a:write(2 ^ 31 - 4, "12345678")
  a[1], a[n] = 200, 201
  a:evict()
  check.equal(a:bytes(2 ^ 31 - 4, 8), "12345678")
  check.equal(a[1] + a[n], 401)
end)

check.test("a sparse file of 5 GiB", function()
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:seek("set", 5 * 2 ^ 30 - 8)
  file:write("the end.")
  file:close()
  local a = ufo.open("uint8", path, {budget = 4 * 2 ^ 20})
  check.equal(#a, 5 * 2 ^ 30)
  check.equal(a:bytes(5 * 2 ^ 30 - 7), "the end.")
  check.equal(a[2 ^ 32], 0)
  a:close()
  os.remove(path)
end)

check.test("a table for more elements than tables can have is refused", function()
  local a = ufo.zeros("uint8", 2 ^ 33)
  check.refuses("too many elements", a.read, a)
end)

check.report()
