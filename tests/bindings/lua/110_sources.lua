-- SPDX-License-Identifier: MIT
-- Files, zeros and C functions.
local check = require "check"
local native = require "native"
local ufo = require "ufomem"

local function file_with(content)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(content)
  file:close()
  return path
end

local function content_of(path)
  local file = assert(io.open(path, "rb"))
  local content = file:read "*a"
  file:close()
  return content
end

check.test("a file is an array of its bytes, or from an offset on", function()
  local path = file_with "header..abcdefgh"
  check.equal(ufo.open("uint8", path)[1], ("h"):byte())
  local a = ufo.open("uint8", path, {offset = 8})
  check.equal(#a, 8)
  check.equal(a:bytes(), "abcdefgh")
  check.equal(#ufo.open("double", path), 2)
  check.equal(#ufo.open("double", path, {offset = 8, count = 1}), 1)
  os.remove(path)
end)

check.test("changes stay with the array, unless it writes back", function()
  local path = file_with(("x"):rep(10000))
  local private = ufo.open("uint8", path)
  private[1] = 65
  private:close()
  check.equal(content_of(path), ("x"):rep(10000))

  local a = ufo.open("uint8", path, {writeback = true})
  a[1], a[10000] = 65, 90
  a:flush()
  check.equal(content_of(path), "A" .. ("x"):rep(9998) .. "Z")
  a[2] = 66
  a:close()
  check.equal(content_of(path):sub(1, 3), "ABx")
  os.remove(path)
end)

check.test("files that cannot be", function()
  local path = file_with "12345"
  check.fails("FILE", "No such file", ufo.open, "uint8", path .. ".not.there")
  check.fails("FILE", "not.there", ufo.open, "uint8", path .. ".not.there", {count = 1})
  check.fails("TRUNCATED", "5 bytes from byte 0 on are no whole number of int32", ufo.open, "int32", path)
  check.fails("TRUNCATED", "0 bytes from byte 99", ufo.open, "uint8", path, {offset = 99})
  check.fails("TRUNCATED", "", ufo.open, "int32", path, {count = 100})
  os.remove(path)
end)

check.test("a C function computes", function()
  local a = ufo.native("uint64", 1e6, native.squares)
  check.equal(a[1], 0)
  check.equal(a[1001], 1e6)
  check.equal(a:sum(1, 4), 14)
end)

check.test("a C function with data of the caller's, which is kept alive", function()
  local a = ufo.native("uint64", 1e5, native.scaled, native.scale(7))
  collectgarbage()
  collectgarbage()
  check.equal(a[11], 70)
end)

check.test("a C function from a shared library, by package.loadlib", function()
  local path = assert(package.searchpath and package.searchpath("native", package.cpath) or package.cpath:match "^[^;]*":gsub("?", "native"))
  local squares = assert(package.loadlib(path, "native_squares"))
  check.equal(ufo.native("uint64", 1000, squares)[32], 31 * 31)
end)

check.test("a C function that fails is an error with its code", function()
  check.fails("POPULATE", "returned 42", function() return ufo.native("uint64", 10, native.failing)[1] end)
end)

check.test("a C function that takes changes", function()
  local store = native.store(4096)
  local a = ufo.native("uint8", 4096, native.load, store, {writeback = native.save})
  a[10] = 77
  a:close()
  check.equal(ufo.native("uint8", 4096, native.load, store)[10], 77)
end)

if rawget(_G, "jit") then
  check.test("a function pointer of LuaJIT's FFI", function()
    local ffi = require "ffi"
    local pointer = ffi.cast("void *", native.squares)
    check.equal(ufo.native("uint64", 100, pointer)[8], 49)
  end)
  check.test("the FFI reads a view's memory", function()
    local ffi = require "ffi"
    ufo.native("uint64", 100, native.squares):view(1, 100, function(v)
      check.equal(tonumber(ffi.cast("uint64_t *", v:pointer())[9]), 81)
    end)
  end)
end

check.test("zeros are zeros of every type", function()
  for _, type in ipairs {"int8", "uint64", "float", "double"} do
    check.same(ufo.zeros(type, 3):read(), {0, 0, 0})
  end
end)

check.report()
