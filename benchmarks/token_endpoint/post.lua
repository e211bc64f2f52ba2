-- What wrk sends, and what it tells at the end: one line of JSON. The form comes in the
-- environment: it holds a secret, and arguments stand in the process list.
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.body = os.getenv("FORM")

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'SUMMARY {"answers": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
