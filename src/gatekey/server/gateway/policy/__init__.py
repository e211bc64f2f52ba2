"""
Which API a token opens.

Owns the rules of the guarded APIs: what is guarded, which cluster a call is for, what a refusal says. The rules exist
twice, as a decision (`decide`) and compiled into the configuration of an Envoy (`gateway.envoy`); one table of cases,
driven through both, keeps them one.

Refuses to touch a socket, a file, a clock or a process: it turns values into values. Running an Envoy is `runner`'s.

Serves `run`, which tells it the clusters and the keys, and every proxy that asks whether a call may pass.
"""
