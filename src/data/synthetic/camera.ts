/** Scene light to 8 bits: exposure, stray light, lens and motion blur, shot and read noise, tone curve; in this order, as in a camera. */

import { Rng } from "../../train/rng.js";
import type { GrayImage } from "../types.js";
import { ceil, exp, log, max, min, round, sqrt } from "./math.js";
import type { CameraSettings } from "./scene.js";

/** Where automatic exposure puts the mean, fraction of full scale in linear light (about 118 of 255 after the tone curve). */
const TARGET_MEAN = 0.19;
const TONE_STEPS = 4096;

/** Linear light, row-major. */
export interface LightField {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/** Takes the picture; `face` is where the metering may look, in pixels. */
export function expose(
  field: LightField,
  camera: CameraSettings,
  face: { x: number; y: number; radius: number },
): GrayImage {
  const { width, height, data } = field;
  const gain = exposureGain(field, camera, face);
  const veil = camera.veil;
  for (let y = 0, i = 0; y < height; y++) {
    const dy = (2 * y) / height - 1;
    for (let x = 0; x < width; x++, i++) {
      const dx = (2 * x) / width - 1;
      data[i] = (data[i] * gain * (1 - 0.5 * camera.vignette * (dx * dx + dy * dy)) + veil) / (1 + veil);
    }
  }
  blurGaussian(field, camera.blur);
  if (camera.motion > 0) smearHorizontal(field, camera.motion);
  return { width, height, pixels: digitize(data, camera) };
}

function exposureGain(
  field: LightField,
  camera: CameraSettings,
  face: { x: number; y: number; radius: number },
): number {
  const { width, height, data } = field;
  let all = 0;
  let inFace = 0;
  let faceCount = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const value = min(4, data[i]);
      all += value;
      const dx = x - face.x;
      const dy = y - face.y;
      if (dx * dx + dy * dy > face.radius * face.radius) continue;
      inFace += value;
      faceCount++;
    }
  }
  const mean = all / data.length;
  const metered = camera.faceWeight * (faceCount > 0 ? inFace / faceCount : mean) + (1 - camera.faceWeight) * mean;
  return (TARGET_MEAN / max(0.004, metered)) * exp(Math.LN2 * camera.exposure);
}

/** Separable Gaussian; edges repeat the border. */
function blurGaussian(field: LightField, deviation: number): void {
  const radius = ceil(2.5 * deviation);
  if (radius < 1) return;
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    exp(-((i - radius) ** 2) / (2 * deviation * deviation)),
  );
  const sum = weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) weights[i] /= sum;
  const { width, height, data } = field;
  const line = new Float32Array(max(width, height));
  for (let y = 0; y < height; y++) filterLine(data, y * width, 1, width, weights, line);
  for (let x = 0; x < width; x++) filterLine(data, x, width, height, weights, line);
}

function smearHorizontal(field: LightField, length: number): void {
  const taps = max(2, round(length)) | 1;
  const weights = new Float64Array(taps).fill(1 / taps);
  const line = new Float32Array(field.width);
  for (let y = 0; y < field.height; y++) filterLine(field.data, y * field.width, 1, field.width, weights, line);
}

function filterLine(
  data: Float32Array,
  start: number,
  step: number,
  count: number,
  weights: Float64Array,
  line: Float32Array,
): void {
  const radius = weights.length >> 1;
  for (let i = 0; i < count; i++) line[i] = data[start + i * step];
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (let k = -radius; k <= radius; k++) {
      const at = i + k;
      sum += weights[k + radius] * line[at < 0 ? 0 : at >= count ? count - 1 : at];
    }
    data[start + i * step] = sum;
  }
}

/** Noise grows with the square root of the light (photons) on a constant floor (electronics); the tone curve comes after. */
function digitize(data: Float32Array, camera: CameraSettings): Uint8Array {
  const tone = toneCurve(camera.gamma);
  const rng = new Rng(camera.seed);
  const pixels = new Uint8Array(data.length);
  const { readNoise, shotNoise } = camera;
  for (let i = 0; i < data.length; i++) {
    const light = data[i];
    const deviation = sqrt(readNoise * readNoise + shotNoise * shotNoise * max(0, light));
    const value = light + deviation * roughNormal(rng.uint32());
    pixels[i] = tone[value <= 0 ? 0 : value >= 1 ? TONE_STEPS : round(value * TONE_STEPS)];
  }
  return pixels;
}

/** Sum of four bytes, scaled to mean 0 and variance 1: close enough to normal for noise, and fast. */
function roughNormal(bits: number): number {
  const sum = (bits & 255) + ((bits >>> 8) & 255) + ((bits >>> 16) & 255) + (bits >>> 24);
  return (sum - 510) / 147.8;
}

const toneCurves = new Map<number, Uint8Array>();

function toneCurve(gamma: number): Uint8Array {
  const known = toneCurves.get(gamma);
  if (known !== undefined) return known;
  const curve = new Uint8Array(TONE_STEPS + 1);
  // exp and log rather than a power: engines compute them alike on every machine.
  for (let i = 1; i <= TONE_STEPS; i++) curve[i] = round(255 * exp(log(i / TONE_STEPS) / gamma));
  toneCurves.set(gamma, curve);
  return curve;
}
