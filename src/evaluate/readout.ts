/** From a network's outputs to one score per press: log-odds of the positive label against the runner-up, natural logarithm. */
import { UserError } from "../errors.js";
import { margin } from "../graph/bundle.js";
import type { Int8Graph } from "../graph/types.js";

export interface Readout {
  /** Label names, one per output; of a network with one output the other label first. */
  readonly labels: readonly string[];
  /** Index into labels. */
  readonly positive: number;
  /**
   * - `logits`: one per label; the score is the margin that the firmware decides on, times the logits' scale.
   * - `probabilities`: one per label, as after a softmax.
   * - `logit`, `probability`: one output, of the positive label.
   */
  readonly kind: "logits" | "probabilities" | "logit" | "probability";
  readonly scale: number;
  readonly zeroPoint: number;
}

/** What the outputs are by the operator that makes them. Throws UserError unless they are int8, of one picture, and one or more. */
export function foreignOutput(
  graph: Int8Graph,
  where: string,
): Pick<Readout, "kind" | "scale" | "zeroPoint"> & { readonly count: number } {
  const remedy = "Give a network with one int8 output: a score, or one value per label.";
  if (graph.outputs.length !== 1) {
    throw new UserError(`the model has ${graph.outputs.length} outputs, not one list of scores`, { where, remedy });
  }
  const { type, shape, quantization } = graph.tensors[graph.outputs[0]];
  if (type !== "int8") throw new UserError(`the model's output is ${type}; int8 is evaluated`, { where, remedy });
  const count = shape[shape.length - 1];
  if (shape.length === 0 || shape.slice(0, -1).some((extent) => extent !== 1) || count > 256) {
    throw new UserError(`the model's output of shape ${shape.join("x")} is no list of scores`, { where, remedy });
  }
  const last = graph.operators.find(({ outputs }) => outputs.includes(graph.outputs[0]))?.kind;
  const isProbability = last === "SOFTMAX" || last === "LOGISTIC";
  const kind = count === 1 ? (isProbability ? "probability" : "logit") : isProbability ? "probabilities" : "logits";
  return { kind, count, scale: quantization!.scale[0], zeroPoint: quantization!.zeroPoint[0] };
}

/** Log-odds of a press: the mean over its captures, which is the firmware's sum of margins divided by their number. */
export function pressScore(captures: readonly ArrayLike<number>[], readout: Readout): number {
  if (readout.kind === "logits") {
    const sum = captures.reduce((all, outputs) => all + margin(outputs, readout.positive), 0);
    return (sum * readout.scale) / captures.length;
  }
  return captures.reduce((all, outputs) => all + logOdds(outputs, readout), 0) / captures.length;
}

function logOdds(outputs: ArrayLike<number>, { kind, positive, scale, zeroPoint }: Readout): number {
  const real = (q: number) => scale * (q - zeroPoint);
  if (kind === "logit") return real(outputs[0]);
  // Half a step: a probability that was rounded to 0 is not certain.
  const part = (q: number) => Math.max(scale / 2, real(q));
  if (kind === "probability") return Math.log(part(outputs[0])) - Math.log(Math.max(scale / 2, 1 - real(outputs[0])));
  let other = -Infinity;
  for (let i = 0; i < outputs.length; i++) if (i !== positive) other = Math.max(other, outputs[i]);
  return Math.log(part(outputs[positive])) - Math.log(part(other));
}

/** Index of the label a press is given: of the largest sum over the captures, the first of equals. */
export function preferredLabel(captures: readonly ArrayLike<number>[], readout: Readout): number {
  if (readout.kind === "logit" || readout.kind === "probability") {
    return pressScore(captures, readout) > 0 ? readout.positive : 1 - readout.positive;
  }
  let best = 0;
  let most = -Infinity;
  for (let label = 0; label < readout.labels.length; label++) {
    const sum = captures.reduce((all, outputs) => all + outputs[label], 0);
    if (sum > most) [best, most] = [label, sum];
  }
  return best;
}
