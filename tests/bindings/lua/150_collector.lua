-- SPDX-License-Identifier: MIT
-- The garbage collector: at any moment, in any order, with callbacks under way.
local check = require "check"
local ufo = require "ufomem"

local core = ufo.core {budget = 2 ^ 20}

local function collect()
  collectgarbage()
  collectgarbage()
end

local function on_collection(action)
  if newproxy then
    getmetatable(newproxy(true)).__gc = action
  else
    setmetatable({}, {__gc = action})
  end
end

check.test("arrays that nobody has are freed", function()
  collect()
  local before = core:stats().regions
  for _ = 1, 50 do ufo.array("double", 1e6, check.multiples(1), {core = core}):touch(1, 1000) end
  collect()
  check.equal(core:stats().regions, before)
end)

check.test("also when their callback refers to them", function()
  local before = core:stats().regions
  for _ = 1, 50 do
    local a
    a = ufo.array("double", 1000, function(first, count) return {#a, tostring(a), first, count} end, {core = core})
  end
  collect()
  check.equal(core:stats().regions, before)
end)

check.test("a callback that collects, and frees other arrays with it", function()
  local a = ufo.array("double", 20000, function(first, count)
    for _ = 1, 3 do ufo.array("double", 5000, check.multiples(1), {core = core})[1] = 5 end
    collect()
    return check.multiples(1)(first, count)
  end, {core = core, chunk = 512})
  check.equal(a:sum(), 20000 * 20001 / 2)
end)

check.test("an array that is only on the stack of its own call is not freed", function()
  local value = ufo.array("double", 20000, function(first, count)
    collect()
    return check.multiples(1)(first, count)
  end, {core = core, chunk = 512}):sum()
  check.equal(value, 20000 * 20001 / 2)
end)

check.test("changes reach a writeback when the array is collected", function()
  local taken
  local a = ufo.array("double", 1000, check.multiples(1), {
    core = core,
    writeback = function(first, values) taken = values[10] end,
  })
  a[10] = -1
  a = nil
  collect()
  check.equal(taken, -1)
end)

check.test("an error in a writeback at collection ends nothing", function()
  local a = ufo.array("double", 1000, check.multiples(1), {core = core, writeback = function() error "not now" end})
  a[10] = -1
  a = nil
  collect()
end)

check.test("a finalizer may read arrays, and have them computed", function()
  local a = ufo.array("double", 100000, check.multiples(1), {core = core, chunk = 512})
  local seen
  on_collection(function() seen = a[99999] end)
  collect()
  check.equal(seen, 99999)
end)

check.test("allocation in small steps while elements come and go", function()
  collectgarbage("setpause", 100)
  local a = ufo.array("double", 2 ^ 19, check.multiples(1), {core = core, chunk = 512})
  local kept = {}
  for i = 1, #a, 257 do
    kept[i % 100] = {tostring(a[i])}
    check.equal(a[i], i)
  end
end)

-- At the end of the program the state is closed with all this alive: in any order, changes and all.
Leftover = {
  core = ufo.core {budget = 2 ^ 20},
  early = ufo.zeros("double", 1000),
}
Leftover.a = ufo.array("double", 1e6, check.multiples(1), {core = Leftover.core, writeback = function(_, values) return #values end})
Leftover.a[5] = 1
Leftover.b = ufo.array("double", 1e6, function(first, count) return Leftover.a:read(first, count) end)
Leftover.b[7] = 1
Leftover.matrix = ufo.matrix(Leftover.b, 10, 10)
on_collection(function() return pcall(function() return Leftover.b[9] end) end)

check.report()
