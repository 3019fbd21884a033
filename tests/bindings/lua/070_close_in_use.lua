-- SPDX-License-Identifier: MIT
-- Arrays that are closed while something is going on.
local check = require "check"
local ufo = require "ufomem"

check.test("closed inside its own callback: the call that asked says so", function()
  for _, options in ipairs {{}, {budget = 1024 * 1024}} do -- the second has a core of its own, which ends with it
    local a
    a = ufo.array("double", 10000, function(first, count)
      a:close()
      return check.multiples(1)(first, count)
    end, options)
    local ok, err = pcall(function() return a[1] end)
    check.truth(ok or err.name == "CLOSED", tostring(err))
    check.truth(a:closed())
    check.fails("CLOSED", "closed", function() return a[1] end)
  end
end)

check.test("closed inside its own callback, in the middle of a long read", function()
  local a
  a = ufo.array("double", 100000, function(first, count)
    if first > 50000 then a:close() end
    return check.multiples(1)(first, count)
  end, {chunk = 512, readahead = 0})
  check.fails("CLOSED", "", a.read, a)
end)

check.test("closed inside the callback of an array that is computed from it", function()
  local a = ufo.array("double", 10000, check.multiples(1))
  local b = ufo.array("double", 10000, function(first, count)
    local values = a:read(first, count)
    a:close()
    return values
  end, {chunk = 10000})
  check.equal(b[5], 5)
  check.truth(a:closed())
end)

check.test("closed inside its own writeback", function()
  local a
  a = ufo.array("double", 1000, check.multiples(1), {writeback = function() a:close() end})
  a[1] = 2
  pcall(a.flush, a)
  check.truth(a:closed())
end)

check.test("closed between the steps of chunks()", function()
  local a = ufo.array("double", 10000, check.multiples(1))
  check.fails("CLOSED", "", function()
    for first in a:chunks(1000) do
      if first > 5000 then a:close() end
    end
  end)
end)

check.test("closed by a finalizer that runs inside of a read", function()
  local a = ufo.array("double", 200000, check.multiples(1), {chunk = 512})
  local closer = newproxy and newproxy(true)
  if closer then
    getmetatable(closer).__gc = function() a:close() end
  else
    closer = setmetatable({}, {__gc = function() a:close() end})
  end
  closer = nil
  local ok, err = pcall(a.read, a) -- allocates enough to start the collector
  check.truth(ok or err.name == "CLOSED", tostring(err))
end)

check.test("the core is closed while its arrays are in use: they go on", function()
  local core = ufo.core {budget = 1024 * 1024}
  local a = ufo.array("double", 1e6, check.multiples(1), {core = core, chunk = 512})
  core:close()
  check.equal(a[999999], 999999)
  check.fails("CLOSED", "core is closed", ufo.zeros, "double", 10, {core = core})
  a:close()
  check.fails("CLOSED", "core is closed", core.stats, core)
end)

check.test("the program ends inside a callback", function()
  local lua = arg[-1]
  local script = [[local ufo = require "ufomem"
    local a = ufo.array("double", 10, function() os.exit(5, true) end, {budget = 1048576})
    print(a[1])]]
  local file = os.tmpname()
  local out = assert(io.open(file, "w"))
  out:write(script)
  out:close()
  local first, _, code = os.execute(lua .. " " .. file)
  os.remove(file)
  check.equal(code or first / 256, 5) -- 5.1 returns the wait status
end)

check.report()
