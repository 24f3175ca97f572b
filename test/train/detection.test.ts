/** Detectors in the training backends: doubling maps and the dense loss, against automatic differentiation and finite differences. */
import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import { quantizeModel } from "#smilec/quantize/quantize.js";
import type { BackendRequest, TrainingBatch } from "#smilec/train/backend.js";
import { detectionSum, OUTPUT_CHANNELS, TARGET_CHANNELS } from "#smilec/train/detection-loss.js";
import { runFloat } from "#smilec/train/forward.js";
import { type Network, outputShapes } from "#smilec/train/network.js";
import { Rng } from "#smilec/train/rng.js";
import { createTfjsBackend, type Tf } from "#smilec/train/tfjs.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";
import { DETECTOR_GROUP_PICTURES } from "#smilec/train/wasm/plan.js";
import { expectOwnDifferences, shakenParameters, slotErrors } from "../support/gradients.js";
import { mapNetwork } from "../support/map-network.js";
import { tfjsCpu } from "../support/tfjs-cpu.js";

jest.setTimeout(120_000);

const INPUT = { scale: 3 / 127, zeroPoint: 0 };

function requestFor(network: Network, threads = 1): BackendRequest {
  return { network, batchSize: 64, input: INPUT, threads, task: "detect" };
}

/** A third of the cells are faces, some count for nothing, some of the boxes do. */
function randomTargets(count: number, cells: number, rng: Rng): Float32Array {
  const targets = new Float32Array(count * cells * TARGET_CHANNELS);
  for (let cell = 0; cell < count * cells; cell++) {
    const face = rng.below(3) === 0;
    const weight = rng.below(4) === 0 ? 0 : rng.between(0.5, 2);
    const box = [rng.between(-3, 3), rng.between(-3, 3), rng.between(-3, 3)];
    targets.set([face ? 1 : 0, weight, face ? rng.between(0, 2) : 0, ...box], cell * TARGET_CHANNELS);
  }
  return targets;
}

function randomBatch(network: Network, count: number): TrainingBatch & { targets: Float32Array } {
  const rng = new Rng(5, count);
  const shapes = outputShapes(network);
  const [height, width] = shapes[shapes.length - 1];
  const size = shapes[0].reduce((a, b) => a * b, 1);
  return {
    count,
    inputs: Int8Array.from({ length: count * size }, () => rng.below(255) - 127),
    labels: new Uint8Array(count),
    weights: Float32Array.from({ length: count }, () => rng.between(0.5, 2)),
    targets: randomTargets(count, height * width, rng),
    labelSmoothing: 0,
    masks: new Map(),
  };
}

async function wasmGradients(network: Network, parameters: Float32Array, batch: TrainingBatch, threads = 1) {
  const backend = await createWasmBackend(requestFor(network, threads));
  try {
    const { loss, gradient, losses } = await backend.gradients(parameters, batch);
    return { loss, gradient: gradient.slice(), losses: losses!.slice() };
  } finally {
    await backend.dispose();
  }
}

describe("a detector's loss", () => {
  it("has the gradient of its own finite differences, whatever is said and wanted", () => {
    const rng = new Rng(17);
    const cells = 60;
    const outputs = Float32Array.from({ length: cells * OUTPUT_CHANNELS }, () => rng.between(-6, 6));
    const targets = randomTargets(2, cells / 2, rng);
    const weights = Float32Array.of(1, 0.5);
    const gradient = new Float32Array(outputs.length).fill(9);
    detectionSum({ outputs, targets, weights }, 3, gradient);
    const step = 1 / 256;
    for (let i = 0; i < outputs.length; i++) {
      const at = (sign: number) => {
        const moved = outputs.slice();
        moved[i] += sign * step;
        return 3 * detectionSum({ outputs: moved, targets, weights });
      };
      expect((at(1) - at(-1)) / (2 * step)).toBeCloseTo(gradient[i], 2);
    }
  });

  it("is small for what is right and surely so, and does not overflow for what is wrong", () => {
    const cell = (logit: number, wanted: number) =>
      detectionSum({
        outputs: Float32Array.of(logit, 0, 0, 0),
        targets: Float32Array.of(wanted, 1, wanted, 0, 0, 0),
        weights: Float32Array.of(1),
      });
    expect(cell(8, 1)).toBeLessThan(1e-6);
    expect(cell(-8, 0)).toBeLessThan(1e-6);
    expect(cell(-500, 1)).toBeCloseTo(500, 5);
    expect(cell(500, 0)).toBeCloseTo(500, 5);
  });
});

