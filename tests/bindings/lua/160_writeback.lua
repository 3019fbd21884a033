-- SPDX-License-Identifier: MIT
-- Changes that a Lua function takes.
local check = require "check"
local ufo = require "ufomem"

--- An array over a table, as a store of one's own would be.
local function stored(n, options)
  local store = {}
  for i = 1, n do store[i] = i end
  options = options or {}
  options.writeback = function(first, values)
    for k = 1, #values do store[first + k - 1] = values[k] end
  end
  return ufo.array("int32", n, function(first, count)
    local values = {}
    for k = 1, count do values[k] = store[first + k - 1] end
    return values
  end, options), store
end

check.test("flush() gives changes to the writeback", function()
  local a, store = stored(10000)
  a[5], a[10000] = -5, -10
  check.equal(store[5], 5)
  a:flush()
  check.equal(store[5], -5)
  check.equal(store[10000], -10)
  check.equal(store[6], 6)
end)

check.test("close() does, too", function()
  local a, store = stored(10000)
  a[5] = -5
  a:close()
  check.equal(store[5], -5)
end)

check.test("under a tiny budget nothing is lost", function()
  local n = 2 ^ 19
  local a, store = stored(n, {budget = 2 ^ 19, chunk = 1024})
  for i = 1, n, 100 do a[i] = -i end
  a:close()
  for i = 1, n, 100 do check.equal(store[i], -i) end
  check.equal(store[2], 2)
end)

check.test("a writeback that fails: the error is raised, and the changes stay", function()
  local fails, taken = true, nil
  local a = ufo.array("int32", 100, check.multiples(1), {writeback = function(first, values)
    if fails then error({"disk full"}) end
    taken = values[5]
  end})
  a[5] = -5
  check.equal(check.error_of(a.flush, a)[1], "disk full")
  check.equal(check.error_of(a.close, a)[1], "disk full")
  check.truth(not a:closed())
  check.equal(a[5], -5)
  fails = false
  a:close()
  check.equal(taken, -5)
end)

check.test("reset() and close() give changes up", function()
  local a = ufo.array("int32", 100, check.multiples(1), {writeback = function() error "no" end})
  a[5] = -5
  a:reset()
  a:close()
  check.truth(a:closed())
end)

check.test("the writeback may use other arrays", function()
  local log = ufo.zeros("int32", 100)
  local a = ufo.array("int32", 100, check.multiples(1), {writeback = function(first, values) log[first] = #values end})
  a[5] = 0
  a:flush()
  check.equal(log[1], 100)
end)

check.test("memory that is needed inside callbacks does not call the writeback", function()
  local inside = false
  local a = ufo.array("int32", 2 ^ 18, check.multiples(1), {
    budget = 2 ^ 18,
    chunk = 1024,
    writeback = function() check.truth(inside) end,
  })
  for i = 1, #a, 1024 do a[i] = -i end -- far more than the budget: chunks leave
  inside = true
  a:flush()
end)

check.report()
