-- SPDX-License-Identifier: MIT
-- Arrays of a service: by name and by file, and what becomes of them when the service ends.
local check = require "check"
local ufo = require "ufomem"

local program = assert(os.getenv "UFOMEM_TEST_SERVICE", "UFOMEM_TEST_SERVICE does not say where the service of the tests is")
local path = os.tmpname()
local COUNT = 1000000 -- elements of each of its arrays

local function value(i) return (i - 1) * 3 + 1 end -- i from 1

--- Tries until `body` gives something, half a minute at most.
local function wait_for(what, body)
  local limit = os.time() + 30
  repeat
    local ok, result = pcall(body)
    if ok and result then return result end
    os.execute "sleep 0.01"
  until os.time() > limit
  error("nothing in half a minute: " .. what, 2)
end

--- Starts the service; it ends with its standard input: as the file that is returned is closed.
local function begin()
  local stdin = io.popen("'" .. program .. "' '" .. path .. "' >/dev/null", "w")
  wait_for("service", function() return ufo.connect(path) end):close()
  return stdin
end

-- One that goes at once is none, or not for this kernel.
os.remove(path)
local status = {os.execute("'" .. program .. "' '" .. path .. "' </dev/null >/dev/null")}
if status[1] == 77 * 256 or status[3] == 77 then check.skip "this kernel cannot have a service" end

--- The service has ended: an error, at the latest when this process has noticed.
local function lost(body, ...)
  local arguments = {...}
  wait_for("the end", function()
    local ok, err = pcall(body, (table.unpack or unpack)(arguments))
    return not ok and err.name == "CLOSED"
  end)
end

local service = begin()

check.test("an array by name", function()
  local client = ufo.connect(path)
  local a = client:array("int64", "values")
  check.equal(#a, COUNT)
  check.equal(a:type(), "int64")
  check.equal(a:chunk(), 64 * 1024 / 8)
  for i = 1, COUNT, 9973 do check.equal(a[i], value(i)) end
  check.same(a:read(500001, 3), {value(500001), value(500002), value(500003)})
  check.equal(a:sum(), (COUNT - 1) * COUNT / 2 * 3 + COUNT)
  local seen = 0
  for first, values in a:chunks() do
    check.equal(values[#values], value(first + #values - 1))
    seen = seen + #values
  end
  check.equal(seen, COUNT)
  check.equal(#a:bytes(1, 1000), 8000)
  a:touch(1, 10)
  a:advise("willneed", 1, 10)
  a:evict()
  check.equal(a[8], 22)
  check.truth(a:stats().populated_bytes >= COUNT * 8)
  check.equal(client:array("double", "halves", {count = 100})[100], 49.5)
  check.equal(#client:array("double", "halves", {count = 100}), 100)
end)

check.test("what is not to be had", function()
  local client = ufo.connect(path)
  check.fails("INVALID", "nothing", client.array, client, "int64", "nothing")
  check.fails("INVALID", "8 bytes", client.array, client, "int32", "values")
  check.fails("INVALID", "8 bytes", client.array, client, "int32", "values", {count = 5})
  check.fails("RANGE", "more than", client.array, client, "int64", "values", {count = COUNT + 1})
  check.fails("INVALID", "0 elements", client.array, client, "int64", "values", {count = 0})
  check.fails("INVALID", "empty", client.array, client, "int64", "")
  check.refuses("zero bytes", client.array, client, "int64", "values\0")
  check.refuses("writeback", client.array, client, "int64", "values", {writeback = print})
  check.truth(check.error_of(ufo.connect, path .. "-").name)
  check.fails("INVALID", "empty", ufo.connect, "")
end)

check.test("it is read-only", function()
  local a = ufo.connect(path):array("int64", "values")
  check.fails("READ_ONLY", "read%-only", function() a[1] = 1 end)
  check.fails("READ_ONLY", "read%-only", a.write, a, 1, {1, 2})
  check.fails("READ_ONLY", "read%-only", a.view, a, 1, 5, "write", function() end)
  check.fails("RANGE", "", function() return a[COUNT + 1] end)
end)

check.test("a source that fails", function()
  local a = ufo.connect(path):array("int64", "failing")
  check.fails("POPULATE", "", function() return a[1] end)
  check.fails("POPULATE", "", a.view, a, 1, 5, function() end)
  a:reset()
end)

check.test("a file, which two clients share", function()
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(("\1\0\0\0\2\0\0\0"):rep(1000))
  file:close()
  local one, two = ufo.connect(path), ufo.connect(path)
  local a = one:open("int32", name)
  check.equal(#a, 2000)
  check.same(a:read(1, 3), {1, 2, 1})
  local before = one:stats()
  local b = two:open("int32", name, {offset = 4, count = 10})
  check.equal(#b, 10)
  check.equal(b[1], 2)
  local after = two:stats()
  check.equal(after.populated_bytes, before.populated_bytes)
  check.truth(after.clients >= 2)
  check.equal(after.budget_bytes, 4 * 1024 * 1024)
  check.fails("FILE", "", one.open, one, "int32", name .. "-")
  check.fails("TRUNCATED", "", one.open, one, "int32", name, {count = 2001})
  check.fails("TRUNCATED", "", one.open, one, "int32", name, {offset = 1})
  os.remove(name)
end)

check.test("arrays outlive their client", function()
  local client = ufo.connect(path)
  local a = client:array("int64", "values")
  client:close()
  client:close()
  check.equal(tostring(client), "ufomem client (closed)")
  check.fails("CLOSED", "client is closed", client.stats, client)
  check.fails("CLOSED", "client is closed", client.array, client, "int64", "values")
  check.equal(a[8], 22)
  a:close()
  check.fails("CLOSED", "closed", function() return a[8] end)
end)

check.test("clients that are forgotten go", function()
  local client = ufo.connect(path)
  collectgarbage()
  local before = client:stats().clients -- code that LuaJIT has compiled may hold others
  for _ = 1, 5 do ufo.connect(path):array("int64", "values"):touch(1, 1) end
  wait_for("garbage", function()
    collectgarbage()
    return client:stats().clients <= before
  end)
end)

check.test("a view is a copy: the end of the service does not touch it", function()
  local client = ufo.connect(path)
  local a = client:array("int64", "values")
  local kept
  a:view(10001, 190000, function(v)
    kept = v
    service:close()
    lost(function() return a[1] end)
    for i = 1, #v do check.equal(v[i], value(10000 + i)) end -- where memory of the service would be SIGBUS by now
    check.equal(v:first(), 10001)
    check.fails("READ_ONLY", "", function() v[1] = 0 end)
    a:close()
    collectgarbage()
    check.equal(v[190000], value(200000))
  end)
  check.fails("CLOSED", "has ended", function() return kept[1] end)
  service = begin()
end)

check.test("the service ends, and comes back", function()
  local client = ufo.connect(path)
  local a = client:array("int64", "values")
  check.equal(a[8], 22)
  service:close()
  lost(function() return a[8] end)
  lost(a.read, a, 500001, 100000)
  lost(a.view, a, 1, 5, function() end)
  lost(a.touch, a)
  lost(a.sum, a)
  lost(a.stats, a)
  lost(client.stats, client)
  service = begin()
  check.equal(wait_for("element", function() return a[8] end), 22)
  check.equal(a[COUNT], value(COUNT))
end)

check.test("the service ends while it is asked", function()
  local a = ufo.connect(path):array("int64", "deadly")
  check.truth(check.error_of(function() return a[8] end).name)
  lost(function() return a[8] end)
  service:close()
end)

os.remove(path)
check.report()
