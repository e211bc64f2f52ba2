"""
What tests share: started products, real peers.
"""
