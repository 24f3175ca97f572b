/** What is behind the person: procedural rooms, soft as the out-of-focus things they stand for. */
import { abs, floor, max, sqrt } from "./math.js";
import type { Background } from "./scene.js";
import { cellNoise, mix, smooth, valueNoise } from "./shapes.js";

/** Light from the background at (x, y), head units from the middle of the head. */
export function backgroundAt(background: Background, x: number, y: number): number {
  const { level, bright, seed } = background;
  const wall = level * (0.8 + 0.25 * valueNoise(x * 0.6, y * 0.6, seed) + 0.12 * ((seed & 2) === 0 ? x : -x));
  switch (background.kind) {
    case "plain":
      return max(0.01, wall * (1 - 0.15 * y));
    case "wall":
      return wall * (0.75 + 0.5 * valueNoise(x * 3, y * 3, seed ^ 7)) * picture(x, y, seed);
    case "window":
      return windowAt(x, y, wall, bright, seed);
    case "shelf":
      return shelfAt(x, y, level, seed);
    case "blinds":
      return mix(wall, bright, 0.75 * smooth(0.25, 0.5, abs(((((y * 4 + (seed % 7)) % 1) + 1) % 1) - 0.5)));
    case "lamps":
      return wall * 0.6 + lampsAt(x, y, bright, seed);
    case "foliage":
      return (
        wall * (0.3 + 1.1 * valueNoise(x * 6, y * 6, seed) * valueNoise(x * 2, y * 2, seed ^ 3)) +
        0.1 * bright * smooth(0.7, 0.9, valueNoise(x * 4, y * 4, seed ^ 9))
      );
  }
}

function picture(x: number, y: number, seed: number): number {
  const px = abs(x - (seed % 5) + 2) - 0.6;
  const py = abs(y + 0.6) - 0.5;
  return 1 - 0.55 * smooth(0.05, -0.05, max(px, py));
}

function windowAt(x: number, y: number, wall: number, bright: number, seed: number): number {
  const centre = ((seed % 100) / 100 - 0.5) * 2.6;
  const width = 0.7 + ((seed >>> 8) % 100) / 120;
  const dx = abs(x - centre) - width;
  const pane = smooth(0.06, -0.06, max(dx, y - 0.7, -2.5 - y));
  const bars = smooth(0.03, 0.07, abs(x - centre)) * smooth(0.03, 0.07, abs(y + 0.5));
  const sky = bright * (0.85 + 0.2 * valueNoise(x, y * 2, seed));
  return mix(wall, sky * mix(0.35, 1, bars), pane);
}

function shelfAt(x: number, y: number, level: number, seed: number): number {
  const row = floor(y / 0.55 + 40);
  const inRow = y / 0.55 + 40 - row;
  const book = floor(x / 0.13 + 100 + 0.3 * cellNoise(row, 1, seed));
  const height = 0.15 + 0.3 * cellNoise(book, row, seed ^ 1);
  if (inRow > 0.93) return level * 0.9;
  return inRow < height ? level * 0.25 : level * (0.25 + 1.3 * cellNoise(book, row, seed));
}

function lampsAt(x: number, y: number, bright: number, seed: number): number {
  let light = 0;
  for (let i = 0; i < 4; i++) {
    const dx = x - (cellNoise(i, 0, seed) - 0.5) * 4;
    const dy = y - (cellNoise(i, 1, seed) - 0.8) * 2.4;
    const radius = 0.12 + 0.3 * cellNoise(i, 2, seed);
    light += bright * smooth(radius * 1.25, radius * 0.75, sqrt(dx * dx + dy * dy));
  }
  return light;
}
