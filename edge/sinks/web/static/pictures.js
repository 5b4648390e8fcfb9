// The scrolling pictures: frames come a second at a time and glide in over the next one.
const SECONDS = 30;
const GLIDING_S = 3; // of sound that may glide in
const RANGE_DB = 70; // from the loudest down to what is drawn as nothing
const STOPS = {
  dark: [[13, 17, 22], [20, 45, 82], [18, 110, 130], [70, 180, 120], [230, 220, 110], [255, 250, 225]],
  light: [[255, 255, 255], [205, 226, 232], [110, 180, 185], [35, 115, 140], [30, 55, 105], [22, 18, 50]],
};
const isLight = matchMedia("(prefers-color-scheme: light)");
const isStill = matchMedia("(prefers-reduced-motion: reduce)");

function table() {
  const stops = STOPS[isLight.matches ? "light" : "dark"];
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * (stops.length - 1);
    const below = Math.min(Math.floor(place), stops.length - 2);
    const [r, g, b] = stops[below].map((part, i) => Math.round(part + (stops[below + 1][i] - part) * (place - below)));
    return (255 << 24) | (b << 16) | (g << 8) | r;
  });
}

/** One picture: a ring of columns, and the canvas that shows the newest of them. */
class Scroll {
  constructor(canvas) {
    this.canvas = canvas;
    this.ring = document.createElement("canvas");
    this.written = 0; // columns, ever
  }

  /** Append columns of `rows` values 0..255, the lowest row first. */
  append(values, rows, colours, perSecond) {
    const columns = values.length / rows;
    const width = Math.round(SECONDS * perSecond);
    if (this.ring.width !== width || this.ring.height !== rows) {
      this.ring.width = this.canvas.width = width;
      this.ring.height = this.canvas.height = rows;
      this.written = 0;
    }
    const context = this.ring.getContext("2d");
    const image = context.createImageData(1, rows);
    const pixels = new Uint32Array(image.data.buffer);
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) pixels[rows - 1 - row] = colours[values[column * rows + row]];
      context.putImageData(image, (this.written + column) % width, 0);
    }
    this.written += columns;
  }

  /** Draw with the newest `held` columns still to come. */
  draw(held) {
    const { width, height } = this.canvas;
    const end = Math.max(0, this.written - held);
    const known = Math.min(end, width - held);
    const context = this.canvas.getContext("2d");
    context.clearRect(0, 0, width, height);
    for (let left = end - known, x = width - known; left < end;) {
      const from = ((left % width) + width) % width;
      const run = Math.min(width - from, end - left);
      context.drawImage(this.ring, from, 0, run, height, x, 0, run, height);
      left += run;
      x += run;
    }
  }
}

export class Pictures {
  constructor(spectrogram, chromagram) {
    this.mel = new Scroll(spectrogram);
    this.chroma = new Scroll(chromagram);
    this.colours = table();
    this.loudest = -60;
    this.gliding = 0;
    isLight.addEventListener("change", () => { this.colours = table(); });
  }

  /** Take one message: frames a second, bands, and both pictures as bytes in base64 (see openapi.json, Sound). */
  take(sound) {
    const decibels = bytes(sound.log_mel).map((value) => value); // half decibels above sound.floor_db
    const top = sound.floor_db + Math.max(...decibels) / 2;
    this.loudest = Math.max(top, this.loudest - 1);
    const low = this.loudest - RANGE_DB - sound.floor_db;
    const shades = decibels.map((value) => Math.max(0, Math.min(255, ((value / 2 - low) / RANGE_DB) * 255)));
    this.mel.append(shades, sound.bands, this.colours, sound.frames_per_s);
    this.chroma.append(bytes(sound.chroma), 12, this.colours, sound.frames_per_s);
    const columns = shades.length / sound.bands;
    this.glide(columns > GLIDING_S * sound.frames_per_s ? 0 : columns); // what came before the page did is there at once
  }

  glide(columns) {
    const began = performance.now();
    const turn = ++this.gliding;
    const step = (now) => {
      if (turn !== this.gliding) return;
      const held = isStill.matches ? 0 : Math.max(0, Math.round(columns * (1 - (now - began) / 1000)));
      this.mel.draw(held);
      this.chroma.draw(held);
      if (held) setTimeout(() => requestAnimationFrame(step), 40);
    };
    requestAnimationFrame(step);
  }
}

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
