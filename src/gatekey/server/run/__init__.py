"""
The composition root: the only place that knows every part and plugs neighbours into each other.

Owns which adapter stands behind which port, and what settings mean to the parts. Refuses decisions, requests and
processes: contexts decide, edges answer, `serving` runs. Serves `serving` and the command line, which takes no more of
it than it needs: opening an installation loads neither the console nor the endpoints.
"""
