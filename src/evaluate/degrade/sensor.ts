/**
 * From light to grey levels: exposure and gain by the frame's mean, shot and read noise (Janesick, "Photon Transfer", 2007), column pattern,
 * black level and gamma. Electron counts are those of a pixel of 2 to 3 micrometres, as in small camera modules.
 */
import type { Rng } from "../../train/rng.js";
import { encodeGrey, mapPlane, type Plane } from "./light.js";

/** Electrons a pixel holds; at gain 1 they give full scale. */
const FULL_WELL = 8000;
/** Standard deviation of reading a pixel, electrons. */
const READ_NOISE = 12;
/** Standard deviation of a column's offset, electrons. */
const COLUMN_NOISE = 3;
/** Mean of the frame that automatic exposure aims at, part of full scale in light. */
const METERED = 0.16;
/** Steps of the converter. */
const CONVERTER = 1023;

export interface SensorSettings {
  /** Electrons that a white surface gives in the longest exposure: how much light there is. */
  readonly light: number;
  /** Largest analog gain. */
  readonly maxGain: number;
  /** How far automatic exposure is from where it wants to be, powers of two. */
  readonly exposureError: number;
  /** Crushed shadows: light far below this part of full scale keeps no contrast; 0: none. */
  readonly toe: number;
}

/** What automatic exposure settles at: how much light is full scale, and the gain that takes. */
export function meter(mean: number, { light, maxGain, exposureError }: SensorSettings): Exposure {
  const wanted = (METERED / mean) * 2 ** exposureError;
  const strongest = (maxGain * light) / FULL_WELL;
  const scale = Math.min(wanted, strongest);
  return { scale, gain: Math.max(1, (scale * FULL_WELL) / light) };
}

export interface Exposure {
  /** Part of full scale that light 1 gives. */
  readonly scale: number;
  /** Analog gain, at least 1. */
  readonly gain: number;
}

/** Takes the picture; returns grey values 0 to 255 that are not yet rounded. */
export function expose(light: Plane, exposure: Exposure, toe: number, rng: Rng): Plane {
  const { scale, gain } = exposure;
  const columns = Float64Array.from({ length: light.width }, () => COLUMN_NOISE * rng.normal());
  const greys = Float64Array.from({ length: CONVERTER + 1 }, (_, step) => encodeGrey(crush(step / CONVERTER, toe)));
  const perElectron = gain / FULL_WELL;
  return mapPlane(light, (value, x) => {
    const electrons = (value * scale) / perElectron;
    const noisy = electrons + Math.sqrt(electrons + READ_NOISE ** 2) * rng.normal() + columns[x];
    return greys[Math.round(CONVERTER * Math.max(0, Math.min(1, noisy * perElectron)))];
  });
}

/** A toe: falls with the square below `toe`, and is straight far above it; 0 stays 0 and 1 stays 1. */
function crush(level: number, toe: number): number {
  return level === 0 ? 0 : (level * level * (1 + toe)) / (level + toe);
}
