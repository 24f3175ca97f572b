import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { buildNetwork } from "#smilec/train/architectures.js";
import type { BackendRequest, SimulatedQuantization, TrainingBatch } from "#smilec/train/backend.js";
import { type ActivationProbe, createActivationProbe } from "#smilec/train/evaluate.js";
import { runFloat } from "#smilec/train/forward.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { type Network, outputShapes, parameterLayout } from "#smilec/train/network.js";
import { Rng } from "#smilec/train/rng.js";
import { createTfjsBackend, type Tf } from "#smilec/train/tfjs.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";
import { GROUP_PICTURES } from "#smilec/train/wasm/plan.js";
import { expectOwnDifferences, shakenParameters, slotErrors } from "../support/gradients.js";
import { oddNetwork } from "../support/odd-network.js";
import { tfjsCpu } from "../support/tfjs-cpu.js";

jest.setTimeout(120_000);

const INPUT = { scale: 3 / 127, zeroPoint: -5 };

function requestFor(network: Network, threads = 1, batchSize = 128): BackendRequest {
  return { network, batchSize, input: INPUT, threads };
}

function randomBatch(network: Network, count: number, seed = 5): TrainingBatch {
  const rng = new Rng(seed, count);
  const shapes = outputShapes(network);
  const classes = shapes[shapes.length - 1][0];
  const masks = new Map<number, Float32Array>();
  network.layers.forEach((layer, index) => {
    if (layer.kind !== "dense" || layer.dropout === 0) return;
    const size = count * shapes[layer.input][0];
    masks.set(
      index,
      Float32Array.from({ length: size }, () => (rng.uniform() < layer.dropout ? 0 : 1.4)),
    );
  });
  const inputSize = shapes[0].reduce((a, b) => a * b, 1);
  return {
    count,
    inputs: Int8Array.from({ length: count * inputSize }, () => rng.below(255) - 127),
    labels: Uint8Array.from({ length: count }, () => rng.below(classes)),
    weights: Float32Array.from({ length: count }, () => rng.between(0.5, 2)),
    labelSmoothing: 0.1,
    masks,
  };
}

/** A teacher that often disagrees with the labels. */
function withTeacher(batch: TrainingBatch, classes: number): TrainingBatch {
  const rng = new Rng(8, 1);
  const logits = Float32Array.from({ length: batch.count * classes }, () => rng.between(-4, 4));
  return { ...batch, teacher: { weight: 0.7, temperature: 2.5, logits } };
}

function without({ teacher: _teacher, ...batch }: TrainingBatch): TrainingBatch {
  return batch;
}

/** Coarse enough that rounding and cutting matter: about 50 steps over the usual range, some values beyond the ends. */
function coarseQuantization(network: Network): (SimulatedQuantization | undefined)[] {
  return network.layers.map((layer, index) => {
    if (layer.kind === "input") return undefined;
    const positive = "activation" in layer && layer.activation === "relu6";
    const scale = Math.fround(positive ? 0.013 : 0.02 + 0.001 * index);
    return { scale, zeroPoint: positive ? -128 : 5 };
  });
}

async function wasmGradients(
  network: Network,
  parameters: Float32Array,
  batch: TrainingBatch,
  threads = 1,
  quantization: BackendRequest["quantization"] = [],
) {
  const backend = await createWasmBackend({ ...requestFor(network, threads, batch.count), quantization });
  try {
    const result = await backend.gradients(parameters, batch);
    return { ...result, gradient: result.gradient.slice() };
  } finally {
    await backend.dispose();
  }
}

