/** Tileable textures, made once: looking one up is much cheaper than computing noise for every pixel. */
import { floor, max, sqrt } from "../data/synthetic/math.js";
import { Rng } from "../train/rng.js";

/** Points across a tile. */
const SIDE = 256;
const MASK = SIDE - 1;

/** Values of mean 0 and standard deviation about 1, row-major. */
export type Texture = Float32Array;

export type TextureName = "cloud" | "plaster" | "weave" | "wood" | "hair" | "leaves";

/** Octaves of each texture: points between lattice values across and down, and weight. */
const RECIPES: Readonly<Record<TextureName, readonly (readonly [across: number, down: number, weight: number])[]>> = {
  cloud: [
    [128, 128, 1],
    [64, 64, 0.6],
    [32, 32, 0.35],
    [16, 16, 0.2],
  ],
  plaster: [
    [64, 64, 0.4],
    [16, 16, 0.4],
    [4, 4, 0.6],
    [2, 2, 0.5],
    [1, 1, 0.3],
  ],
  weave: [
    [4, 64, 0.6],
    [64, 4, 0.6],
    [2, 2, 0.5],
    [128, 128, 0.3],
  ],
  wood: [
    [256, 16, 1],
    [128, 4, 0.7],
    [64, 2, 0.4],
    [64, 64, 0.3],
  ],
  hair: [
    [4, 64, 1],
    [16, 128, 0.8],
    [64, 64, 0.5],
  ],
  leaves: [
    [64, 64, 0.5],
    [32, 32, 0.8],
    [16, 16, 1],
    [8, 8, 0.7],
    [4, 4, 0.3],
  ],
};

const made = new Map<TextureName, Texture>();

export function texture(name: TextureName): Texture {
  const known = made.get(name);
  if (known !== undefined) return known;
  const fresh = makeTexture(RECIPES[name], Object.keys(RECIPES).indexOf(name));
  made.set(name, fresh);
  return fresh;
}

function makeTexture(octaves: readonly (readonly [number, number, number])[], seed: number): Texture {
  const out = new Float32Array(SIDE * SIDE);
  octaves.forEach(([across, down, weight], octave) => {
    addOctave(out, across, down, weight, new Rng(0x74787472, seed, octave));
  });
  const mean = out.reduce((sum, value) => sum + value, 0) / out.length;
  const variance = out.reduce((sum, value) => sum + (value - mean) ** 2, 0) / out.length;
  return out.map((value) => (value - mean) / sqrt(variance));
}

/** Normal numbers on a lattice that wraps around, with smooth curves between. */
function addOctave(out: Float32Array, across: number, down: number, weight: number, rng: Rng): void {
  const columns = max(1, SIDE / across);
  const rows = max(1, SIDE / down);
  const lattice = Float32Array.from({ length: columns * rows }, () => weight * rng.normal());
  for (let y = 0, i = 0; y < SIDE; y++) {
    const row = floor(y / down) % rows;
    const below = (row + 1) % rows;
    const t = eased((y % down) / down);
    for (let x = 0; x < SIDE; x++, i++) {
      const column = floor(x / across) % columns;
      const next = (column + 1) % columns;
      const s = eased((x % across) / across);
      const upper = lattice[row * columns + column] * (1 - s) + lattice[row * columns + next] * s;
      const lower = lattice[below * columns + column] * (1 - s) + lattice[below * columns + next] * s;
      out[i] += upper * (1 - t) + lower * t;
    }
  }
}

function eased(t: number): number {
  return t * t * (3 - 2 * t);
}

/** Value at (x, y) in tile points, bilinear. */
export function sampled(tile: Texture, x: number, y: number): number {
  const left = floor(x);
  const top = floor(y);
  const s = x - left;
  const t = y - top;
  const [column, next] = [left & MASK, (left + 1) & MASK];
  const [row, below] = [(top & MASK) * SIDE, ((top + 1) & MASK) * SIDE];
  const upper = tile[row + column] + s * (tile[row + next] - tile[row + column]);
  const lower = tile[below + column] + s * (tile[below + next] - tile[below + column]);
  return upper + t * (lower - upper);
}

/** Nearest value: good enough where a point of the tile is about a pixel or the texture is faint. */
export function nearest(tile: Texture, x: number, y: number): number {
  return tile[((y & MASK) << 8) | (x & MASK)];
}
