-- One request of one address: decides as limits/decide.py does, and remembers.
--
-- The numbers of Lua are doubles, exact up to 2^53. So everything is in whole microseconds, which TIME has too: the
-- store's own clock, one for all hosts that ask. Microseconds since 1970 and a century after them stay below 2^53.
--
-- KEYS[1]    where the address is remembered: five numbers as text, gone by itself when the address is at rest
-- ARGV[1-7]  interval, burst, block_after, block_window, block_for, longest block, block_forgiven
-- ARGV[8]    the time, or nothing: then the store's
-- ARGV[9]    milliseconds that an address is remembered beyond its rest
--
-- Returns "admitted <remaining>", "limited <seconds>", "blocked <seconds> <microseconds>", or the store's own error where
-- nothing can be written: a block that stands needs no writing, so a store that is full still knows who is blocked.

local interval, burst, block_after = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local block_window, block_for = tonumber(ARGV[4]), tonumber(ARGV[5])
local longest, block_forgiven = tonumber(ARGV[6]), tonumber(ARGV[7])

local now = tonumber(ARGV[8])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local function seconds_up(duration)
  return math.ceil(duration / 1000000)
end

local function remember(full_at, window_ends, blocked_until, refusals, doublings, answer)
  local rests = math.max(full_at, window_ends, blocked_until + doublings * block_forgiven)
  local state = string.format('%.0f %.0f %.0f %.0f %.0f', full_at, window_ends, blocked_until, refusals, doublings)
  -- Rounded down and one more: the store forgets at whole milliseconds, and never before the rest.
  local lasts = math.max(0, math.floor((rests - now) / 1000)) + 2 + tonumber(ARGV[9])
  local written = redis.pcall('SET', KEYS[1], state, 'PX', string.format('%.0f', lasts))
  if written.err then
    return written
  end
  return answer
end

local state = redis.call('GET', KEYS[1])
if not state then
  return remember(now + interval, 0, 0, 0, 0, string.format('admitted %.0f', burst - 1))
end

local full_at, window_ends, blocked_until, refusals, doublings = state:match('^(%d+) (%d+) (%d+) (%d+) (%d+)$')
full_at, window_ends, blocked_until = tonumber(full_at), tonumber(window_ends), tonumber(blocked_until)
refusals, doublings = tonumber(refusals), tonumber(doublings)

if now < blocked_until then
  local left = blocked_until - now
  return string.format('blocked %.0f %.0f', seconds_up(left), left)
end

local admitted_from = full_at - (burst - 1) * interval
if now >= admitted_from then
  local remaining = math.min(burst - 1, math.floor((now - admitted_from) / interval))
  full_at = math.max(now, full_at) + interval
  return remember(full_at, window_ends, blocked_until, refusals, doublings, string.format('admitted %.0f', remaining))
end

if now < window_ends then
  refusals = refusals + 1
else
  refusals, window_ends = 1, now + block_window
end
if refusals < block_after then
  local answer = string.format('limited %.0f', seconds_up(admitted_from - now))
  return remember(full_at, window_ends, blocked_until, refusals, doublings, answer)
end

local forgiven = math.floor((now - blocked_until) / block_forgiven)
doublings = math.max(0, doublings - forgiven)
local length = math.min(longest, block_for * 2 ^ doublings)
if length < longest then
  doublings = doublings + 1
end
local answer = string.format('blocked %.0f %.0f', seconds_up(length), length)
return remember(full_at, 0, now + length, 0, doublings, answer)
