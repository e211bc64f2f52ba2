"""
The limiter of a process, and how it follows the orders and exceptions that people make.

Which store stands behind it is said by the settings.
"""
