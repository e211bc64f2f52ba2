-- Asks Gatekey whether a call may pass. Needs HAProxy 2.5 or newer (core.httpclient); see haproxy.cfg beside this file.

local decision = os.getenv("GATEKEY_DECISION") or "http://127.0.0.1:8400/gateway/decision"
local key = os.getenv("GATEKEY_GATEWAY_KEY") or ""

local patience = 5000 -- milliseconds

local trouble = '{"type":"about:blank","title":"Service Unavailable","status":503,'
  .. '"detail":"The token service cannot be reached at the moment.","instance":"/"}'

-- All values of a header, or nil: what came twice is handed on twice, and refused there.
local function values(headers, name)
  local found = headers[name]
  if not found then
    return nil
  end
  local list = {}
  for index = 0, #found do
    list[#list + 1] = found[index]
  end
  return list
end

local function first(headers, name)
  local found = headers and headers[name]
  return found and (found[0] or found[1])
end

local function stop(txn, status, headers, body)
  local reply = txn:reply({ status = status })
  for name, value in pairs(headers) do
    reply:add_header(name, value)
  end
  if body then
    reply:set_body(body)
  end
  txn:done(reply)
end

local function refuse(txn, answer, grpc)
  if grpc then
    -- A gRPC client reads the status in the headers of an answer without a body.
    stop(txn, 200, {
      ["content-type"] = "application/grpc",
      ["grpc-status"] = first(answer.headers, "grpc-status") or "14",
      ["grpc-message"] = first(answer.headers, "grpc-message") or "The token service cannot be reached at the moment.",
    })
  elseif first(answer.headers, "x-gatekey-status") then
    stop(txn, answer.status, {
      ["content-type"] = first(answer.headers, "content-type"),
      ["cache-control"] = "no-store",
      ["www-authenticate"] = first(answer.headers, "www-authenticate"),
    }, answer.body)
  else
    stop(txn, 503, { ["content-type"] = "application/problem+json", ["retry-after"] = "2" }, trouble)
  end
end

core.register_action("gatekey", { "http-req" }, function(txn)
  local called = txn.http:req_get_headers()
  local content_type = first(called, "content-type") or ""
  local answer = core.httpclient():get({
    url = decision,
    headers = {
      ["x-gatekey-gateway-key"] = { key },
      ["x-original-uri"] = { txn.f:pathq() },
      ["x-original-host"] = { first(called, "host") or "" },
      ["x-original-method"] = { txn.f:method() },
      ["authorization"] = values(called, "authorization"),
      ["content-type"] = values(called, "content-type"),
    },
    timeout = patience,
  })
  if answer.status ~= 200 then
    return refuse(txn, answer, content_type:find("^application/grpc") ~= nil)
  end
  txn:set_var("txn.gatekey_cluster", first(answer.headers, "x-gatekey-cluster"))
  txn:set_var("txn.gatekey_api", first(answer.headers, "x-gatekey-api"))
  txn:set_var("txn.gatekey_path", first(answer.headers, "x-gatekey-path"))
  local client = first(answer.headers, "x-gatekey-client")
  if client then
    txn:set_var("txn.gatekey_client", client)
  end
end, 0)
