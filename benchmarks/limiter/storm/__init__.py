"""
A storm of the size seen in the field: 130 workers behind one address whose tokens ended together.

Two answers to the same question. A replay sends real requests to a really started service, as long as one cares to
wait; a simulation asks the same `Limits` and the same decision with a clock that jumps, until the last worker has its
token, be it hours away. Where both end, they must agree.
"""
