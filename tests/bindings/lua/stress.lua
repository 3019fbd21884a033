-- SPDX-License-Identifier: MIT
-- What one of the states does (states.c): arrays of every kind on a core that all share, each access checked against a model, while the
-- collector runs, chunks leave, callbacks allocate, arrays come and go, and some callbacks fail.
local handle, number, seconds = ...
local ufo = require "ufomem"
local native = require "native"

local core = ufo.core(handle)
local random = math.random
math.randomseed(1000 + number)
if collectgarbage "count" then collectgarbage("setpause", 50) end

local CHUNK = 512

local function expect(got, wanted, what)
  if got ~= wanted then error(("%s: got %s, wanted %s"):format(what, tostring(got), tostring(wanted)), 2) end
end

--- An array, and the model that it is checked against: values by index where they were changed.
local function computed(n, factor, store)
  local changed = {}
  local options = {core = core, chunk = CHUNK}
  if store then
    options.writeback = function(first, values)
      for i in pairs(changed) do
        if values[i - first + 1] then store[i] = values[i - first + 1] end
      end
    end
  end
  local a = ufo.array("double", n, function(first, count)
    if random(200) == 1 then error "chance" end
    local values, garbage = {}, {}
    for k = 1, count do
      values[k] = store and store[first + k - 1] or (first + k - 1) * factor
      if k % 16 == 0 then garbage[#garbage + 1] = {tostring(k)} end
    end
    if random(20) == 1 then collectgarbage() end
    return values
  end, options)
  return {array = a, value = function(i) return changed[i] or i * factor end, changed = changed, store = store}
end

--- An array that is computed from another one.
local function derived(base)
  local a = ufo.array("double", #base.array, function(first, count)
    local values = base.array:read(first, count)
    for k = 1, count do values[k] = -values[k] end
    return values
  end, {core = core, chunk = CHUNK, read_only = true})
  return {array = a, value = function(i) return -i * 3 end}
end

local function squares(n)
  local changed = {}
  local a = ufo.native("uint64", n, native.squares, nil, {core = core, chunk = CHUNK})
  return {array = a, value = function(i) return changed[i] or (i - 1) * (i - 1) end, changed = changed}
end

local N = 64 * 1024 -- elements: 128 chunks an array
local function make()
  local untouched = computed(N, 3)
  untouched.changed = nil
  return {computed(N, 2), computed(N, 5, {}), untouched, derived(untouched), squares(N)}
end

local ways = {
  function(m, i) expect(m.array[i], m.value(i), "a[i]") end,
  function(m, i)
    if not m.changed then return end
    local v = random(1000000)
    m.array[i] = v
    m.changed[i] = v
  end,
  function(m, i)
    local count = math.min(random(1500), N - i + 1)
    local values = m.array:read(i, count)
    for k = 1, count, 37 do expect(values[k], m.value(i + k - 1), "read") end
  end,
  function(m, i)
    local count = math.min(random(600), N - i + 1)
    m.array:view(i, count, function(v)
      local garbage = {}
      for k = 1, count, 17 do
        garbage[#garbage + 1] = tostring(k)
        expect(v[k], m.value(i + k - 1), "view")
      end
    end)
  end,
  function(m, i)
    if not m.changed then return end
    local count = math.min(random(600), N - i + 1)
    m.array:view(i, count, "write", function(v)
      for k = 1, count, 101 do
        local x = random(1000000)
        v[k] = x
        m.changed[i + k - 1] = x
      end
    end)
  end,
  function(m, i) m.array:evict(i, math.min(2000, N - i + 1)) end,
  function(m) if random(10) == 1 then m.array:flush() end end,
  function(m, i)
    local co = coroutine.wrap(function() return m.array[i] end)
    expect(co(), m.value(i), "in a coroutine")
  end,
}

--- Errors that are part of the game: a callback's chance, and neighbours that hold all of the budget at the moment.
local function allowed(err)
  if type(err) == "table" then return err.name == "BUDGET" or err.name == "PINNED" end
  return tostring(err):find "chance"
end

local models = make()
local ends = native.clock() + seconds
local steps = 0
while native.clock() < ends do
  local m = models[random(#models)]
  local i = random(2) == 1 and random(N) or random(2000)
  local ok, err = pcall(ways[random(#ways)], m, i)
  if not ok and not allowed(err) then error(err, 0) end
  steps = steps + 1
  if steps % 1500 == 0 then
    models = make() -- the old ones are garbage, changes and all
  end
end
assert(steps > 200, "only " .. steps .. " steps")
