import { describe, expect, it } from "@jest/globals";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import type { PreprocessSpec } from "#smilec/preprocess/types.js";
import { layerFidelity } from "#smilec/quantize/fidelity.js";
import { foldBatchNorm } from "#smilec/quantize/fold.js";
import { Histogram } from "#smilec/quantize/histogram.js";
import { dequantizeInput, quantizeModel } from "#smilec/quantize/quantize.js";
import { activationQuantization, quantizeBias } from "#smilec/quantize/ranges.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { runFloat } from "#smilec/train/forward.js";
import { initialParameters } from "#smilec/train/initialize.js";
import {
  BATCH_NORM_EPSILON,
  type FloatModel,
  type Network,
  type ParameterRole,
  parameterLayout,
} from "#smilec/train/network.js";

const spec: PreprocessSpec = { size: 16, normalize: "standardize" };

/** xorshift32; test data only. */
function generator(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A model whose batch-norm statistics are anything but neutral. */
function randomModel(network: Network, seed: number): FloatModel {
  const next = generator(seed);
  const parameters = initialParameters(network, seed);
  const draw: Partial<Record<ParameterRole, () => number>> = {
    gamma: () => 0.5 + next(),
    movingVariance: () => 0.2 + 2 * next(),
    beta: () => next() - 0.5,
    movingMean: () => next() - 0.5,
    bias: () => next() - 0.5,
  };
  for (const { role, offset, size } of parameterLayout(network)) {
    const value = draw[role];
    if (value !== undefined) parameters.set(Float32Array.from({ length: size }, value), offset);
  }
  return { network, parameters };
}

function pictures(count: number, size: number, seed: number): Int8Array[] {
  const next = generator(seed);
  return Array.from({ length: count }, () =>
    Int8Array.from({ length: size * size }, () => Math.floor(next() * 200) - 100),
  );
}

const everyKind: Network = {
  name: "every-kind",
  layers: [
    { kind: "input", name: "input", shape: [16, 16, 1] },
    { kind: "conv", name: "stem", input: 0, filters: 6, kernel: 3, stride: 2, batchNorm: true, activation: "relu6" },
    { kind: "depthwise", name: "dw", input: 1, kernel: 3, stride: 1, batchNorm: true, activation: "none" },
    { kind: "conv", name: "project", input: 2, filters: 6, kernel: 1, stride: 1, batchNorm: false, activation: "none" },
    { kind: "add", name: "sum", inputs: [1, 3], activation: "relu6" },
    { kind: "mean", name: "pool", input: 4 },
    { kind: "dense", name: "logits", input: 5, units: 3, dropout: 0 },
  ],
};

describe("batch-norm folding", () => {
  it("gives the convolution that the float model computes", () => {
    const model = randomModel(everyKind, 5);
    const folded = foldBatchNorm(model);
    const slot = (role: string) => {
      const { offset, size } = parameterLayout(everyKind).find((s) => s.layer === 1 && s.role === role)!;
      return model.parameters.subarray(offset, offset + size);
    };
    for (let channel = 0; channel < 6; channel++) {
      const factor = slot("gamma")[channel] / Math.sqrt(slot("movingVariance")[channel] + BATCH_NORM_EPSILON);
      expect(folded[1]!.kernel[channel]).toBeCloseTo(slot("kernel")[channel] * factor, 6);
      expect(folded[1]!.bias[channel]).toBeCloseTo(slot("beta")[channel] - slot("movingMean")[channel] * factor, 6);
    }
    expect(folded[4]).toBeUndefined();
  });
});

describe("quantizeModel", () => {
  it("stays close to the float model in every layer, for every kind of layer", async () => {
    const model = randomModel(everyKind, 9);
    const quantized = await quantizeModel(model, spec, pictures(64, 16, 1), { percentile: 100 });
    const rows = await layerFidelity(model, quantized, spec, pictures(32, 16, 2));
    expect(rows.map((row) => row.layer).sort()).toEqual(["dw", "logits", "pool", "project", "stem", "sum"]);
    for (const row of rows) expect(row.signalToNoiseDb).toBeGreaterThan(28);
    expect(rows[0].signalToNoiseDb).toBeLessThanOrEqual(rows.at(-1)!.signalToNoiseDb);
  });

  it("decides as the float model does, save for near ties", async () => {
    const model = randomModel(buildNetwork("tiny", 16, 2, 0), 3);
    const { graph } = await quantizeModel(model, spec, pictures(64, 16, 3), { percentile: 99.99 });
    const interpreter = new ReferenceInterpreter(graph);
    const scale = graph.tensors[graph.outputs[0]].quantization!.scale[0];
    let agreed = 0;
    for (const picture of pictures(100, 16, 4)) {
      const logits = runFloat(model, dequantizeInput(picture, spec)).at(-1)!;
      const [[a, b]] = interpreter.run([picture]);
      if (Math.sign(logits[1] - logits[0]) === Math.sign(b - a) || Math.abs(logits[1] - logits[0]) < 3 * scale)
        agreed++;
    }
    expect(agreed).toBeGreaterThanOrEqual(97);
  });

  it("gives the same graph for the same pictures in another order", async () => {
    const model = randomModel(everyKind, 2);
    const set = pictures(20, 16, 8);
    const forward = await quantizeModel(model, spec, set, { percentile: 99.9 });
    const backward = await quantizeModel(model, spec, set.toReversed(), { percentile: 99.9 });
    expect(backward.graph).toEqual(forward.graph);
  });

  it("keeps int8 weights within 127 and biases as input scale times weight scale", async () => {
    const { graph } = await quantizeModel(randomModel(everyKind, 7), spec, pictures(16, 16, 5), { percentile: 100 });
    let weights = 0;
    for (const operator of graph.operators) {
      if (operator.kind !== "CONV_2D" && operator.kind !== "DEPTHWISE_CONV_2D" && operator.kind !== "FULLY_CONNECTED")
        continue;
      const [input, kernel, bias] = operator.inputs.map((index) => graph.tensors[index]);
      expect(Math.max(...(kernel.data as Int8Array).map(Math.abs))).toBe(127);
      expect((kernel.data as Int8Array).includes(-128)).toBe(false);
      kernel.quantization!.scale.forEach((scale, channel) => {
        expect(bias.quantization!.scale[channel]).toBe(Math.fround(input.quantization!.scale[0] * scale));
      });
      weights += kernel.data!.length;
    }
    expect(weights).toBe(6 * 9 + 9 * 6 + 36 + 18);
  });

  it("refuses an empty calibration set and a model that has diverged", async () => {
    const model = randomModel(everyKind, 4);
    await expect(quantizeModel(model, spec, [], { percentile: 100 })).rejects.toThrow("no picture to calibrate on");
    model.parameters.fill(Number.NaN, 0, 9);
    await expect(quantizeModel(model, spec, pictures(2, 16, 1), { percentile: 100 })).rejects.toThrow("not finite");
  });
});

describe("activation ranges", () => {
  it("represent 0 exactly and cover the range", () => {
    for (const [min, max] of [
      [0, 6],
      [-1.5, 3],
      [2, 5],
      [-4, -1],
      [0, 0],
    ]) {
      const { scale, zeroPoint } = activationQuantization(min, max);
      expect(zeroPoint[0]).toBeGreaterThanOrEqual(-128);
      expect(zeroPoint[0]).toBeLessThanOrEqual(127);
      expect(scale[0] * (127 - zeroPoint[0])).toBeGreaterThanOrEqual(Math.max(max, 0) - scale[0]);
      expect(scale[0] * (-128 - zeroPoint[0])).toBeLessThanOrEqual(Math.min(min, 0) + scale[0]);
    }
  });

  it("saturate biases instead of wrapping", () => {
    expect(quantizeBias(1e9, 1e-6)).toBe(2 ** 31 - 1);
    expect(quantizeBias(-1e9, 1e-6)).toBe(-(2 ** 31));
  });
});

describe("histogram", () => {
  it("finds percentiles within a bin of the sorted values", () => {
    const next = generator(21);
    const values = Float32Array.from({ length: 50_000 }, () => (next() + next() + next() - 1.5) * 7);
    const histogram = new Histogram();
    for (let at = 0; at < values.length; at += 1000) histogram.add(values.subarray(at, at + 1000));
    const sorted = [...values].sort((a, b) => a - b);
    const { min, max } = histogram.percentileRange(99);
    const bin = 32 / 4096;
    expect(Math.abs(min - sorted[250])).toBeLessThanOrEqual(2 * bin);
    expect(Math.abs(max - sorted[sorted.length - 251])).toBeLessThanOrEqual(2 * bin);
    expect(histogram.percentileRange(100)).toEqual({ min: sorted[0], max: sorted.at(-1) });
  });

  it("widens for values of any magnitude", () => {
    const histogram = new Histogram();
    histogram.add(Float32Array.of(1e-6, -3e5, 2));
    expect(histogram.percentileRange(100)).toEqual({ min: Math.fround(-3e5), max: 2 });
  });
});
