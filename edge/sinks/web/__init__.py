"""The page that shows what is heard, and what serves it: one process, one thread beside the listening one.

    events ─▶ Board (any thread) ─▶ readers of /api/events (the server's thread)

``page`` is the sink; ``app`` the routes; ``access`` who may ask for what; ``server`` the thread with the sockets.
"""
