-- SPDX-License-Identifier: MIT
-- A callback runs on the coroutine that asks, whoever made the array, and cannot yield through the library.
local check = require "check"
local ufo = require "ufomem"

check.test("the callback runs on the coroutine that asks", function()
  local ran_on
  local a = ufo.array("double", 10000, function(first, count)
    ran_on = coroutine.running()
    return check.multiples(1)(first, count)
  end, {chunk = 512, readahead = 0})
  local co = coroutine.create(function() return a[1] end)
  check.same({coroutine.resume(co)}, {true, 1})
  check.equal(ran_on, co)
  local main = coroutine.running()
  check.equal(a[9000], 9000)
  check.equal(ran_on, main)
end)

check.test("an array that a dead coroutine has made is as good as any", function()
  local a
  coroutine.wrap(function() a = ufo.array("double", 10000, check.multiples(1)) end)()
  collectgarbage()
  collectgarbage()
  check.equal(a[5000], 5000)
end)

check.test("a yield inside a callback is an error for who asked, not a hang", function()
  local a = ufo.array("double", 10, function()
    coroutine.yield()
    return {}
  end)
  local co = coroutine.create(function() return a[1] end)
  local ok, err = coroutine.resume(co)
  check.equal(ok, false)
  check.truth(tostring(err):find "attempt to yield", tostring(err))
  check.equal(coroutine.status(co), "dead")
end)

check.test("a callback may run coroutines of its own", function()
  local a = ufo.array("double", 1000, function(first, count)
    local values = {}
    local numbers = coroutine.wrap(function()
      for i = first, first + count - 1 do coroutine.yield(i) end
    end)
    for k = 1, count do values[k] = numbers() end
    return values
  end)
  check.equal(a:sum(), 1000 * 1001 / 2)
end)

check.test("coroutines in turn inside callbacks of each other's arrays", function()
  local arrays = {}
  for level = 1, 10 do
    arrays[level] = ufo.array("double", 100, function(first, count)
      if level == 1 then return check.multiples(1)(first, count) end
      return coroutine.wrap(function() return arrays[level - 1]:read(first, count) end)()
    end)
  end
  check.equal(arrays[10][100], 100)
end)

check.report()
