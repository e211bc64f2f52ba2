"""
The audit log: who did what to which, in the order in which it happened.

Owns what an entry says. Refuses to know how a change is made: its store writes the entry in the same transaction.
Serves operators who want to know, through `gatekey audit`.
"""
