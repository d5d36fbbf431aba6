-- POST /usage/record over many budgets, one after the other.
dofile(os.getenv("BENCH_FOLDER") .. "/common.lua")
local budgets, turn = {}, 0
for id in os.getenv("BENCH_BUDGETS"):gmatch("[^,]+") do budgets[#budgets + 1] = id end
function request()
   turn = turn % #budgets + 1
   return wrk.format(nil, nil, nil, '{"budget_id":"' .. budgets[turn] .. '","provider":"bench","model":"one","input_tokens":120,"output_tokens":40}')
end
