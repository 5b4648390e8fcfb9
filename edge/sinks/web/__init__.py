"""The page that shows what is heard, served by a thread beside the listening one (``edge.http``).

    events ─▶ Board (any thread) ─▶ readers of /api/events (the server's thread)

``page`` is the sink; ``app`` the routes; ``board`` what there is to show.
"""
