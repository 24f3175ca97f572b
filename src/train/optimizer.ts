/** AdamW on flat arrays (Loshchilov and Hutter 2019, algorithm 2), batch-norm moving statistics, and the learning-rate schedule. */
import { type Network, parameterLayout } from "./network.js";

const BETA1 = 0.9;
const BETA2 = 0.999;
const EPSILON = 1e-8;
/** Part of the old value that moving statistics keep at a step. */
const STATISTICS_MOMENTUM = 0.95;

/** Everything that training changes at a step. */
export interface TrainingState {
  /** Steps taken. */
  step: number;
  readonly parameters: Float32Array;
  /** First and second moments of the gradient. */
  readonly m: Float32Array;
  readonly v: Float32Array;
}

export interface StepSizes {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Linear warm-up to `peak`, then half a cosine to 0 at the end. `step` counts from 0. */
export function learningRateAt(step: number, warmupSteps: number, totalSteps: number, peak: number): number {
  if (step < warmupSteps) return (peak * (step + 1)) / (warmupSteps + 1);
  const progress = (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps);
  return peak * 0.5 * (1 + Math.cos(Math.PI * progress));
}

export class Optimizer {
  private readonly slots: ReturnType<typeof parameterLayout>;

  constructor(network: Network) {
    this.slots = parameterLayout(network);
  }

  initialState(parameters: Float32Array): TrainingState {
    const zeros = () => new Float32Array(parameters.length);
    return { step: 0, parameters, m: zeros(), v: zeros() };
  }

  /** Takes one step along `gradient` (BatchGradients.gradient). */
  apply(state: TrainingState, gradient: Float32Array, sizes: StepSizes): void {
    state.step++;
    for (const slot of this.slots) {
      if (!slot.trainable) followStatistics(state.parameters, gradient, slot.offset, slot.size, state.step);
      else stepParameters(state, gradient, slot.offset, slot.size, slot.decay ? sizes : { ...sizes, weightDecay: 0 });
    }
  }
}

/** The first steps average what was seen so far instead of clinging to the initial values. */
function followStatistics(values: Float32Array, batch: Float32Array, offset: number, size: number, step: number): void {
  const keep = Math.min(STATISTICS_MOMENTUM, (step - 1) / step);
  for (let i = offset; i < offset + size; i++) values[i] = keep * values[i] + (1 - keep) * batch[i];
}

function stepParameters(
  state: TrainingState,
  gradient: Float32Array,
  offset: number,
  size: number,
  sizes: StepSizes,
): void {
  const { parameters, m, v, step } = state;
  const rate = sizes.learningRate / (1 - BETA1 ** step);
  const correction = 1 / (1 - BETA2 ** step);
  const shrink = 1 - sizes.learningRate * sizes.weightDecay;
  for (let i = offset; i < offset + size; i++) {
    const g = gradient[i];
    const first = BETA1 * m[i] + (1 - BETA1) * g;
    const second = BETA2 * v[i] + (1 - BETA2) * g * g;
    m[i] = first;
    v[i] = second;
    parameters[i] = shrink * parameters[i] - (rate * first) / (Math.sqrt(second * correction) + EPSILON);
  }
}
