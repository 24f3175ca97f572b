/** Linear light to 8-bit grey: the sensor's tone curve, then the signal processor's, clipped and rounded. */
import type { Planes } from "../planes.js";
import { LIGHT_STEPS } from "../tone/tables.js";

export function develop({ light, grey, side, sensor, curve }: Planes): void {
  const { tone } = sensor;
  const { values } = curve;
  for (let i = 0; i < side * side; i++) {
    const value = light[i];
    const shown = tone[value >= 1 ? LIGHT_STEPS : value > 0 ? (value * LIGHT_STEPS + 0.5) | 0 : 0];
    const below = shown | 0;
    const from = values[below];
    grey[i] = (from + (shown - below) * (values[below + 1] - from) + 0.5) | 0;
  }
}
