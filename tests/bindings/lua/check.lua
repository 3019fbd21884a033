-- SPDX-License-Identifier: MIT
-- What the tests share: each test is a sentence and a function; a file ends with check.report().
local check = {}

local failures, tests = 0, 0

--- Runs a test; goes on after a failure, so that a run shows all of them.
function check.test(sentence, body)
  tests = tests + 1
  local ok, message = xpcall(body, function(e) return debug.traceback(tostring(e), 2) end)
  print((ok and "ok      " or "FAILED  ") .. sentence)
  if not ok then
    failures = failures + 1
    print(message)
  end
end

local function show(value)
  return type(value) == "string" and string.format("%q", value) or tostring(value)
end

function check.equal(got, wanted, what)
  if got ~= wanted then
    error((what and what .. ": " or "") .. "got " .. show(got) .. ", wanted " .. show(wanted), 2)
  end
end

--- Two sequences, value by value.
function check.same(got, wanted)
  check.equal(#got, #wanted, "length")
  for i = 1, #wanted do
    if got[i] ~= wanted[i] then
      error("at [" .. i .. "]: got " .. show(got[i]) .. ", wanted " .. show(wanted[i]), 2)
    end
  end
end

function check.truth(value, what)
  if not value then error(what or "not true", 2) end
end

--- The error that `body` raises; fails if it raises none.
function check.error_of(body, ...)
  local ok, err = pcall(body, ...)
  if ok then error("no error was raised", 2) end
  return err
end

--- An error of the library: its name, and a pattern of its message.
function check.fails(name, pattern, body, ...)
  local err = check.error_of(body, ...)
  if type(err) ~= "table" or err.name ~= name then
    error("got the error " .. tostring(err) .. ", wanted " .. name, 2)
  end
  if not err.message:find(pattern) then
    error("the message " .. show(err.message) .. " has no " .. show(pattern), 2)
  end
end

--- An error of Lua's own kind: a string with a pattern.
function check.refuses(pattern, body, ...)
  local err = check.error_of(body, ...)
  if type(err) ~= "string" or not err:find(pattern) then
    error("got the error " .. tostring(err) .. ", wanted " .. show(pattern), 2)
  end
end

--- For what this machine, or this Lua, really cannot do.
function check.skip(reason)
  print("skipped: " .. reason)
  os.exit(77)
end

function check.report()
  print(tests .. " tests, " .. failures .. " failed")
  os.exit(failures == 0 and tests > 0 and 0 or 1, true) -- true: the state is closed, with everything in it
end

--- A populate callback: element i is i * step.
function check.multiples(step)
  return function(first, count)
    local values = {}
    for k = 1, count do values[k] = (first + k - 1) * step end
    return values
  end
end

return check
