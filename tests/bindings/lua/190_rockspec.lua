-- SPDX-License-Identifier: MIT
-- The rockspec builds what CMake builds.
local check = require "check"

local folder = "../../../bindings/lua/"
local spec = {}
local path = folder .. "ufomem-0.1.0-1.rockspec"
local chunk = assert(setfenv and loadfile(path) or loadfile(path, "t", spec))
if setfenv then setfenv(chunk, spec) end
chunk()

check.test("it lists all sources of the module", function()
  local listed, found = {}, 0
  for _, source in ipairs(spec.build.modules.ufomem.sources) do listed[source] = true end
  for name in io.popen("ls " .. folder .. "src"):lines() do
    if name:find "%.c$" then
      found = found + 1
      check.truth(listed["bindings/lua/src/" .. name], name .. " is not listed")
    end
  end
  check.equal(found, #spec.build.modules.ufomem.sources)
end)

check.test("its version is the library's", function()
  check.equal(spec.version, require "ufomem".version() .. "-1")
end)

check.report()
