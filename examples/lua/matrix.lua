-- SPDX-License-Identifier: MIT
-- A matrix in a file: distances between points on a circle, written once, read by row and by column, changed in place.
--
--     lua5.4 matrix.lua [POINTS [FILE]]
local ufo = require "ufomem"

local points = tonumber(arg[1]) or 500
local path = arg[2] or os.tmpname()

-- A file of that size; what was never written reads as zeros.
local file = assert(io.open(path, "w+b"))
file:seek("set", points * points * 8 - 1)
file:write "\0"
file:close()

local function distance(row, column) return 2 * math.abs(math.sin(math.pi * (row - column) / points)) end

local array = ufo.open("double", path, {writeback = true, budget = 8 * 2 ^ 20})
local m = ufo.matrix(array, points, points) -- row after row
for row = 1, points do
  local values = {}
  for column = 1, points do values[column] = distance(row, column) end
  array:write((row - 1) * points + 1, values) -- a row at once
end
m[1][1] = 42
array:close() -- everything is in the file now

local again = ufo.matrix(ufo.open("double", path, {read_only = true, budget = 2 ^ 20}), points, points)
print("m[1][1]", again[1][1])
print("opposite", again:get(1, math.floor(points / 2) + 1))

local sum = 0
for _, value in ipairs(again:column(1):read()) do sum = sum + value end
print("first column", sum)
local expected = 42
for row = 2, points do expected = expected + distance(row, 1) end
assert(math.abs(sum - expected) < 1e-9 * expected)

if not arg[2] then os.remove(path) end
