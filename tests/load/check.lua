-- POST /check: a quote with the whole decision.
dofile(os.getenv("BENCH_FOLDER") .. "/common.lua")
wrk.body = '{"provider":"bench","model":"one","component":"bench","task_type":"load","input_tokens":120,"max_output_tokens":40' .. (os.getenv("BENCH_MORE") or "") .. '}'
