"""
How every room of the console is entered and how every page leaves.

Owns sessions in cookies, forged forms, form bodies, page headers and refusals. Refuses to know any
single room; serves all.
"""
