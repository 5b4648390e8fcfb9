"""What faces share that are asked over HTTP: where they listen, who may ask for what, and the thread that serves."""
