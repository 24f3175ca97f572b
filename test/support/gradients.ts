/** What tests of the training backends compare gradients with. */
import { expect } from "@jest/globals";
import type { TrainingBackend, TrainingBatch } from "#smilec/train/backend.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { type Network, parameterLayout } from "#smilec/train/network.js";
import { Rng } from "#smilec/train/rng.js";

/** Initial parameters moved off their special values, so that no gradient is trivially right. */
export function shakenParameters(network: Network, seed = 3): Float32Array {
  const rng = new Rng(seed, 99);
  return initialParameters(network, seed).map((value) => value + 0.1 * rng.uniform());
}

/** Relative error of each parameter slot in the Euclidean norm, with slots that vanish measured against the whole. */
export function slotErrors(network: Network, actual: Float32Array, expected: Float32Array): Map<string, number> {
  const whole = Math.hypot(...expected);
  const errors = new Map<string, number>();
  for (const { layer, role, offset, size } of parameterLayout(network)) {
    const part = expected.subarray(offset, offset + size);
    const difference = Math.hypot(...part.map((value, i) => actual[offset + i] - value));
    errors.set(`${network.layers[layer].name} ${role}`, difference / Math.max(Math.hypot(...part), 1e-3 * whole));
  }
  return errors;
}

/** Compares each parameter slot's gradient with a step along it, `reach` long at most, of the backend's own loss; 2 % and `tolerance` may be missing. */
export async function expectOwnDifferences(
  backend: TrainingBackend,
  network: Network,
  batch: TrainingBatch,
  { reach, tolerance }: { readonly reach: number; readonly tolerance: number },
): Promise<void> {
  const parameters = shakenParameters(network);
  const analytic = (await backend.gradients(parameters, batch)).gradient.slice();
  let compared = 0;
  for (const { offset, size, trainable } of parameterLayout(network)) {
    if (!trainable) continue;
    const slot = analytic.subarray(offset, offset + size);
    const norm = Math.hypot(...slot);
    if (norm < 1e-4) continue;
    // Along the gradient itself the derivative is the gradient's norm.
    const step = reach / Math.max(1, norm);
    const lossAt = async (sign: number) => {
      const moved = parameters.slice();
      for (let i = 0; i < size; i++) moved[offset + i] += (sign * step * slot[i]) / norm;
      return (await backend.gradients(moved, batch)).loss;
    };
    const difference = ((await lossAt(1)) - (await lossAt(-1))) / (2 * step);
    expect(Math.abs(difference - norm)).toBeLessThan(0.02 * norm + tolerance);
    compared++;
  }
  expect(compared).toBeGreaterThan(15);
}
