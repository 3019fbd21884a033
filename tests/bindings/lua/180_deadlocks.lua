-- SPDX-License-Identifier: MIT
-- What hangs or corrupts a binding whose callbacks run on faults, one by one: here each ends with a value or an error.
local check = require "check"
local native = require "native"
local ufo = require "ufomem"

check.test("a callback that reads the element that it computes", function()
  local a
  a = ufo.array("double", 10000, function(first) return {a[first]} end)
  check.fails("DEADLOCK", "waits for", function() return a[1] end)
end)

check.test("two arrays that wait for each other", function()
  local a, b
  a = ufo.array("double", 10000, function(first, count) return b:read(first, count) end)
  b = ufo.array("double", 10000, function(first, count) return a:read(first, count) end)
  check.fails("DEADLOCK", "waits for", function() return a[1] end)
  check.fails("DEADLOCK", "waits for", function() return b[1] end)
end)

check.test("a callback that flushes, evicts, resets or views its own array", function()
  for _, method in ipairs {"flush", "evict", "reset", "touch", "sum", "bytes"} do
    local a
    a = ufo.array("double", 10000, function(first, count)
      pcall(a[method], a)
      return check.multiples(1)(first, count)
    end)
    local ok, err = pcall(function() return a[1] end)
    check.truth(ok and err == 1 or err.name == "DEADLOCK", method .. ": " .. tostring(err))
  end
end)

check.test("a callback that allocates so much that the collector runs in it", function()
  local a = ufo.array("double", 100000, function(first, count)
    local garbage = {}
    for k = 1, 2000 do garbage[k % 10] = {tostring(k)} end
    collectgarbage "step"
    return check.multiples(1)(first, count)
  end, {budget = 2 ^ 20, chunk = 512})
  check.equal(a:sum(), 100000 * 100001 / 2)
end)

check.test("a C function that loads from pinned elements, with everything else gone", function()
  local a = ufo.array("uint64", 100000, check.multiples(1), {budget = 2 ^ 20, chunk = 512})
  a:view(5000, 10, function(v)
    for i = 10000, 100000, 512 do check.equal(a[i], i) end
    check.equal(native.peek(v:pointer()), 5000)
  end)
end)

check.test("a stray pointer into an array of a Lua callback's ends the access with SIGBUS, not with a hang", function()
  local a = ufo.array("uint64", 100000, check.multiples(1), {chunk = 512})
  local pointer = a:view(1, 1, function(v)
    check.equal(native.signal_at(v:pointer()), nil)
    return v:pointer()
  end)
  a:evict()
  check.equal(native.signal_at(pointer), "SIGBUS")
  check.equal(a[1], 1, "the array itself is none the worse")
end)

check.test("a pointer into an array of a C function's stays good as long as the array", function()
  local a = ufo.native("uint64", 100000, native.squares)
  local pointer = a:view(4, 1, function(v) return v:pointer() end)
  a:evict()
  check.equal(native.peek(pointer), 9)
end)

check.test("an instruction hook that fires inside of callbacks", function()
  local fired = 0
  local a = ufo.array("double", 20000, check.multiples(1), {chunk = 512})
  debug.sethook(function() fired = fired + 1 end, "", 100)
  local sum = a:sum()
  debug.sethook()
  check.equal(sum, 20000 * 20001 / 2)
end)

check.test("a hook that raises an error inside of a callback", function()
  local inside = false
  local a = ufo.array("double", 20000, function(first, count)
    inside = true
    local values = {}
    for k = 1, count do values[k] = first + k - 1 end
    inside = false
    return values
  end)
  if rawget(_G, "jit") then jit.off() end -- compiled code calls no hooks
  debug.sethook(function() if inside then error("interrupted", 0) end end, "", 100)
  local ok, err = pcall(a.sum, a)
  debug.sethook()
  check.equal(ok, false)
  check.equal(err, "interrupted")
end)

check.report()
