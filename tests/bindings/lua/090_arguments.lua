-- SPDX-License-Identifier: MIT
-- Wrong types and ranges: each is refused, with a sentence, and changes nothing.
local check = require "check"
local ufo = require "ufomem"

local function nothing() end
local a = ufo.array("int32", 100, check.multiples(1))

check.test("indices outside of the array, or between its elements", function()
  for _, index in ipairs {0, -1, 101, 2 ^ 53, -2 ^ 63, 2 ^ 64, 1.5, 1 / 0, 0 / 0} do
    check.fails("RANGE", "array's are 1 to 100", function() return a[index] end)
    check.fails("RANGE", "array's are 1 to 100", function() a[index] = 0 end)
  end
end)

check.test("keys that are no numbers", function()
  check.equal(a["1"], nil, "a string is no index")
  check.equal(a[true], nil)
  check.refuses("elements only", function() a["1"] = 0 end)
  check.refuses("elements only", function() a.name = 0 end)
  check.equal(a.no_such_method, nil)
end)

check.test("values that the type cannot hold", function()
  for _, value in ipairs {2 ^ 31, -2 ^ 31 - 1, 0.5, 1 / 0, 0 / 0, "1", true, {}} do
    check.refuses("int32 takes whole numbers from %-2147483648 to 2147483647", function() a[1] = value end)
  end
  check.refuses("int32 takes", function() a[1] = nil end)
  local floats = ufo.zeros("float", 1)
  floats[1] = 0.1
  check.truth(math.abs(floats[1] - 0.1) < 1e-8, "rounded")
  check.equal(a[1], 1)
end)

check.test("ranges that are not inside of the array", function()
  for _, range in ipairs {{0, 1}, {101, 1}, {1, 101}, {100, 2}, {102, 0}, {-1}, {2 ^ 60, 2 ^ 60}} do
    for _, method in ipairs {"read", "bytes", "sum", "touch", "flush", "evict", "reset"} do
      check.fails("RANGE", "1 to 100", a[method], a, range[1], range[2])
    end
    check.fails("RANGE", "1 to 100", a.view, a, range[1], range[2] or 1, nothing)
  end
  check.fails("RANGE", "1 to 100", a.write, a, 100, {1, 2})
  check.same(a:read(101, 0), {})
  check.same(a:read(100), {100})
end)

check.test("ranges that are none", function()
  check.refuses("whole number", a.read, a, "1")
  check.refuses("whole number", a.read, a, 1.5)
  check.refuses("whole number", a.read, a, 1, -1)
  check.refuses("whole number", a.read, a, 1, {})
end)

check.test("things to write that are none", function()
  check.refuses("table expected", a.write, a, 1, 12)
  check.refuses("number expected", a.write, a, "x", {})
  check.refuses("%[2%].*int32 takes", a.write, a, 1, {1, "x"})
  check.refuses("whole number of elements", a.write, a, 1, "12345")
  check.equal(a[1], 1, "nothing was written")
end)

check.test("views without a function, or of another mode", function()
  check.refuses("function expected", a.view, a, 1, 10)
  check.refuses("function expected", a.view, a, 1, 10, "read", 12)
  check.refuses("invalid option", a.view, a, 1, 10, "append", nothing)
end)

check.test("makers", function()
  check.refuses("no element type 'long'; there are int8", ufo.array, "long", 10, nothing)
  check.refuses("string expected", ufo.array, nil, 10, nothing)
  check.refuses("whole number", ufo.array, "double", "many", nothing)
  check.refuses("whole number", ufo.array, "double", -1, nothing)
  check.refuses("function expected", ufo.array, "double", 10)
  check.refuses("function expected", ufo.array, "double", 10, {})
  check.fails("INVALID", "", ufo.array, "double", 0, nothing)
  check.fails("OVERFLOW", "2%^47 bytes", ufo.zeros, "double", 2 ^ 60)
  check.refuses("C function expected", ufo.native, "double", 10, nothing)
  check.refuses("userdata expected", ufo.native, "double", 10, print, 12)
end)

check.test("options", function()
  check.refuses("no option 'chunks'; there are core, budget, chunk", ufo.zeros, "double", 10, {chunks = 1})
  check.refuses("no option", ufo.zeros, "double", 10, {1})
  check.refuses("table expected", ufo.zeros, "double", 10, 12)
  check.refuses("'chunk' must be a whole number", ufo.zeros, "double", 10, {chunk = "big"})
  check.refuses("'read_only' must be true or false", ufo.zeros, "double", 10, {read_only = 1})
  check.refuses("'writeback' must be a function", ufo.array, "double", 10, nothing, {writeback = true})
  check.refuses("no option 'writeback'", ufo.zeros, "double", 10, {writeback = nothing})
  check.refuses("ufomem.core expected", ufo.zeros, "double", 10, {core = 12})
  check.refuses("either 'core' or 'budget'", ufo.zeros, "double", 10, {core = ufo.core(), budget = 2 ^ 20})
  check.refuses("no option 'size'", ufo.core, {size = 1})
  check.refuses("'delivery' cannot be 'carrier pigeon'", ufo.core, {delivery = "carrier pigeon"})
end)

check.test("methods on something else", function()
  check.refuses("ufomem.array expected", a.sum, io.stdout)
  check.refuses("ufomem.array expected", a.sum, {})
  check.refuses("ufomem.array expected", ufo.matrix, {}, 1, 1)
end)

check.test("stores to a read-only array", function()
  local fixed = ufo.array("int32", 10, check.multiples(1), {read_only = true})
  check.fails("READ_ONLY", "read%-only", function() fixed[1] = 5 end)
  check.fails("READ_ONLY", "read%-only", fixed.write, fixed, 1, {5})
  check.equal(fixed[1], 1)
end)

check.test("an error knows where the call was", function()
  check.truth(tostring(check.error_of(function() return a[0] end)):find "^.*090_arguments.lua:%d+: no element 0")
end)

check.report()
