-- POST /usage/batch, 1,000 records a call.
dofile(os.getenv("BENCH_FOLDER") .. "/common.lua")
local rows = {}
for i = 1, 1000 do rows[i] = '{"provider":"bench","model":"one","component":"bench","task_type":"load","input_tokens":120,"output_tokens":40}' end
wrk.body = "[" .. table.concat(rows, ",") .. "]"
