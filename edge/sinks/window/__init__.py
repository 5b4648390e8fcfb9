"""A window that fills the screen: the genre in letters to be read from across the room, and the last hour below.

``fullscreen`` is the sink; ``tk_screen`` is what a process of its own draws, since Xlib ends a process whose X server
is lost.
"""
