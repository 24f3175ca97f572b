/** What the lens and a moving hand do to light before it falls on the sensor. */
import { mapPlane, type Plane } from "./light.js";
import { bilinear } from "./scene.js";

/** Blur of a lens out of focus: a Gaussian of the given standard deviation in pixels; edges go on beyond the plane. */
export function lensBlur(plane: Plane, deviation: number): Plane {
  if (deviation <= 0) return plane;
  const radius = Math.ceil(3 * deviation);
  const taps = Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-((i - radius) ** 2) / (2 * deviation ** 2)));
  const sum = taps.reduce((all, tap) => all + tap, 0);
  const kernel = taps.map((tap) => tap / sum);
  return alongColumns(alongRows(plane, kernel, radius), kernel, radius);
}

function alongRows(plane: Plane, kernel: readonly number[], radius: number): Plane {
  const { width, height, values } = plane;
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = -radius; k <= radius; k++) {
        sum += kernel[k + radius] * values[y * width + Math.max(0, Math.min(width - 1, x + k))];
      }
      out[y * width + x] = sum;
    }
  }
  return { width, height, values: out };
}

function alongColumns(plane: Plane, kernel: readonly number[], radius: number): Plane {
  const { width, height, values } = plane;
  const out = new Float64Array(values.length);
  for (let y = 0; y < height; y++) {
    for (let k = -radius; k <= radius; k++) {
      const row = Math.max(0, Math.min(height - 1, y + k)) * width;
      for (let x = 0; x < width; x++) out[y * width + x] += kernel[k + radius] * values[row + x];
    }
  }
  return { width, height, values: out };
}

/** Blur of a straight even movement during the exposure, `length` pixels along `angle` (radians, clockwise from the right). */
export function motionBlur(plane: Plane, length: number, angle: number): Plane {
  if (length <= 0) return plane;
  const samples = 2 * Math.ceil(length) + 1;
  const [dx, dy] = [Math.cos(angle) * length, Math.sin(angle) * length];
  return mapPlane(plane, (_, x, y) => {
    let sum = 0;
    for (let i = 0; i < samples; i++) {
      const t = samples === 1 ? 0 : i / (samples - 1) - 0.5;
      sum += bilinear(plane, x + t * dx, y + t * dy);
    }
    return sum / samples;
  });
}

/** Veiling glare (ISO 9358): a dusty plastic lens spreads `part` of all light evenly over the frame, whose mean light is `mean`. */
export function veil(plane: Plane, part: number, mean: number): Plane {
  return mapPlane(plane, (value) => value + (mean - value) * part);
}
