-- Shared by the load scripts: headers, and UUIDv7 ids made on the client's side.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-API-Key"] = os.getenv("BENCH_KEY")
local made = 0
math.randomseed(os.time() + tonumber(tostring({}):match("0x(%x+)"), 16) % 1000003)
local node = string.format("%04x%08x", math.random(0, 0xffff), math.random(0, 0x7fffffff))
function uuid()
   made = made + 1
   local ms = os.time() * 1000
   return string.format("%08x-%04x-7%03x-8%03x-%s", math.floor(ms / 65536), ms % 65536, math.floor(made / 4096) % 4096, made % 4096, node)
end
