-- A full cycle on one hot budget: allocate, record, and unless BENCH_FINAL release. A record follows its allocation by so
-- many requests that no connection can still wait for it.
dofile(os.getenv("BENCH_FOLDER") .. "/common.lua")
local lag, final = tonumber(os.getenv("BENCH_LAG")), os.getenv("BENCH_FINAL")
local allocated, recorded, turn = {}, {}, 0
local function post(path, body) return wrk.format(nil, path, nil, body) end
function request()
   turn = turn + 1
   if #allocated > lag and turn % 2 == 0 then
      local id = table.remove(allocated, 1)
      if not final then recorded[#recorded + 1] = id end
      return post("/api/v1/usage/record", '{"allocation_id":"' .. id .. '","provider":"bench","model":"one","component":"bench","input_tokens":120,"output_tokens":40,"final":' .. (final and "true" or "false") .. '}')
   end
   if #recorded > lag then return post("/api/v1/allocations/" .. table.remove(recorded, 1) .. "/release", "{}") end
   local id = uuid()
   allocated[#allocated + 1] = id
   return post("/api/v1/allocations", '{"allocation_id":"' .. id .. '","tokens_allocated":160,"provider":"bench","model":"one","component":"bench"}')
end
