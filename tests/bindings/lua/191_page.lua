-- SPDX-License-Identifier: MIT
-- The lines with which the page of the documentation begins run, and print what they say.
local check = require "check"

local page = assert(io.open "../../../docs/bindings/lua.md"):read "*a"
local lines = assert(page:match "```lua\n(.-)```")

check.test("the first lines of docs/bindings/lua.md", function()
  local printed = {}
  local environment = setmetatable({print = function(...)
    for i = 1, select("#", ...) do printed[#printed + 1] = tonumber((select(i, ...))) end
  end}, {__index = _G})
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadstring(lines)), environment)
  else
    chunk = assert(load(lines, "page", "t", environment))
  end
  chunk()
  check.same(printed, {2 ^ 40, 1000000 ^ 2, -1, 385 - 49 - 1})
end)

check.report()
