-- SPDX-License-Identifier: MIT
-- Views: pinned while their function runs, and harmless afterwards.
local check = require "check"
local ufo = require "ufomem"

local function numbers(options) return ufo.array("double", 10000, check.multiples(1), options) end

check.test("a view has the elements of its range, counted from 1", function()
  numbers():view(101, 50, function(v)
    check.equal(#v, 50)
    check.equal(v:first(), 101)
    check.equal(v[1], 101)
    check.equal(v[50], 150)
    check.equal(v:sum(), (101 + 150) * 25)
    check.equal(#v:bytes(), 400)
  end)
end)

check.test("its range is pinned, and no longer afterwards", function()
  local a = numbers {chunk = 512}
  a:view(1, 1024, function()
    check.equal(a:stats().pins, 2)
    check.fails("PINNED", "pinned", a.evict, a)
    a:view(1, 10, function() check.equal(a:stats().pins, 3) end)
  end)
  check.equal(a:stats().pins, 0)
  a:evict()
end)

check.test("what the function returns is returned", function()
  local a = numbers()
  local one, two, three, four = a:view(1, 1, function(v) return v[1], "two", nil, 4 end)
  check.same({one, two, tostring(three), four}, {1, "two", "nil", 4})
  check.equal(select("#", a:view(1, 1, function() end)), 0)
end)

check.test("what it raises is raised, and the pins are given back", function()
  local a = numbers()
  local value = {}
  check.truth(rawequal(check.error_of(a.view, a, 1, 10, function() error(value) end), value))
  check.equal(a:stats().pins, 0)
end)

check.test("a view that has ended raises an error, whatever is tried", function()
  local a, kept = numbers()
  a:view(1, 10, "write", function(v) kept = v end)
  check.fails("CLOSED", "has ended", function() return kept[1] end)
  check.fails("CLOSED", "has ended", function() kept[1] = 1 end)
  check.fails("CLOSED", "has ended", function() return #kept end)
  for _, method in ipairs {"bytes", "sum", "first", "pointer"} do
    check.fails("CLOSED", "has ended", kept[method], kept)
  end
end)

check.test("a view for writing changes the array", function()
  local a = numbers()
  a:view(11, 5, "write", function(v)
    for i = 1, #v do v[i] = -i end
  end)
  a:evict()
  check.same(a:read(10, 7), {10, -1, -2, -3, -4, -5, 16})
end)

check.test("a view for reading takes no writes", function()
  local a = numbers()
  a:view(1, 10, "read", function(v)
    check.fails("READ_ONLY", "write", function() v[1] = 0 end)
  end)
  check.fails("READ_ONLY", "", function() numbers({read_only = true}):view(1, 10, "write", function() end) end)
end)

check.test("wrong indices and values are refused", function()
  numbers():view(1, 10, "write", function(v)
    check.fails("RANGE", "1 to 10", function() return v[0] end)
    check.fails("RANGE", "1 to 10", function() return v[11] end)
    check.fails("RANGE", "1 to 10", function() return v[1.5] end)
    check.refuses("double takes numbers", function() v[1] = "x" end)
    check.refuses("elements only", function() v.name = 1 end)
  end)
end)

check.test("an array may be closed while it is viewed: the view stays good", function()
  local a = numbers {budget = 1024 * 1024}
  a:view(1, 100, function(v)
    a:close()
    collectgarbage()
    check.equal(v[100], 100)
    check.fails("CLOSED", "closed", function() return a[1] end)
  end)
  check.truth(a:closed())
end)

check.test("a view keeps its array from being collected", function()
  local seen
  numbers():view(1, 100, function(v)
    collectgarbage()
    collectgarbage()
    seen = v[100]
  end)
  check.equal(seen, 100)
end)

check.test("an empty view is possible", function()
  numbers():view(10001, 0, function(v) check.equal(#v, 0) end)
end)

if math.type then -- Lua 5.4 can yield across the function; LuaJIT refuses
  check.test("a coroutine may yield inside a view, and the pins stay until it ends", function()
    local a = numbers {chunk = 512}
    local co = coroutine.wrap(function()
      return a:view(1, 10, function(v)
        coroutine.yield(v[1])
        return v[2]
      end)
    end)
    check.equal(co(), 1)
    check.equal(a:stats().pins, 1)
    check.equal(co(), 2)
    check.equal(a:stats().pins, 0)
  end)
end

check.test("a coroutine that is forgotten inside a view gives its pins back", function()
  local a = numbers {chunk = 512}
  local co = coroutine.create(function() a:view(1, 10, function() coroutine.yield() end) end)
  coroutine.resume(co)
  co = nil
  collectgarbage()
  collectgarbage()
  check.equal(a:stats().pins, 0)
end)

check.report()
