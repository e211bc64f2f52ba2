"""
Pages about the rate limit: who is limited, why, and what to do about it.

One file per action, and the plot they share. Serves people in browsers; `traffic` explains, `limits` acts.
"""
