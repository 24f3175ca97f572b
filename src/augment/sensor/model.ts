/** What a camera does to light, as numbers that can be measured or fitted from captures. */
import { type ToneTable, toneTable } from "../tone/tables.js";

export interface SensorParameters {
  readonly name: string;
  /** Sensor pixels across the part of the frame that the network sees. */
  readonly pixels: number;
  /** Standard deviation of the lens' blur, sensor pixels. */
  readonly softness: number;
  /** Electrons that fill a pixel: white at gain 1. */
  readonly fullWell: number;
  /** Read noise in electrons: of the pixel at any gain, and of what follows the amplifier at gain 1. */
  readonly readNoise: { readonly pixel: number; readonly converter: number };
  /** Largest gain that automatic gain control takes. */
  readonly greatestGain: number;
  /** Mean linear light of the frame that automatic exposure aims at, fraction of white; undefined: exposure is not automatic. */
  readonly metering: number | undefined;
  /** Whether frames leave the camera as JPEG. */
  readonly compressed: boolean;
  /** The tone curve as pairs of linear light and grey value, fractions of the range, both growing; straight in between. */
  readonly tone: readonly (readonly [light: number, grey: number])[];
}

/** A sensor ready for use. */
export interface SensorModel extends Omit<SensorParameters, "tone"> {
  readonly tone: ToneTable;
}

export function prepareSensor(parameters: SensorParameters): SensorModel {
  return { ...parameters, tone: toneTable((light) => interpolate(parameters.tone, light)) };
}

function interpolate(points: SensorParameters["tone"], light: number): number {
  const above = Math.max(
    1,
    points.findIndex(([x]) => x >= light),
  );
  const [x0, y0] = points[above - 1];
  const [x1, y1] = points[above];
  return y0 + ((light - x0) / (x1 - x0)) * (y1 - y0);
}

/** Variance of noise in linear light is `shot` times the light plus `read`. */
export interface NoiseLevel {
  readonly shot: number;
  readonly read: number;
}

/**
 * Photon transfer of a sensor at a gain (Janesick, "Photon Transfer", 2007): white is fullWell / gain electrons, whose number has its own
 * value as variance. `binned` sensor pixels are averaged into one of the picture.
 */
export function noiseLevel(sensor: SensorModel, gain: number, binned: number): NoiseLevel {
  const white = sensor.fullWell / gain;
  const { pixel, converter } = sensor.readNoise;
  const variance = pixel * pixel + (converter / gain) ** 2;
  return { shot: 1 / (white * binned), read: variance / (white * white * binned) };
}
