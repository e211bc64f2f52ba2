"""
The stores: one SQL database behind the ports of the contexts, and Redis or Valkey where several hosts share a limit.

Owns tables, migrations, transactions and the sealing of what must not lie in clear. Refuses decisions: what may be
stored is decided by the contexts; the limiter's script repeats theirs where it must be atomic, and is held against it.
Serves them through their ports; every failure of the database leaves as `StorageUnavailable`.
"""
