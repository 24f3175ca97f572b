/** What to tell when a loss or a gradient is no number any more. */
import { UserError } from "../errors.js";
import { type Network, parameterLayout } from "./network.js";

/** Weights of trained networks stay below 10; from here on they are running away. */
const RUNAWAY = 1e3;
/** Pictures of the batch that are named. */
const NAMED = 8;

export interface DivergedBatch {
  /** From 1. */
  readonly epoch: number;
  /** Steps taken before it. */
  readonly step: number;
  readonly learningRate: number;
  /** Names of the batch's pictures; none when validation found it. */
  readonly pictures: readonly string[];
  /** The checkpoint that is kept. */
  readonly checkpoint: string;
}

/** Whether every value is a finite number. */
export function isFinite32(values: Float32Array): boolean {
  // One NaN or infinity makes the sum of v * 0 a NaN.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * 0;
  return sum === 0;
}

/** An error that says where it happened and why: weights that ran away, or a layer whose gradient overflowed. */
export function diverged(
  network: Network,
  parameters: Float32Array,
  gradient: Float32Array,
  batch: DivergedBatch,
): UserError {
  const { epoch, step, pictures, learningRate, checkpoint } = batch;
  const place = `in epoch ${epoch} at step ${step}`;
  const named = pictures.slice(0, NAMED).join(", ") + (pictures.length > NAMED ? ", ..." : "");
  const lines = [
    `why: ${reason(network, parameters, gradient)}; learning rate ${Number(learningRate.toPrecision(3))}`,
    ...(pictures.length === 0 ? [] : [`the batch's ${pictures.length} pictures: ${named}`]),
    `the last good checkpoint is kept: ${checkpoint}`,
  ];
  return new UserError(`training diverged ${place}: the loss is no longer a number`, {
    where: "train.learningRate",
    detail: lines.join("\n"),
    remedy: "Lower train.learningRate or raise train.warmupEpochs.",
  });
}

function reason(network: Network, parameters: Float32Array, gradient: Float32Array): string {
  const slots = parameterLayout(network);
  const largest = slots
    .map(({ layer, role, offset, size }) => {
      const values = parameters.subarray(offset, offset + size);
      const value = values.reduce((top, one) => (Math.abs(one) <= top ? top : Math.abs(one)), 0);
      return { name: `${role} of ${network.layers[layer].name}`, value };
    })
    .reduce((top, one) => (one.value <= top.value ? top : one));
  if (!(largest.value < RUNAWAY))
    return `the weights ran away: up to ${largest.value.toExponential(1)} in ${largest.name}`;
  const broken = slots.findLast(({ offset, size }) => !isFinite32(gradient.subarray(offset, offset + size)));
  const where = broken === undefined ? "the loss" : `the gradient of ${network.layers[broken.layer].name}`;
  return `the weights are sound (up to ${largest.value.toPrecision(2)} in ${largest.name}), but ${where} overflowed`;
}
