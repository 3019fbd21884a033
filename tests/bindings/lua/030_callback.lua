-- SPDX-License-Identifier: MIT
-- Arrays that a Lua function computes.
local check = require "check"
local ufo = require "ufomem"

check.test("elements come from the callback, when they are asked for", function()
  local calls = 0
  local a = ufo.array("double", 100000, function(first, count)
    calls = calls + 1
    return check.multiples(0.5)(first, count)
  end)
  check.equal(calls, 0)
  check.equal(a[1], 0.5)
  check.equal(a[2], 1)
  check.equal(calls, 1, "calls")
  check.equal(a[100000], 50000)
  check.equal(calls, 2, "calls")
end)

check.test("the callback is asked for whole chunks inside the array", function()
  local seen = {}
  local a = ufo.array("double", 1300, function(first, count)
    seen[#seen + 1] = first .. "+" .. count
    return check.multiples(1)(first, count)
  end, {chunk = 512, readahead = 0})
  check.equal(a:chunk(), 512)
  check.equal(a[600], 600)
  check.equal(a[1300], 1300)
  check.same(seen, {"513+512", "1025+276"})
end)

check.test("it may return the same table every time, longer than needed", function()
  local values = {}
  local a = ufo.array("int32", 3000, function(first, count)
    for k = 1, count do values[k] = first + k - 1 end
    return values
  end, {chunk = 1024})
  check.equal(a:sum(), 3000 * 3001 / 2)
end)

check.test("it may return the bytes as a string", function()
  local a = ufo.array("uint8", 10000, function(first, count)
    return string.rep(string.char(first % 251), count)
  end, {chunk = 4096})
  check.equal(a[1], 1)
  check.equal(a[4097], 4097 % 251)
end)

check.test("every type of element takes its least and its greatest value", function()
  local limits = {
    int8 = {-128, 127}, int16 = {-32768, 32767}, int32 = {-2147483648, 2147483647},
    uint8 = {0, 255}, uint16 = {0, 65535}, uint32 = {0, 4294967295},
    float = {-0.5, 2 ^ 127}, double = {-2 ^ 1023, 2 ^ -1074},
  }
  if math.mininteger then -- in 5.4 all integers have 64 bits; uint64 shares them
    limits.int64 = {math.mininteger, math.maxinteger}
    limits.uint64 = {0, -1}
  else
    limits.int64 = {-2 ^ 63, 2 ^ 53}
    limits.uint64 = {0, 2 ^ 63}
  end
  for type, pair in pairs(limits) do
    local a = ufo.array(type, 2, function() return pair end)
    check.same(a:read(), pair)
    if math.type then
      check.equal(math.type(a[1]), (type == "float" or type == "double") and "float" or "integer", type)
    end
  end
end)

check.test("the callback may use other arrays, which are computed in turn", function()
  local a = ufo.array("int64", 20000, check.multiples(1), {chunk = 512})
  for _ = 1, 10 do
    local below = a
    a = ufo.array("int64", 20000, function(first, count)
      local values = below:read(first, count)
      for k = 1, count do values[k] = values[k] + 1 end
      return values
    end, {chunk = 512})
  end
  check.equal(a[1], 11)
  check.equal(a[20000], 20010)
  check.equal(a:sum(), 20000 * 20001 / 2 + 10 * 20000)
end)

check.test("chunks() gives the whole array in tables", function()
  local a = ufo.array("int32", 2500, check.multiples(1))
  local firsts, sum = {}, 0
  for first, values in a:chunks(1000) do
    firsts[#firsts + 1] = first
    for k = 1, #values do sum = sum + values[k] end
  end
  check.same(firsts, {1, 1001, 2001})
  check.equal(sum, 2500 * 2501 / 2)
  local pieces = 0
  for _, values in a:chunks() do pieces = pieces + #values end
  check.equal(pieces, 2500)
end)

check.test("bytes() and write() move raw content", function()
  local a = ufo.array("uint16", 50000, check.multiples(1))
  local b = ufo.zeros("uint16", 50000)
  b:write(1, a:bytes())
  check.same(b:read(49990, 11), a:read(49990, 11))
  check.equal(#a:bytes(11, 10), 20)
  check.equal(a:bytes(11, 1), b:bytes(11, 1))
end)

check.test("touch() brings elements in, stats() tells", function()
  local a = ufo.array("double", 4096, check.multiples(1), {chunk = 512, readahead = 0})
  a:touch(1, 1024)
  check.equal(a:stats().populates, 2)
  check.equal(a:stats().resident_bytes, 8192)
end)

check.report()