describe("the WebAssembly backend against TensorFlow.js's automatic differentiation", () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await tfjsCpu();
  });

  const networks: [string, Network][] = [
    ["every layer kind at odd sizes", oddNetwork()],
    ["the tiny architecture", buildNetwork("tiny", 24, 2, 0.2)],
    ["the default architecture at an odd input size", buildNetwork("default", 19, 3, 0.2)],
  ];
  for (const [name, network] of networks) {
    it(`gives equal loss, gradients and batch statistics: ${name}`, async () => {
      const parameters = shakenParameters(network);
      const batch = randomBatch(network, 7);
      const actual = await wasmGradients(network, parameters, batch);
      const expected = await createTfjsBackend(tf, requestFor(network)).gradients(parameters, batch);
      expect(actual.loss).toBeCloseTo(expected.loss, 5);
      expect(actual.correct).toBe(expected.correct);
      const errors = slotErrors(network, actual.gradient, expected.gradient);
      expect(errors.size).toBe(parameterLayout(network).length);
      expect([...errors].filter(([, error]) => !(error < 1e-3))).toEqual([]);
      expect(Math.hypot(...expected.gradient)).toBeGreaterThan(0.1);
    });
  }

  it("gives equal loss and gradients with a teacher", async () => {
    const network = oddNetwork();
    const parameters = shakenParameters(network);
    const batch = withTeacher(randomBatch(network, 37), 3);
    const actual = await wasmGradients(network, parameters, batch);
    const judge = createTfjsBackend(tf, requestFor(network));
    // One group of 19 and one of 18 take their own statistics; a network without batch norm would not tell them apart.
    const halves = [part(batch, 0, 18), part(batch, 18, 37)];
    const total = batch.weights.reduce((sum, weight) => sum + weight, 0);
    const expected = new Float32Array(actual.gradient.length);
    let loss = 0;
    for (const half of halves) {
      const share = half.weights.reduce((sum, weight) => sum + weight, 0) / total;
      const result = await judge.gradients(parameters, half);
      loss += share * result.loss;
      for (let i = 0; i < expected.length; i++) expected[i] += share * result.gradient[i];
    }
    expect(actual.loss).toBeCloseTo(loss, 5);
    const trainable = parameterLayout(network).filter((slot) => slot.trainable);
    const errors = [...slotErrors(network, actual.gradient, expected)];
    expect(errors.filter(([name, error]) => !name.includes("moving") && !(error < 1e-3))).toEqual([]);
    expect(trainable.length).toBeGreaterThan(15);
    const plain = await wasmGradients(network, parameters, without(batch));
    expect(Math.abs(plain.loss - actual.loss)).toBeGreaterThan(0.1);
  });

  it("gives equal loss, gradients and logits with simulated int8 activations", async () => {
    const network = withoutBatchNorm(oddNetwork());
    const parameters = shakenParameters(network);
    const batch = randomBatch(network, 7);
    const quantization = coarseQuantization(network);
    const actual = await wasmGradients(network, parameters, batch, 1, quantization);
    const judge = createTfjsBackend(tf, { ...requestFor(network), quantization });
    const expected = await judge.gradients(parameters, batch);
    expect(actual.loss).toBeCloseTo(expected.loss, 4);
    // A sum that lies halfway between two steps may round either way in the two orders of summation.
    const errors = slotErrors(network, actual.gradient, expected.gradient);
    expect([...errors].filter(([, error]) => !(error < 0.02))).toEqual([]);
    const exact = await wasmGradients(network, parameters, batch);
    const distance = [...slotErrors(network, exact.gradient, expected.gradient).values()];
    expect(Math.max(...distance)).toBeGreaterThan(0.1);
    const backend = await createWasmBackend({ ...requestFor(network), quantization });
    const logits = await backend.logits(parameters, batch.inputs, batch.count);
    await backend.dispose();
    const { scale } = quantization[quantization.length - 1]!;
    for (const logit of logits) expect(logit / scale).toBeCloseTo(Math.round(logit / scale), 3);
  });

  it("gives equal logits in evaluation", async () => {
    const network = oddNetwork();
    const parameters = shakenParameters(network);
    const { inputs, count } = randomBatch(network, 5);
    const backend = await createWasmBackend(requestFor(network));
    const actual = await backend.logits(parameters, inputs, count);
    await backend.dispose();
    const expected = await createTfjsBackend(tf, requestFor(network)).logits(parameters, inputs, count);
    expect(expected).toHaveLength(5 * 3);
    for (let i = 0; i < expected.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 4);
  });

  it("takes statistics over groups, each as a batch of its own", async () => {
    const network = oddNetwork();
    const parameters = shakenParameters(network);
    const count = 2 * GROUP_PICTURES;
    const batch = randomBatch(network, count);
    const actual = await wasmGradients(network, parameters, batch, 2);
    const judge = createTfjsBackend(tf, requestFor(network));
    const expected = new Float32Array(actual.gradient.length);
    const total = batch.weights.reduce((sum, weight) => sum + weight, 0);
    for (const start of [0, GROUP_PICTURES]) {
      const half = part(batch, start, start + GROUP_PICTURES);
      const share = half.weights.reduce((sum, weight) => sum + weight, 0) / total;
      const { gradient } = await judge.gradients(parameters, half);
      for (let i = 0; i < expected.length; i++) expected[i] += share * gradient[i];
    }
    const trainable = parameterLayout(network).filter((slot) => slot.trainable);
    let compared = 0;
    for (const { offset, size } of trainable) {
      for (let i = offset; i < offset + size; i++, compared++)
        expect(Math.abs(actual.gradient[i] - expected[i])).toBeLessThan(1e-4);
    }
    expect(compared).toBeGreaterThan(1000);
  });
});

