/** AdamW on flat arrays (Loshchilov and Hutter 2019, algorithm 2), batch-norm moving statistics, and the moving average of the weights. */
import { type Network, parameterLayout } from "./network.js";
import type { ScheduledStep } from "./schedule.js";

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
  /** Moving average of the parameters; the parameters themselves where none is kept. */
  readonly average: Float32Array;
}

export interface StepSizes extends ScheduledStep {
  readonly weightDecay: number;
}

export class Optimizer {
  private readonly slots: ReturnType<typeof parameterLayout>;

  /** @param averaging part of itself that the average keeps at a step; 0: no average */
  constructor(
    network: Network,
    private readonly averaging: number,
  ) {
    this.slots = parameterLayout(network);
  }

  initialState(parameters: Float32Array): TrainingState {
    const zeros = () => new Float32Array(parameters.length);
    const average = this.averaging === 0 ? parameters : parameters.slice();
    return { step: 0, parameters, m: zeros(), v: zeros(), average };
  }

  /** Takes one step along `gradient` (BatchGradients.gradient). */
  apply(state: TrainingState, gradient: Float32Array, sizes: StepSizes): void {
    state.step++;
    for (const slot of this.slots) {
      if (!slot.trainable) followStatistics(state.parameters, gradient, slot.offset, slot.size, state.step);
      else stepParameters(state, gradient, slot.offset, slot.size, slot.decay ? sizes : { ...sizes, weightDecay: 0 });
    }
    if (state.average !== state.parameters) followParameters(state, this.averaging);
  }
}

/** The first steps average what was seen so far instead of clinging to the initial values. */
function followStatistics(values: Float32Array, batch: Float32Array, offset: number, size: number, step: number): void {
  const keep = Math.min(STATISTICS_MOMENTUM, (step - 1) / step);
  for (let i = offset; i < offset + size; i++) values[i] = keep * values[i] + (1 - keep) * batch[i];
}

/** Early averages forget faster, as TensorFlow's ExponentialMovingAverage with a step number. */
function followParameters({ average, parameters, step }: TrainingState, averaging: number): void {
  const keep = Math.min(averaging, step / (step + 9));
  for (let i = 0; i < average.length; i++) average[i] = keep * average[i] + (1 - keep) * parameters[i];
}

function stepParameters(
  state: TrainingState,
  gradient: Float32Array,
  offset: number,
  size: number,
  { learningRate, momentum, weightDecay }: StepSizes,
): void {
  const { parameters, m, v, step } = state;
  const rate = learningRate / (1 - momentum ** step);
  const correction = 1 / (1 - BETA2 ** step);
  const shrink = 1 - learningRate * weightDecay;
  for (let i = offset; i < offset + size; i++) {
    const g = gradient[i];
    const first = momentum * m[i] + (1 - momentum) * g;
    const second = BETA2 * v[i] + (1 - BETA2) * g * g;
    m[i] = first;
    v[i] = second;
    parameters[i] = shrink * parameters[i] - (rate * first) / (Math.sqrt(second * correction) + EPSILON);
  }
}
