"""Words in letters three terminal rows high, for reading from across the room."""

from __future__ import annotations

ROWS = 3
#: Five pixel rows for each letter, drawn two to a terminal row with half blocks.
_FONT = {
    "A": ".##.|#..#|####|#..#|#..#",
    "B": "###.|#..#|###.|#..#|###.",
    "C": ".###|#...|#...|#...|.###",
    "D": "###.|#..#|#..#|#..#|###.",
    "E": "####|#...|###.|#...|####",
    "F": "####|#...|###.|#...|#...",
    "G": ".###|#...|#.##|#..#|.###",
    "H": "#..#|#..#|####|#..#|#..#",
    "I": "###|.#.|.#.|.#.|###",
    "J": "..##|...#|...#|#..#|.##.",
    "K": "#..#|#.#.|##..|#.#.|#..#",
    "L": "#...|#...|#...|#...|####",
    "M": "#...#|##.##|#.#.#|#...#|#...#",
    "N": "#...#|##..#|#.#.#|#..##|#...#",
    "O": ".##.|#..#|#..#|#..#|.##.",
    "P": "###.|#..#|###.|#...|#...",
    "Q": ".##.|#..#|#..#|#.##|.###",
    "R": "###.|#..#|###.|#.#.|#..#",
    "S": ".###|#...|.##.|...#|###.",
    "T": "#####|..#..|..#..|..#..|..#..",
    "U": "#..#|#..#|#..#|#..#|.##.",
    "V": "#...#|#...#|#...#|.#.#.|..#..",
    "W": "#...#|#...#|#.#.#|##.##|#...#",
    "X": "#...#|.#.#.|..#..|.#.#.|#...#",
    "Y": "#...#|.#.#.|..#..|..#..|..#..",
    "Z": "####|..#.|.#..|#...|####",
    "0": ".##.|#..#|#..#|#..#|.##.",
    "1": ".#.|##.|.#.|.#.|###",
    "2": "###.|...#|.##.|#...|####",
    "3": "###.|...#|.##.|...#|###.",
    "4": "#..#|#..#|####|...#|...#",
    "5": "####|#...|###.|...#|###.",
    "6": ".###|#...|###.|#..#|.##.",
    "7": "####|...#|..#.|.#..|.#..",
    "8": ".##.|#..#|.##.|#..#|.##.",
    "9": ".##.|#..#|.###|...#|###.",
    " ": "..|..|..|..|..",
    "-": "...|...|###|...|...",
    "&": ".#..|#.#.|.#..|#.##|.##.",
    ".": ".|.|.|.|#",
}
_HALF_BLOCKS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


def big(text: str, width: int) -> list[str]:
    """Return ``text`` as three rows of half blocks, or as one spaced row if it has no such letters or no room."""
    letters = text.upper().replace("_", " ")
    if all(letter in _FONT for letter in letters):
        glyphs = [_FONT[letter].split("|") for letter in letters]
        pixels = [".".join(glyph[row] for glyph in glyphs) for row in range(5)]
        if len(pixels[0]) <= width:
            pixels.append("." * len(pixels[0]))
            return ["".join(map(_half_block, *pixels[row : row + 2])) for row in range(0, 2 * ROWS, 2)]
    spaced = " ".join(letters)
    return [spaced if len(spaced) <= width else letters]


def _half_block(upper: str, lower: str) -> str:
    return _HALF_BLOCKS[upper == "#", lower == "#"]