describe("a detector on the WebAssembly backend", () => {
  let tf: Tf;
  beforeAll(async () => {
    tf = await tfjsCpu();
  });

  it("gives TensorFlow.js's loss, gradients and batch statistics", async () => {
    const network = mapNetwork();
    const parameters = shakenParameters(network);
    const batch = randomBatch(network, 7);
    const actual = await wasmGradients(network, parameters, batch);
    const expected = await createTfjsBackend(tf, requestFor(network)).gradients(parameters, batch);
    expect(actual.loss).toBeCloseTo(expected.loss, 4);
    expect([...slotErrors(network, actual.gradient, expected.gradient)].filter(([, error]) => !(error < 1e-3))).toEqual(
      [],
    );
    expect(Math.hypot(...expected.gradient)).toBeGreaterThan(0.1);
    expected.losses!.forEach((loss, i) => {
      expect(actual.losses[i]).toBeCloseTo(loss, 3);
    });
  });

  it("agrees with finite differences of its own loss in every parameter slot", async () => {
    const network = mapNetwork("none");
    const backend = await createWasmBackend(requestFor(network));
    await expectOwnDifferences(backend, network, randomBatch(network, 6), { reach: 0.01, tolerance: 1e-3 });
    await backend.dispose();
  });

  it("gives the same bytes for 1, 2 and 3 threads, over several groups", async () => {
    const network = mapNetwork();
    const parameters = shakenParameters(network);
    const batch = randomBatch(network, 3 * DETECTOR_GROUP_PICTURES + 3);
    const [one, ...others] = await Promise.all([1, 2, 3].map((n) => wasmGradients(network, parameters, batch, n)));
    expect(Math.hypot(...one.gradient)).toBeGreaterThan(0.01);
    for (const other of others) expect(other).toEqual(one);
  });

  it("gives the float reference's maps", async () => {
    const network = mapNetwork();
    const parameters = shakenParameters(network);
    const { inputs, count } = randomBatch(network, 5);
    const backend = await createWasmBackend(requestFor(network));
    const maps = await backend.logits(parameters, inputs, count);
    await backend.dispose();
    const size = inputs.length / count;
    for (let i = 0; i < count; i++) {
      const picture = Float32Array.from(inputs.subarray(i * size, (i + 1) * size), (q) => q * INPUT.scale);
      const expected = runFloat({ network, parameters }, picture).at(-1)!;
      expected.forEach((value, k) => {
        expect(maps[i * expected.length + k]).toBeCloseTo(value, 3);
      });
    }
  });
});

describe("a quantized detector", () => {
  it("has doublings that keep their input's scale, and maps near the float ones", async () => {
    const network = mapNetwork();
    const parameters = shakenParameters(network);
    const { inputs, count } = randomBatch(network, 40);
    const size = inputs.length / count;
    const pictures = Array.from({ length: count }, (_, i) => inputs.subarray(i * size, (i + 1) * size));
    const model = { network, parameters };
    const { graph } = await quantizeModel(model, { normalize: "standardize" }, pictures, { percentile: 100 });
    for (const { kind, inputs: from, outputs } of graph.operators) {
      if (kind === "RESIZE_NEAREST_NEIGHBOR")
        expect(graph.tensors[outputs[0]].quantization).toEqual(graph.tensors[from[0]].quantization);
    }
    const { scale, zeroPoint } = graph.tensors[graph.outputs[0]].quantization!;
    const interpreter = new ReferenceInterpreter(graph);
    let [error, signal] = [0, 0];
    for (const picture of pictures) {
      const wanted = runFloat(
        model,
        Float32Array.from(picture, (q) => q * INPUT.scale),
      ).at(-1)!;
      const [map] = interpreter.run([picture]);
      wanted.forEach((value, i) => {
        error += (scale[0] * (map[i] - zeroPoint[0]) - value) ** 2;
        signal += value ** 2;
      });
    }
    expect(error / signal).toBeLessThan(0.01);
  });
});
