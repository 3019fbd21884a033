-- SPDX-License-Identifier: MIT
-- The modules load, and leave no trace outside of themselves.
local before = {}
for name in pairs(_G) do before[name] = true end

local check = require "check"
local ufo = require "ufomem"
local flat = require "ufomem.flat"

check.test("both modules have the version of the same library", function()
  local major, minor, patch = ufo.version():match "^(%d+)%.(%d+)%.(%d+)$"
  check.equal(flat.ufo_version(), major * 65536 + minor * 256 + patch)
end)

check.test("no global variable is made", function()
  for name in pairs(_G) do check.truth(before[name], "new global: " .. tostring(name)) end
end)

check.test("errors can be told by number", function()
  check.equal(ufo.errors.CLOSED, flat.UFO_ERR_CLOSED)
  check.equal(ufo.errors.DEADLOCK, flat.UFO_ERR_DEADLOCK)
end)

check.test("an array says what it is", function()
  local a = ufo.zeros("int16", 10)
  check.equal(tostring(a), "ufomem array of 10 int16")
  check.equal(a:type(), "int16")
  check.equal(#a, 10)
  check.truth(a:chunk() >= 1)
  check.equal(getmetatable(a), "ufomem.array", "the metatable is out of reach")
end)

check.report()
