"""
The SQL database: engine, tables, migrations, times.

Knows no context: what rows mean is said in `stores` and `traffic` beside it. Every failure leaves as
`StorageUnavailable`.
"""
