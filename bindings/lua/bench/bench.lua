-- SPDX-License-Identifier: MIT
-- What the binding costs, beside what the same work costs in C.  From a build with UFOMEM_BUILD_BENCH:
--
--     LUA_CPATH='<build>/bindings/lua/lua5.4/?.so' lua5.4 bindings/lua/bench/bench.lua
local ufo = require "ufomem"
local yardsticks = require "yardsticks"

local clock = yardsticks.clock

--- The shortest of several runs, in seconds.
local function best(runs, body)
  local least = math.huge
  for _ = 1, runs do
    local begin = clock()
    body()
    least = math.min(least, clock() - begin)
  end
  return least
end

local function report(what, number, unit, note) print(("%-46s %8.1f %s%s"):format(what, number, unit, note and "   " .. note or "")) end

print(_VERSION .. (rawget(_G, "jit") and " " .. jit.version or "") .. ", ufomem " .. ufo.version())

-- ---- one element ----
local N, LOOPS = 100000, 20
local a = ufo.zeros("double", N)
for i = 1, N do a[i] = i end
local t = a:read()

local function reading(from)
  return best(5, function()
    local s = 0
    for _ = 1, LOOPS do
      for i = 1, N do s = s + from[i] end
    end
    return s
  end) / (N * LOOPS) * 1e9
end

local function writing(to)
  return best(5, function()
    for _ = 1, LOOPS do
      for i = 1, N do to[i] = i end
    end
  end) / (N * LOOPS) * 1e9
end

local empty = best(5, function()
  local s = 0
  for _ = 1, LOOPS do
    for i = 1, N do s = s + i end
  end
  return s
end) / (N * LOOPS) * 1e9

report("a[i] of a resident array", reading(a) - empty, "ns")
report("a[i] = v", writing(a) - empty, "ns")
report("t[i] of a table, for comparison", reading(t) - empty, "ns")
a:view(1, N, function(v) report("v[i] of a view", reading(v) - empty, "ns") end)
local m = ufo.matrix(a, 100, 1000)
report("m:get(r, c)", best(5, function()
  for r = 1, 100 do
    for c = 1, 1000 do m:get(r, c) end
  end
end) / N * 1e9 - empty, "ns")

-- ---- many elements ----
local BYTES = 32 * 2 ^ 20
local big = ufo.zeros("uint8", BYTES, {budget = 256 * 2 ^ 20})
big:touch()
local function gigabytes(seconds) return BYTES / seconds / 1e9 end

--- Makes strings, whose memory the collector frees outside of what is measured.
local function making_strings(make)
  local least = math.huge
  for _ = 1, 9 do
    collectgarbage()
    local begin = clock()
    make()
    least = math.min(least, clock() - begin)
  end
  return least
end

local memory = yardsticks.memory(BYTES)
local ordinary = making_strings(function() return yardsticks.string(memory, BYTES) end)
report("a string made from ordinary memory, 32 MiB", gigabytes(ordinary), "GB/s")
big:view(1, BYTES, function(v)
  local from_view = making_strings(function() return v:bytes() end)
  report("v:bytes()", gigabytes(from_view), "GB/s", ("%.2f of that"):format(ordinary / from_view))
end)
local from_array = making_strings(function() return big:bytes() end)
report("a:bytes()", gigabytes(from_array), "GB/s", ("%.2f of that"):format(ordinary / from_array))

local text = big:bytes()
local copying, writing_bytes = yardsticks.copy(BYTES), best(7, function() big:write(1, text) end)
report("memcpy between buffers in use", gigabytes(copying), "GB/s")
report("a:write(1, string)", gigabytes(writing_bytes), "GB/s", ("%.2f of that"):format(copying / writing_bytes))

local doubles = ufo.zeros("double", BYTES / 8, {budget = 256 * 2 ^ 20})
doubles:touch()
report("a:sum() of doubles", gigabytes(best(5, function() return doubles:sum() end)), "GB/s")
local MANY = 100000
local numbers = doubles:read(1, MANY)
report("a:read() into a table, each element", best(9, function() return doubles:read(1, MANY) end) / MANY * 1e9, "ns")
report("a:write() from a table, each element", best(9, function() doubles:write(1, numbers) end) / MANY * 1e9, "ns")

-- ---- a cold chunk of 4 KiB ----
local CHUNKS, PER_CHUNK = 4000, 512
local values = {}
for k = 1, PER_CHUNK do values[k] = k + 0.5 end
local bytes = ("x"):rep(PER_CHUNK * 8)

local function cold(callback)
  local least = math.huge
  for _ = 1, 7 do
    local array = ufo.array("double", CHUNKS * PER_CHUNK, callback, {chunk = PER_CHUNK, readahead = 0})
    local begin = clock()
    for i = 1, CHUNKS * PER_CHUNK, PER_CHUNK do local _ = array[i] end
    least = math.min(least, clock() - begin)
    array:close()
  end
  return least / CHUNKS * 1e6
end

local function alone(callback)
  return best(7, function()
    for _ = 1, CHUNKS do yardsticks.store(callback(), PER_CHUNK) end
  end) / CHUNKS * 1e6
end

local function computing() -- as callbacks are: a table made, and filled, for each chunk
  local made = {}
  for k = 1, PER_CHUNK do made[k] = k * 0.5 end
  return made
end

local c = yardsticks.cold(CHUNKS) * 1e6
report("a cold chunk in C: ufo_read, callback empty", c, "us")
for _, case in ipairs {
  {"... of a callback that returns bytes", function() return bytes end, 0},
  {"... that returns the same table", function() return values end},
  {"... that fills a new table", computing},
} do
  local what, callback, itself = case[1], case[2], case[3] or alone(case[2])
  local whole = cold(callback)
  report(what, whole, "us", ("%.2f of C and the callback's own %.1f us"):format(whole / (c + itself), itself))
end
