-- SPDX-License-Identifier: MIT
-- An array larger than memory: for each of the first 2^40 numbers, how many Collatz steps lead to 1.
--
-- Two terabytes of int16, of which 16 MiB are in memory at any time, and only what is looked at is ever computed.
--
--     lua5.4 collatz.lua [NUMBERS TO SEARCH]
local ufo = require "ufomem"

local function steps_from(n)
  local steps = 0
  while n ~= 1 do
    n = n % 2 == 0 and n / 2 or 3 * n + 1
    steps = steps + 1
  end
  return steps
end

local values = {} -- the same table every time: its content is copied
local steps = ufo.array("int16", 2 ^ 40, function(first, count)
  for k = 1, count do values[k] = steps_from(first + k - 1) end
  return values
end, {budget = 16 * 2 ^ 20, chunk = 2048})

print(("%.0f numbers; 27 takes %d steps, 2^39 takes %d, a number near the end %d"):format(#steps, steps[27], steps[2 ^ 39], steps[#steps - 1]))

local search = tonumber(arg[1]) or 100000
local longest, most = 1, 0
for first, piece in steps:chunks() do
  for k = 1, #piece do
    if first + k - 1 <= search and piece[k] > most then longest, most = first + k - 1, piece[k] end
  end
  if first + #piece > search then break end
end
print(("of the first %d, %d takes the longest: %d steps"):format(search, longest, most))

local stats = steps:stats()
print(("%.1f MiB computed, %.1f MiB in memory"):format(stats.populated_bytes / 2 ^ 20, stats.resident_bytes / 2 ^ 20))
assert(steps[27] == 111)
