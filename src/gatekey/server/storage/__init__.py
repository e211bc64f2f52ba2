"""
The SQL edge: one database behind the ports of the contexts.

Owns tables, migrations, transactions and the sealing of what must not lie in clear. Refuses decisions: what may be
stored is decided by the contexts. Serves them through their ports; every failure leaves as `StorageUnavailable`.
"""