function part(batch: TrainingBatch, start: number, end: number): TrainingBatch {
  const inputSize = batch.inputs.length / batch.count;
  const masks = new Map([...batch.masks].map(([layer, mask]) => [layer, rowsOf(mask, batch, start, end)]));
  return {
    ...batch,
    count: end - start,
    inputs: batch.inputs.slice(start * inputSize, end * inputSize),
    labels: batch.labels.slice(start, end),
    weights: batch.weights.slice(start, end),
    masks,
    ...(batch.teacher && { teacher: { ...batch.teacher, logits: rowsOf(batch.teacher.logits, batch, start, end) } }),
  };
}

function rowsOf(values: Float32Array, { count }: TrainingBatch, start: number, end: number): Float32Array {
  const width = values.length / count;
  return values.slice(start * width, end * width);
}

/** The network with a bias in the place of every batch norm. */
function withoutBatchNorm(network: Network): Network {
  return {
    ...network,
    layers: network.layers.map((layer) => ("batchNorm" in layer ? { ...layer, batchNorm: false } : layer)),
  };
}

describe("the WebAssembly backend", () => {
  it.each([
    ["labels", (batch: TrainingBatch) => batch],
    ["labels and a teacher", (batch: TrainingBatch) => withTeacher(batch, 3)],
  ])(
    "agrees with finite differences of its own loss in every parameter slot of a smooth network: %s",
    async (_, vary) => {
      const network = oddNetwork("none");
      const backend = await createWasmBackend(requestFor(network));
      const batch = vary(randomBatch(network, 9));
      await expectOwnDifferences(backend, network, batch, { reach: 0.02, tolerance: 1e-4 });
      await backend.dispose();
    },
  );

  it("gives the same bytes for 1, 2 and 3 threads", async () => {
    const network = buildNetwork("tiny", 24, 2, 0.2);
    const parameters = shakenParameters(network);
    const batch = randomBatch(network, 150);
    const [one, ...others] = await Promise.all([1, 2, 3].map((n) => wasmGradients(network, parameters, batch, n)));
    expect(Math.hypot(...one.gradient)).toBeGreaterThan(0.01);
    for (const other of others) expect(other).toEqual(one);
  });

  it("is not disturbed by what earlier, larger batches left in memory", async () => {
    const network = oddNetwork();
    const parameters = shakenParameters(network);
    const backend = await createWasmBackend(requestFor(network));
    await backend.gradients(parameters, randomBatch(network, 32, 77));
    for (const count of [1, 2, 3, 5, 6]) {
      const batch = randomBatch(network, count);
      const reused = (await backend.gradients(parameters, batch)).gradient.slice();
      expect(reused).toEqual((await wasmGradients(network, parameters, batch)).gradient);
    }
    await backend.dispose();
  });

  it("pools the statistics of groups into those of the batch", async () => {
    const network: Network = {
      name: "one",
      layers: [
        { kind: "input", name: "input", shape: [3, 3, 1] },
        { kind: "conv", name: "copy", input: 0, filters: 1, kernel: 1, stride: 1, batchNorm: true, activation: "none" },
        { kind: "mean", name: "pool", input: 1 },
        { kind: "dense", name: "logits", input: 2, units: 2, dropout: 0 },
      ],
    };
    const parameters = initialParameters(network, 1);
    parameters[0] = 1;
    const batch = randomBatch(network, 75);
    const { gradient } = await wasmGradients(network, parameters, batch);
    const values = [...batch.inputs].map((q) => (q - INPUT.zeroPoint) * INPUT.scale);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    const slot = (role: string) => parameterLayout(network).find((entry) => entry.role === role)!.offset;
    expect(gradient[slot("movingMean")]).toBeCloseTo(mean, 5);
    expect(gradient[slot("movingVariance")]).toBeCloseTo(variance, 5);
  });

  it("evaluates more pictures than fit into one batch", async () => {
    const network = buildNetwork("tiny", 16, 2, 0.2);
    const parameters = shakenParameters(network);
    const { inputs } = randomBatch(network, 700);
    const backend = await createWasmBackend(requestFor(network, 2, 8));
    const whole = await backend.logits(parameters, inputs, 700);
    const last = await backend.logits(parameters, inputs.slice(699 * 256), 1);
    await backend.dispose();
    expect(whole).toHaveLength(1400);
    expect(whole.slice(1398)).toEqual(last);
  });

  it("fails every later call once it is disposed", async () => {
    const network = buildNetwork("tiny", 16, 2, 0.2);
    const backend = await createWasmBackend(requestFor(network));
    await backend.dispose();
    await expect(backend.logits(shakenParameters(network), new Int8Array(256), 1)).rejects.toThrow(/disposed/);
  });
});

