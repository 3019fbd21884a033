-- SPDX-License-Identifier: MIT
-- What a callback raises reaches whoever asked, as the same value, around the library.
local check = require "check"
local ufo = require "ufomem"

local function array_that_raises(value, options)
  return ufo.array("double", 10000, function() error(value, 0) end, options)
end

local asking = {
  ["a[i]"] = function(a) return a[1] end,
  ["a[i] = v"] = function(a) a[1] = 1 end,
  ["read"] = function(a) return a:read(1, 100) end,
  ["write"] = function(a) a:write(1, {1, 2, 3}) end,
  ["bytes"] = function(a) return a:bytes() end,
  ["sum"] = function(a) return a:sum() end,
  ["touch"] = function(a) a:touch() end,
  ["view"] = function(a) a:view(1, 10, function() end) end,
  ["chunks"] = function(a) for _ in a:chunks() do end end,
}

for way, ask in pairs(asking) do
  check.test("a table raised in the callback comes out of " .. way, function()
    local value = {code = 7}
    local a = array_that_raises(value)
    check.truth(rawequal(check.error_of(ask, a), value))
    check.truth(rawequal(check.error_of(ask, a), value), "and again")
  end)
end

check.test("strings, numbers, nil and false are errors, too", function()
  for _, value in ipairs {"a sentence", 12, false} do
    check.equal(check.error_of(asking["a[i]"], array_that_raises(value)), value)
  end
  local ok, err = pcall(asking["a[i]"], array_that_raises(nil))
  check.equal(ok, false)
  check.truth(err == nil or err == "nil", "some Lua versions say that nil was raised") 
end)

check.test("errors of Lua's own keep their place", function()
  local a = ufo.array("double", 10, function() local t = nil; return t.field end)
  check.refuses("040_callback_errors.lua:%d+: .*t", asking["a[i]"], a)
end)

check.test("a callback that failed is asked again", function()
  local fails = true
  local a = ufo.array("double", 10000, function(first, count)
    if fails then error("not now", 0) end
    return check.multiples(1)(first, count)
  end, {chunk = 512})
  check.equal(check.error_of(a.touch, a), "not now")
  check.equal(check.error_of(asking["a[i]"], a), "not now")
  fails = false
  check.equal(a:sum(), 10000 * 10001 / 2)
end)

check.test("elements that were changed before an error keep their values", function()
  local fails = false
  local a = ufo.array("double", 4096, function(first, count)
    if fails then error("not now", 0) end
    return check.multiples(1)(first, count)
  end, {chunk = 512})
  a[600] = -1
  a[1600] = -2
  fails = true
  check.equal(check.error_of(a.touch, a), "not now")
  check.equal(a[600], -1)
  fails = false
  check.equal(a[1600], -2)
  check.equal(a[1], 1)
end)

check.test("one call raises the first error, and does not ask again after it", function()
  local calls = 0
  local a = ufo.array("double", 100000, function() calls = calls + 1; error("number " .. calls, 0) end, {chunk = 512})
  check.equal(check.error_of(a.touch, a), "number 1")
  check.equal(calls, 1)
end)

check.test("an error passes through arrays that are computed from each other", function()
  local value = {}
  local a = array_that_raises(value)
  for _ = 1, 5 do
    local below = a
    a = ufo.array("double", 10000, function(first, count) return below:read(first, count) end)
  end
  check.truth(rawequal(check.error_of(asking["a[i]"], a), value))
end)

check.test("a callback may catch the error of another array", function()
  local bad = array_that_raises("bad")
  local a = ufo.array("double", 10, function(first, count)
    local ok, err = pcall(function() return bad[first] end)
    check.truth(not ok)
    return {#err, 2, 3, 4, 5, 6, 7, 8, 9, 10}
  end)
  check.equal(a[1], 3)
end)

check.test("what the callback returns is looked at", function()
  local function returning(value, type)
    return check.error_of(asking["a[i]"], ufo.array(type or "double", 4, function() return value end))
  end
  check.truth(returning(nil):find "elements 1 to 4 of type double returned a value of type nil")
  check.truth(returning(12):find "type number")
  check.truth(returning({1, 2, 3}):find "nil at %[4%]")
  check.truth(returning({1, 2, "x", 4}):find "string at %[3%]")
  check.truth(returning({1, 2, 300, 4}, "uint8"):find "300 at %[3%].*0 to 255")
  check.truth(returning({1, 2, 1.5, 4}, "int32"):find "1.5 at %[3%].*whole")
  check.truth(returning("1234567"):find "string of 7 bytes.*has 32")
end)

check.test("endless recursion in a callback ends as an error", function()
  local a = ufo.array("double", 10, function()
    local function deeper() return 1 + deeper() end
    return {deeper()}
  end)
  check.refuses("stack overflow", asking["a[i]"], a)
end)

check.test("a chain of arrays that is too long for the C stack ends as an error", function()
  local a = ufo.array("double", 1, function() return {1} end)
  for _ = 1, 300 do
    local below = a
    a = ufo.array("double", 1, function() return {below[1]} end)
  end
  local ok, err = pcall(asking["a[i]"], a)
  check.truth(ok or tostring(err):find "overflow" or tostring(err):find "error in error", tostring(err)) -- each Lua has its own limit
end)

check.report()
