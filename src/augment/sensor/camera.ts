import { gaussianKernel } from "../optics/kernels.js";
import type { Planes } from "../planes.js";
import type { Augmentation } from "../types.js";
import type { SensorModel } from "./model.js";
import { SENSORS } from "./ov2640.js";

/** Blur narrower than this, in working pixels, changes nothing visible. */
const LEAST_BLUR = 0.25;
/** Automatic exposure reaches this far, as a factor either way. */
const METERING_RANGE = 16;

/**
 * The camera of the product takes the picture: its lens, its automatic exposure, which meters the whole frame whatever the face gets, and from
 * then on its noise and its tone curve instead of those of an unknown camera.
 */
export const camera: Augmentation<"camera", SensorModel> = {
  name: "camera",
  stream: 19,
  draw(rng, { sensor, probability }) {
    const happens = rng.uniform() < probability;
    return happens && sensor !== "none" ? SENSORS[sensor] : undefined;
  },
  apply(planes, sensor) {
    planes.sensor = sensor;
    const blur = sensor.softness * (sensor.pixels > 0 ? planes.size / sensor.pixels : 1);
    if (blur >= LEAST_BLUR) planes.convolver.convolve(planes, gaussianKernel(planes.convolver.kernel, blur));
    if (sensor.metering !== undefined) meter(planes, sensor.metering);
  },
  examples: ({ sensor }) =>
    sensor === "none"
      ? []
      : [{ title: `camera ${sensor}`, constant: true, at: () => ({ drawn: SENSORS[sensor], label: sensor }) }],
};

/** Brings the mean of what the sensor can hold to the target; the second round counts what the first one clips. */
function meter({ light, side }: Planes, target: number): void {
  const first = bounded(target / clippedMean(light, side * side, 1));
  const factor = bounded((first * target) / clippedMean(light, side * side, first));
  for (let i = 0; i < side * side; i++) light[i] *= factor;
}

function bounded(factor: number): number {
  return Math.max(1 / METERING_RANGE, Math.min(METERING_RANGE, factor));
}

function clippedMean(light: Float32Array, count: number, factor: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.min(1, light[i] * factor);
  return Math.max(1e-6, sum / count);
}
