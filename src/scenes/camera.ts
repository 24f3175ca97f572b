/**
 * The camera takes the scene: lens, automatic exposure that meters the whole frame, noise by gain, tone curve. The sensor is training's model of
 * the OV2640 (src/augment/sensor), which hands over grey frames: no JPEG.
 */

import { noiseLevel, type SensorModel } from "../augment/sensor/model.js";
import { NORMALS, rowOffset } from "../augment/sensor/normals.js";
import { SENSORS } from "../augment/sensor/ov2640.js";
import { LIGHT_STEPS } from "../augment/tone/tables.js";
import { abs, exp, max, min, sqrt } from "../data/synthetic/math.js";
import type { GrayImage } from "../data/types.js";
import { Rng } from "../train/rng.js";
import type { Canvas } from "./canvas.js";
import { between, chance } from "./stage.js";

export interface CameraState {
  /** Standard deviation of the lens' blur, pixels of a 240-line frame. */
  readonly blur: number;
  /** Movement during the exposure along x and y, pixels of a 240-line frame. */
  readonly moveX: number;
  readonly moveY: number;
  /** Automatic exposure is this many stops off. */
  readonly unsettled: number;
  readonly gain: number;
  /** Stray light, part of the frame's mean. */
  readonly veil: number;
  /** Part of the light beyond white that spreads around lamps and windows. */
  readonly bloom: number;
  /** Darkening in the corners, stops. */
  readonly vignette: number;
  /** Exponent on grey values: contrast of another tone curve. */
  readonly gamma: number;
  readonly seed: number;
}

const SENSOR: SensorModel = SENSORS.ov2640;
/** Lines that blur and movement are given for. */
const LINES = 240;
/** Blur narrower than this, in pixels, changes nothing visible. */
const LEAST_BLUR = 0.3;
/** Longest run of numbers in the table of NORMALS. */
const RUN = 512;

export function drawCamera(rng: Rng, dark: boolean): CameraState {
  const moved = chance(rng, 0.12);
  return {
    blur: SENSOR.softness + (chance(rng, 0.25) ? rng.between(0.3, 1.6) : 0.4 * rng.uniform()),
    moveX: moved ? 5 * rng.normal() : 0,
    moveY: moved ? 2.5 * rng.normal() : 0,
    unsettled: max(-1.2, min(1, 0.35 * rng.normal())),
    gain: dark ? between(rng, 2, SENSOR.greatestGain) : between(rng, 1, 4),
    veil: chance(rng, 0.3) ? rng.between(0.03, 0.3) : 0.02,
    bloom: rng.between(0.05, 0.35),
    vignette: rng.between(0, 1.3),
    gamma: exp(0.12 * rng.normal()),
    seed: rng.uint32(),
  };
}

/** Uses the canvas up. */
export function takePicture(canvas: Canvas, state: CameraState): GrayImage {
  const { light, width, height } = canvas;
  expose(light, SENSOR.metering ?? 0.2, state.unsettled);
  spread(canvas, state);
  const lines = min(width, height) / LINES;
  vignette(canvas, state.vignette);
  blur(canvas, state.blur * lines);
  smear(canvas, state.moveX * lines, state.moveY * lines);
  addNoise(canvas, state, lines);
  return { width, height, pixels: develop(light, state.gamma) };
}

/** Brings the mean of what the sensor can hold to the target; each round counts what the last one clips. */
function expose(light: Float32Array, target: number, stops: number): void {
  let factor = 1 / clippedMean(light, 1);
  for (let round = 0; round < 3; round++) factor *= min(8, target / clippedMean(light, factor));
  factor *= 2 ** stops;
  for (let i = 0; i < light.length; i++) light[i] *= factor;
}

function clippedMean(light: Float32Array, factor: number): number {
  let sum = 0;
  for (let i = 0; i < light.length; i++) {
    const value = light[i] * factor;
    sum += value < 1 ? value : 1;
  }
  return max(1e-5, sum / light.length);
}

/** Stray light over the whole frame, and light beyond white that spreads around where it falls. */
function spread(canvas: Canvas, { veil, bloom }: CameraState): void {
  const { light, width, height } = canvas;
  const step = max(2, Math.round(min(width, height) / 30));
  const [columns, rows] = [Math.ceil(width / step), Math.ceil(height / step)];
  const excess = new Float32Array(columns * rows);
  let mean = 0;
  for (let y = 0, i = 0; y < height; y++) {
    const row = ((y / step) | 0) * columns;
    for (let x = 0; x < width; x++, i++) {
      mean += light[i];
      if (light[i] > 1) excess[row + ((x / step) | 0)] += min(6, light[i] - 1) / (step * step);
    }
  }
  const stray = (veil * min(1.5, mean / light.length)) / (1 + veil);
  const glow = softened(softened(excess, columns, rows), columns, rows);
  for (let y = 0, i = 0; y < height; y++) {
    const gy = max(0, min(rows - 1, (y + 0.5) / step - 0.5));
    const top = min(max(0, rows - 2), gy | 0);
    const below = rows > 1 ? columns : 0;
    for (let x = 0; x < width; x++, i++) {
      const gx = max(0, min(columns - 1, (x + 0.5) / step - 0.5));
      const left = min(max(0, columns - 2), gx | 0);
      const next = columns > 1 ? 1 : 0;
      const at = top * columns + left;
      const upper = glow[at] + (gx - left) * (glow[at + next] - glow[at]);
      const lower = glow[at + below] + (gx - left) * (glow[at + below + next] - glow[at + below]);
      light[i] = light[i] / (1 + veil) + stray + bloom * (upper + (gy - top) * (lower - upper));
    }
  }
}

