import { beforeAll, describe, expect, it, jest } from "@jest/globals";
import { ReferenceInterpreter } from "#smilec/graph/interpreter.js";
import type { Int8Graph } from "#smilec/graph/types.js";
import { buildGraph } from "#smilec/quantize/build-graph.js";
import { type Finetuned, type FinetuneRequest, finetune } from "#smilec/quantize/finetune.js";
import { foldBatchNorm, foldedModel } from "#smilec/quantize/fold.js";
import { quantizeModel } from "#smilec/quantize/quantize.js";
import { int8Weights, simulatedActivations } from "#smilec/quantize/simulate.js";
import { floatLogits, networkInputs } from "#smilec/train/evaluate.js";
import { parametersHash } from "#smilec/train/float-model.js";
import { argmax } from "#smilec/train/loss.js";
import { type FloatModel, parameterLayout } from "#smilec/train/network.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";
import { barSource } from "../support/memory-source.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shortOptions, trainOnBars } from "../support/training-request.js";

jest.setTimeout(120_000);

const folder = temporaryFolders();
const preprocess = { size: 16, normalize: "standardize" } as const;
const val = barSource(20, 120, 9);

function request(model: FloatModel, overrides: Partial<FinetuneRequest> = {}): FinetuneRequest {
  const exact = barSource(16, 40, 1);
  return {
    model,
    train: barSource(20, 230, 1),
    val,
    options: shortOptions(),
    preprocess,
    workDir: folder(),
    context: recordingContext(),
    calibration: networkInputs(exact, preprocess),
    quantize: { percentile: 99.99, finetuneEpochs: 3, finetuneLearningRate: 1e-3 },
    createBackend: createWasmBackend,
    ...overrides,
  };
}

/** int8 outputs of the graph that follows from a fine-tuned model. */
function graphOutputs({ model, activations }: Finetuned): Int8Array[] {
  return outputsOf(buildGraph(model.network, foldBatchNorm(model), activations).graph);
}

function outputsOf(graph: Int8Graph): Int8Array[] {
  const interpreter = new ReferenceInterpreter(graph);
  return [...networkInputs(val, preprocess)].map((input) => interpreter.run([input])[0].slice() as Int8Array);
}

describe("quantization-aware training", () => {
  let trained: FloatModel;
  let tuned: Finetuned;
  beforeAll(async () => {
    trained = (
      await trainOnBars(folder(), shortOptions({ epochs: 12, augment: { noise: { gain: 64, probability: 1 } } }))
    ).model;
    tuned = await finetune(request(trained));
  });

  it("starts from the trained function: folding changes nothing", async () => {
    const [before, after] = await Promise.all(
      [trained, foldedModel(trained)].map((model) => floatLogits({ model, source: val, preprocess })),
    );
    expect(before.length).toBe(240);
    before.forEach((value, i) => {
      expect(after[i]).toBeCloseTo(value, 3);
    });
    expect(foldedModel(trained).network.layers.some((layer) => "batchNorm" in layer && layer.batchNorm)).toBe(false);
  });

  it("trains what the int8 graph computes: simulated and exact outputs agree within two steps", async () => {
    const { model, activations } = tuned;
    const backend = await createWasmBackend({
      network: model.network,
      batchSize: 120,
      input: { scale: activations[0].scale[0], zeroPoint: activations[0].zeroPoint[0] },
      threads: 1,
      quantization: simulatedActivations(activations),
    });
    const inputs = Int8Array.from([...networkInputs(val, preprocess)].flatMap((input) => [...input]));
    const weights = int8Weights(model.network, activations).apply(model.parameters);
    const simulated = await backend.logits(weights, inputs, val.count);
    await backend.dispose();
    const { scale, zeroPoint } = activations[activations.length - 1];
    const steps = graphOutputs(tuned).flatMap((outputs, i) =>
      [...outputs].map((q, k) => q - zeroPoint[0] - Math.round(simulated[2 * i + k] / scale[0])),
    );
    expect(steps).toHaveLength(240);
    expect(Math.max(...steps.map(Math.abs))).toBeLessThanOrEqual(2);
    expect(steps.filter((step) => step === 0).length).toBeGreaterThan(160);
  });

  it("keeps what was learned", () => {
    const right = graphOutputs(tuned).filter((outputs, i) => argmax(outputs, 0, 2) === val.labels[i]).length;
    expect(right / val.count).toBeGreaterThan(0.95);
    expect(tuned.history).toHaveLength(3);
    expect(tuned.history[0].learningRate).toBeLessThanOrEqual(1e-3);
    expect(tuned.model.parameters).not.toEqual(foldedModel(trained).parameters);
  });

  it("repairs what rounding breaks", async () => {
    // Both logits get the same large share of one input: the probabilities stay, but int8 steps of the last layer become coarse.
    const broken = { ...trained, parameters: trained.parameters.slice() };
    const { offset } = parameterLayout(broken.network).findLast(({ role }) => role === "kernel")!;
    for (const unit of [0, 1]) broken.parameters[offset + unit] += 100;
    const float = await floatLogits({ model: broken, source: val, preprocess });
    const exact = networkInputs(barSource(16, 40, 1), preprocess);
    const { graph } = await quantizeModel(broken, preprocess, exact, { percentile: 99.99 });
    const quantize = { percentile: 99.99, finetuneEpochs: 12, finetuneLearningRate: 1e-2 };
    const repaired = await finetune(request(broken, { quantize }));
    const right = (outputs: readonly ArrayLike<number>[]) =>
      outputs.filter((one, i) => argmax(one, 0, 2) === val.labels[i]).length / val.count;
    expect(right(Array.from(val.labels, (_, i) => float.subarray(2 * i, 2 * i + 2)))).toBeGreaterThan(0.95);
    const rounded = right(outputsOf(graph));
    expect(rounded).toBeLessThan(0.9);
    expect(right(graphOutputs(repaired))).toBeGreaterThan(rounded + 0.05);
  });

  it("gives the same bytes for any number of threads and after an interruption", async () => {
    const again = await finetune(request(trained, { options: shortOptions({ threads: 1 }) }));
    expect(parametersHash(again.model.parameters)).toBe(parametersHash(tuned.model.parameters));
    const workDir = folder();
    const controller = new AbortController();
    const { reporter } = recordingContext();
    const info = (line: string) => {
      if (line.startsWith("epoch 2/")) controller.abort();
    };
    const context = { reporter: { ...reporter, info }, signal: controller.signal };
    await expect(finetune(request(trained, { workDir, context }))).rejects.toThrow("interrupted");
    const resumed = await finetune(request(trained, { workDir }));
    expect(parametersHash(resumed.model.parameters)).toBe(parametersHash(tuned.model.parameters));
    expect(resumed.activations).toEqual(tuned.activations);
  });
});
