-- SPDX-License-Identifier: MIT
-- Cores: budgets shared by arrays.
local check = require "check"
local ufo = require "ufomem"

local MIB = 2 ^ 20

check.test("arrays of a core share its budget", function()
  local core = ufo.core {budget = MIB}
  local a = ufo.array("double", MIB, check.multiples(1), {core = core})
  local b = ufo.array("double", MIB, check.multiples(2), {core = core})
  check.equal(a:sum() * 2, b:sum())
  local stats = core:stats()
  check.equal(stats.regions, 2)
  check.truth(stats.peak_bytes <= MIB)
  check.truth(stats.evictions > 0)
end)

check.test("the budget can be changed", function()
  local core = ufo.core {budget = 4 * MIB}
  local a = ufo.array("double", MIB, check.multiples(1), {core = core})
  a:touch()
  core:set_budget(MIB)
  check.truth(core:stats().used_bytes <= MIB)
  check.equal(a[77], 77)
  a:view(1, 64 * 1024, function() check.fails("BUDGET", "", core.set_budget, core, MIB / 4) end)
end)

check.test("the default core is there without being made", function()
  local core = ufo.core()
  local before = core:stats().regions
  local a = ufo.zeros("uint8", 10)
  check.equal(core:stats().regions, before + 1)
  a:close()
  core:close() -- of no effect on the core itself
  check.equal(ufo.zeros("uint8", 10)[1], 0)
end)

check.test("a core is freed with its last user", function()
  local core = ufo.core {budget = MIB}
  local a = ufo.zeros("double", 1000, {core = core})
  core = nil
  collectgarbage()
  collectgarbage()
  check.equal(a[1], 0)
end)

check.test("a budget that is too small is refused, with a sentence", function()
  check.fails("BUDGET", "", function() return ufo.zeros("double", 1e6, {budget = 1})[1] end)
end)

check.test("a core of another delivery, and the workers and folder that it is told", function()
  local core = ufo.core {budget = MIB, delivery = "protect", workers = 2, spill_dir = "/tmp"}
  local a = ufo.array("double", MIB, check.multiples(1), {core = core, chunk = 512})
  for i = 1, MIB, 5000 do a[i] = -i end
  for i = 1, MIB, 5000 do check.equal(a[i], -i) end
end)

check.report()
