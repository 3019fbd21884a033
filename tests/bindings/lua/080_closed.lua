-- SPDX-License-Identifier: MIT
-- Nothing but an error comes of using what was closed; closing again is harmless.
local check = require "check"
local ufo = require "ufomem"

local a = ufo.array("double", 100, check.multiples(1))
local m = ufo.matrix(a, 10, 10)
local row = m[1]
local chunks = {a:chunks(10)}
a:touch()
a:close()

local uses = {
  get = function() return a[1] end,
  set = function() a[1] = 1 end,
  chunk = function() return a:chunk() end,
  chunks = function() return a:chunks() end,
  next_chunk = function() return chunks[1](chunks[2], chunks[3]) end,
  view = function() a:view(1, 1, function() end) end,
  write = function() a:write(1, {1}) end,
  matrix = function() return ufo.matrix(a, 10, 10) end,
  matrix_get = function() return m:get(1, 1) end,
  matrix_set = function() m:set(1, 1, 1) end,
  row_get = function() return row[1] end,
  row_set = function() row[1] = 1 end,
  row_read = function() return row:read() end,
  column_read = function() return m:column(1):read() end,
}
for _, method in ipairs {"read", "bytes", "sum", "touch", "flush", "evict", "reset", "stats"} do
  uses[method] = function() return a[method](a) end
end

for name, use in pairs(uses) do
  check.test(name .. " of a closed array is an error", function() check.fails("CLOSED", "array is closed", use) end)
end

check.test("what needs no elements still answers", function()
  check.equal(#a, 100)
  check.equal(a:type(), "double")
  check.truth(a:closed())
  check.equal(tostring(a), "ufomem array of 100 double (closed)")
end)

check.test("closing twice is harmless", function()
  a:close()
  a:close()
end)

if math.type then
  check.test("a variable with <close> closes its array", function()
    local kept
    assert(load([[
      local ufo, keep = ...
      do
        local a <close> = ufo.zeros("double", 10)
        keep(a)
        assert(not a:closed())
      end]]))(ufo, function(b) kept = b end)
    check.truth(kept:closed())
  end)
end

check.report()