describe("the float reference", () => {
  const network = oddNetwork();
  const parameters = shakenParameters(network);
  const count = 3;
  const { inputs } = randomBatch(network, count);
  let probe: ActivationProbe;
  beforeAll(async () => {
    probe = await createActivationProbe({ network, parameters }, { normalize: "none" });
  });
  afterAll(() => probe.dispose());

  it("has the activations of the fast kernels in every layer", async () => {
    const fast = await probe.layers(inputs, count);
    expect(fast).toHaveLength(network.layers.length);
    const size = 99;
    let compared = 0;
    for (let picture = 0; picture < count; picture++) {
      const pixels = inputs.subarray(picture * size, (picture + 1) * size);
      const slow = runFloat(
        { network, parameters },
        Float32Array.from(pixels, (q) => (q + 128) / 255),
      );
      slow.forEach((values, layer) => {
        const from = fast[layer].subarray(picture * values.length, (picture + 1) * values.length);
        values.forEach((value, i) => {
          expect(Math.abs(from[i] - value)).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
          compared++;
        });
      });
    }
    expect(compared).toBeGreaterThan(5000);
  });

  it("has TensorFlow.js's logits", async () => {
    const tf = await tfjsCpu();
    const judge = createTfjsBackend(tf, requestFor(network));
    const expected = await judge.logits(parameters, inputs.subarray(0, 99), 1);
    const floats = Float32Array.from(inputs.subarray(0, 99), (q) => (q - INPUT.zeroPoint) * INPUT.scale);
    const actual = runFloat({ network, parameters }, floats)[network.layers.length - 1];
    expect(actual).toHaveLength(3);
    actual.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 4);
    });
  });
});
