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
local N = 10000 -- short runs, and many: of them some are not interrupted, on a machine that is not all ours
local a = ufo.zeros("double", N)
for i = 1, N do a[i] = i end
local t = a:read()

local function each(body) return best(500, body) / N * 1e9 end
local function reading(from)
  return each(function()
    local s = 0
    for i = 1, N do s = s + from[i] end
    return s
  end)
end
local loop = each(function()
  local s = 0
  for i = 1, N do s = s + i end
  return s
end)

report("a[i] of a resident array", reading(a) - loop, "ns")
report("a[i] = v", each(function() for i = 1, N do a[i] = i end end) - loop, "ns")
a:view(1, N, function(v) report("v[i] of a view", reading(v) - loop, "ns") end)
local m = ufo.matrix(a, 100, 100)
report("m:get(r, c)", each(function()
  for r = 1, 100 do
    for c = 1, 100 do m:get(r, c) end
  end
end) - loop, "ns")
report("t[i] of a table, for comparison", reading(t) - loop, "ns")
report("a userdata's index function that does nothing", reading(yardsticks.nothing) - loop, "ns")

-- ---- many elements ----
local BYTES = 2 * 2 ^ 20
local big = ufo.zeros("uint8", BYTES, {budget = 256 * 2 ^ 20})
big:touch()
local function gigabytes(seconds) return BYTES / seconds / 1e9 end

--- Makes strings, whose memory the collector frees outside of what is measured.
local function making_strings(make)
  local least = math.huge
  for _ = 1, 50 do
    collectgarbage()
    local begin = clock()
    make()
    least = math.min(least, clock() - begin)
  end
  return least
end

local memory = yardsticks.memory(BYTES)
local ordinary = making_strings(function() return yardsticks.string(memory, BYTES) end)
report("2 MiB of ordinary memory made a string", gigabytes(ordinary), "GB/s")
big:view(1, BYTES, function(v)
  local from_view = making_strings(function() return v:bytes() end)
  report("v:bytes()", gigabytes(from_view), "GB/s", ("%.2f of that"):format(ordinary / from_view))
end)
local from_array = making_strings(function() return big:bytes() end)
report("a:bytes()", gigabytes(from_array), "GB/s", ("%.2f of that"):format(ordinary / from_array))

local text = big:bytes()
local copying, writing_bytes = yardsticks.copy(BYTES), best(50, function() big:write(1, text) end)
report("memcpy between buffers in use", gigabytes(copying), "GB/s")
report("a:write(1, string)", gigabytes(writing_bytes), "GB/s", ("%.2f of that"):format(copying / writing_bytes))

local doubles = ufo.zeros("double", BYTES / 8, {budget = 256 * 2 ^ 20})
doubles:touch()
report("a:sum() of doubles", gigabytes(best(50, function() return doubles:sum() end)), "GB/s")
local MANY = 10000
local numbers = doubles:read(1, MANY)
report("a:read() into a table, each element", best(100, function() return doubles:read(1, MANY) end) / MANY * 1e9, "ns")
report("a:write() from a table, each element", best(100, function() doubles:write(1, numbers) end) / MANY * 1e9, "ns")

-- ---- a cold chunk of 4 KiB ----
local CHUNKS, SLICE, PER_CHUNK = 20000, 50, 512 -- the best slice counts
local values = {}
for k = 1, PER_CHUNK do values[k] = k + 0.5 end
local bytes = ("x"):rep(PER_CHUNK * 8)

local function cold(callback)
  local array = ufo.array("double", CHUNKS * PER_CHUNK, callback, {chunk = PER_CHUNK, readahead = 0})
  local next = 1
  return best(CHUNKS / SLICE, function()
    for i = next, next + (SLICE - 1) * PER_CHUNK, PER_CHUNK do local _ = array[i] end
    next = next + SLICE * PER_CHUNK
  end) / SLICE * 1e6
end

local function alone(callback)
  return best(CHUNKS / SLICE, function()
    for _ = 1, SLICE do yardsticks.store(callback(), PER_CHUNK) end
  end) / SLICE * 1e6
end

local function computing() -- as callbacks are: a table made, and filled, for each chunk
  local made = {}
  for k = 1, PER_CHUNK do made[k] = k * 0.5 end
  return made
end

local c = yardsticks.cold(CHUNKS, SLICE) * 1e6
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
