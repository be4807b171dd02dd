-- What Lua programs do: calls and closures, tables as arrays, records and maps, strings, patterns, coroutine-free objects.
local function random_numbers(seed)
  local state = seed
  return function(limit)
    state = (state * 6364136223846793005 + 1442695040888963407)
    return (state >> 33) % limit + 1
  end
end

local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print("fib", fib(24))

local random = random_numbers(7)
local numbers = {}
for i = 1, 20000 do numbers[i] = random(1000000) end
table.sort(numbers)
table.sort(numbers, function(a, b) return a % 1000 < b % 1000 or (a % 1000 == b % 1000 and a < b) end)
print("sort", numbers[1], numbers[10000], numbers[20000])

local Account = {}
Account.__index = Account
function Account.new(name) return setmetatable({ name = name, balance = 0, log = {} }, Account) end
function Account:deposit(amount) self.balance = self.balance + amount; self.log[#self.log + 1] = amount end
local accounts = {}
for i = 1, 200 do accounts[i] = Account.new("account " .. i) end
for _ = 1, 40000 do accounts[random(200)]:deposit(random(100)) end
local richest = accounts[1]
for _, account in ipairs(accounts) do if account.balance > richest.balance then richest = account end end
print("objects", richest.name, richest.balance, #richest.log)

local words, counts = {}, {}
for i = 1, 12000 do words[i] = string.format("%s%d", string.char(96 + random(26)), random(60)) end
local text = table.concat(words, " ")
for word in text:gmatch("%a%d+") do counts[word] = (counts[word] or 0) + 1 end
local keys = {}
for key in pairs(counts) do keys[#keys + 1] = key end
table.sort(keys)
print("words", #keys, keys[1], counts[keys[1]], #text:gsub("a(%d)", "<%1>"), text:upper():find("Q7 "))

local size = 40
local function matrix(f)
  local m = {}
  for i = 1, size do m[i] = {} for j = 1, size do m[i][j] = f(i, j) end end
  return m
end
local a, b = matrix(function(i, j) return i + j / 10 end), matrix(function(i, j) return i - j / 7 end)
local product = matrix(function(i, j)
  local sum, row = 0.0, a[i]
  for k = 1, size do sum = sum + row[k] * b[k][j] end
  return sum
end)
print("matrix", string.format("%.6f %.6f", product[1][1], product[size][size]))

local sieve, primes = {}, 0
for i = 2, 60000 do
  if not sieve[i] then
    primes = primes + 1
    for j = i * i, 60000, i do sieve[j] = true end
  end
end
print("primes", primes)
