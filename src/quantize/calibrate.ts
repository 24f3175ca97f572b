/** Activation ranges of a float model, measured on representative pictures. */
import { UserError } from "../errors.js";
import type { Quantization } from "../graph/types.js";
import { type InputSpec, inputQuantization } from "../preprocess/types.js";
import { createActivationProbe } from "../train/evaluate.js";
import type { FloatModel } from "../train/network.js";
import { Histogram } from "./histogram.js";
import { activationQuantization, perTensor } from "./ranges.js";

export interface CalibrationOptions {
  /** Percentile of each activation's values that its int8 range covers, 99 to 100. */
  readonly percentile: number;
}

/** int8 network inputs, one picture [size, size, 1] each, as the preprocessing gives them. */
export type Int8Pictures = AsyncIterable<Int8Array> | Iterable<Int8Array>;

/** Quantization of every layer's output, the input's first. Throws UserError when there is no picture or an activation is not finite. */
export async function calibrate(
  model: FloatModel,
  spec: InputSpec,
  pictures: Int8Pictures,
  { percentile }: CalibrationOptions,
): Promise<Quantization[]> {
  const histograms = await measureActivations(model, spec, pictures);
  const ranges: Quantization[] = [];
  histograms.forEach((histogram, layer) => {
    const definition = model.network.layers[layer];
    if (layer === 0) {
      const { scale, zeroPoint } = inputQuantization(spec);
      ranges.push(perTensor(scale, zeroPoint));
    } else if (definition.kind === "upsample") {
      // Copies keep the scale of what they copy.
      ranges.push(ranges[definition.input]);
    } else {
      // Logits decide: their rare large values must not be clipped.
      const isLogits = layer === histograms.length - 1;
      const { min, max } = isLogits ? histogram : histogram.percentileRange(percentile);
      ranges.push(activationQuantization(min, max));
    }
  });
  return ranges;
}

async function measureActivations(model: FloatModel, spec: InputSpec, pictures: Int8Pictures): Promise<Histogram[]> {
  const histograms = model.network.layers.map(() => new Histogram());
  const probe = await createActivationProbe(model, spec);
  let count = 0;
  try {
    for await (const { inputs, count: part } of batches(pictures, probe.maxCount)) {
      const outputs = await probe.layers(inputs, part);
      outputs.forEach((values, layer) => {
        histograms[layer].add(values);
      });
      count += part;
    }
  } finally {
    await probe.dispose();
  }
  if (count > 0) return histograms;
  throw new UserError("there is no picture to calibrate on", {
    remedy: "Import training pictures with `smilec data import`.",
  });
}

async function* batches(
  pictures: Int8Pictures,
  most: number,
): AsyncGenerator<{ readonly inputs: Int8Array; readonly count: number }> {
  let waiting: Int8Array[] = [];
  for await (const picture of pictures) {
    waiting.push(picture);
    if (waiting.length < most) continue;
    yield joined(waiting);
    waiting = [];
  }
  if (waiting.length > 0) yield joined(waiting);
}

function joined(pictures: readonly Int8Array[]): { readonly inputs: Int8Array; readonly count: number } {
  const inputs = new Int8Array(pictures.length * pictures[0].length);
  pictures.forEach((picture, i) => {
    inputs.set(picture, i * picture.length);
  });
  return { inputs, count: pictures.length };
}
