-- SPDX-License-Identifier: MIT
-- An array over a table of a database: populate selects, writeback updates.
--
-- Needs LuaSQL with SQLite (Debian: lua-sql-sqlite3).
--
--     lua5.4 sqlite.lua [ACCOUNTS]
local ufo = require "ufomem"
local there, driver = pcall(require, "luasql.sqlite3")
if not there then
  print "skipped: LuaSQL with SQLite is not installed"
  os.exit(77)
end

local accounts = tonumber(arg[1]) or 20000
local path = os.tmpname()
local environment = assert(driver.sqlite3())
local db = assert(environment:connect(path))

local function execute(...) return assert(db:execute(string.format(...))) end

local function one(...)
  local cursor = execute(...)
  local value = cursor:fetch()
  cursor:close()
  return tonumber(value)
end

execute "CREATE TABLE account (id INTEGER PRIMARY KEY, cents INTEGER NOT NULL)"
db:setautocommit(false)
for id = 1, accounts do execute("INSERT INTO account VALUES (%d, 1000)", id) end
db:commit()

local queries = 0
local cents = ufo.array("int64", accounts, function(first, count)
  queries = queries + 1
  local cursor = execute("SELECT cents FROM account WHERE id BETWEEN %d AND %d ORDER BY id", first, first + count - 1)
  local values = {}
  for k = 1, count do values[k] = tonumber((cursor:fetch())) end
  cursor:close()
  return values -- a hole in it, a missing account, is an error that names the element
end, {
  chunk = 512,
  writeback = function(first, values)
    for k, value in ipairs(values) do execute("UPDATE account SET cents = %d WHERE id = %d", value, first + k - 1) end
    assert(db:commit())
  end,
})

cents[7] = cents[7] + 250
cents[accounts] = cents[accounts] - 250
print(("%d queries for two accounts of %d"):format(queries, accounts))
print("in the array", cents[7], "in the database", one "SELECT cents FROM account WHERE id = 7")
cents:flush()
print("after flush() ", one "SELECT cents FROM account WHERE id = 7")
assert(one "SELECT cents FROM account WHERE id = 7" == 1250)
assert(one "SELECT SUM(cents) FROM account" == 1000 * accounts and cents:sum() == 1000 * accounts)

execute "DROP TABLE account"
db:commit()
cents:evict()
print("without its table:", pcall(function() return cents[3] end)) -- the database's own error, where it was raised

cents:close()
db:close()
environment:close()
os.remove(path)
