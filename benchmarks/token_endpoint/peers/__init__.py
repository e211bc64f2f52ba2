"""
Programs that make a comparable token service of each peer; they run in the peers' own environments, never in ours.

All do the same work: one confidential client, its secret in the form, a signed JWT that lives for a day, nothing
logged. Where a default would decide the result alone, it is changed in the peer's favour, and the program says so.
"""