/** Means over five cells each way. */
function softened(values: Float32Array, width: number, height: number): Float32Array {
  const across = new Float32Array(values.length);
  const out = new Float32Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let k = -2; k <= 2; k++) {
        const from = x + k;
        if (from >= 0 && from < width) across[y * width + x] += 0.2 * values[y * width + from];
      }
    }
  }
  for (let y = 0; y < height; y++) {
    for (let k = -2; k <= 2; k++) {
      const from = y + k;
      if (from < 0 || from >= height) continue;
      for (let x = 0; x < width; x++) out[y * width + x] += 0.2 * across[from * width + x];
    }
  }
  return out;
}

/** Light falls with cos^4 of the angle to the axis, which is 1 / (1 + r^2)^2. */
function vignette({ light, width, height, pixel, across, down }: Canvas, stops: number): void {
  const steepness = (2 ** (stops / 2) - 1) / (across * across + down * down);
  for (let y = 0, i = 0; y < height; y++) {
    const dy = 2 * (y + 0.5) * pixel - down;
    for (let x = 0; x < width; x++, i++) {
      const dx = 2 * (x + 0.5) * pixel - across;
      const falloff = 1 / (1 + steepness * (dx * dx + dy * dy));
      light[i] *= falloff * falloff;
    }
  }
}

function blur(canvas: Canvas, deviation: number): void {
  if (deviation < LEAST_BLUR) return;
  const radius = min(24, Math.ceil(2.2 * deviation));
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    exp(-((i - radius) ** 2) / (2 * deviation * deviation)),
  );
  filterAcross(canvas, weights);
  filterDown(canvas, weights);
}

function smear(canvas: Canvas, x: number, y: number): void {
  const box = (length: number) => new Float64Array(min(63, 2 * Math.round(length / 2) + 1)).fill(1);
  if (abs(x) >= 1) filterAcross(canvas, box(abs(x)));
  if (abs(y) >= 1) filterDown(canvas, box(abs(y)));
}

/** Weights are scaled to sum to 1; the frame's edge goes on. */
function filterAcross({ light, width, height }: Canvas, weights: Float64Array): void {
  const radius = weights.length >> 1;
  const scaled = normalized(weights);
  const line = new Float32Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    line.fill(light[row], 0, radius);
    line.set(light.subarray(row, row + width), radius);
    line.fill(light[row + width - 1], radius + width);
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < scaled.length; k++) sum += scaled[k] * line[x + k];
      light[row + x] = sum;
    }
  }
}

function filterDown({ light, width, height }: Canvas, weights: Float64Array): void {
  const radius = weights.length >> 1;
  const scaled = normalized(weights);
  const source = light.slice();
  light.fill(0);
  for (let y = 0; y < height; y++) {
    for (let k = -radius; k <= radius; k++) {
      const from = max(0, min(height - 1, y + k)) * width;
      const weight = scaled[k + radius];
      for (let x = 0, to = y * width; x < width; x++, to++) light[to] += weight * source[from + x];
    }
  }
}

function normalized(weights: Float64Array): Float64Array {
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** A pixel of a smaller frame is the mean of several of the sensor's. */
function addNoise({ light, width, height }: Canvas, { gain, seed }: CameraState, lines: number): void {
  const { shot, read } = noiseLevel(SENSOR, gain, max(1, 1 / (lines * lines)));
  const rng = new Rng(seed);
  for (let row = 0; row < height; row++) {
    for (let start = 0; start < width; start += RUN) {
      const from = row * width + start;
      const shift = rowOffset(rng) - from;
      const end = row * width + min(width, start + RUN);
      for (let i = from; i < end; i++) {
        const value = light[i];
        light[i] = value + NORMALS[i + shift] * sqrt(value > 0 ? read + shot * value : read);
      }
    }
  }
}

function develop(light: Float32Array, gamma: number): Uint8Array {
  const { tone } = SENSOR;
  const curve = Float32Array.from({ length: 257 }, (_, grey) => 255 * min(1, grey / 255) ** gamma);
  const pixels = new Uint8Array(light.length);
  for (let i = 0; i < light.length; i++) {
    const value = light[i];
    const grey = tone[value >= 1 ? LIGHT_STEPS : value > 0 ? (value * LIGHT_STEPS + 0.5) | 0 : 0];
    const below = grey | 0;
    pixels[i] = (curve[below] + (grey - below) * (curve[below + 1] - curve[below]) + 0.5) | 0;
  }
  return pixels;
}
