"""The networks that ``build.search`` compares."""
