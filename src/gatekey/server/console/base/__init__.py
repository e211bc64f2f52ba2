"""
What every page and form of the console shares.

Owns sessions in cookies, forged forms, form bodies, page headers and refusals. Refuses to know any
single page; serves all.
"""
