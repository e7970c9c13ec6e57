"""A mail catcher for the demo and for development: takes every message, sends none on.

Raw bytes and envelope of each message are kept as files, so that others can judge what really
left by the bytes; the newest are also shown on a page of its own.
"""
