import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { describe, expect, it, jest } from "@jest/globals";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { InterruptedError, UserError } from "#smilec/errors.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import type { TrainingBackend } from "#smilec/train/backend.js";
import { classWeights } from "#smilec/train/classes.js";
import { dropoutMasks } from "#smilec/train/dropout.js";
import { floatLogits, logitQuality } from "#smilec/train/evaluate.js";
import { parametersHash } from "#smilec/train/float-model.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { parameterLayout } from "#smilec/train/network.js";
import { scheduleAt } from "#smilec/train/schedule.js";
import { teacherOn } from "#smilec/train/teacher.js";
import { CHECKPOINT_FILE, type TrainRequest } from "#smilec/train/train.js";
import { createWasmBackend } from "#smilec/train/wasm/backend.js";
import { barSource, memorySource } from "../support/memory-source.js";
import { oddNetwork } from "../support/odd-network.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shortOptions, trainOnBars } from "../support/training-request.js";

jest.setTimeout(120_000);

const folder = temporaryFolders();
const CHILD = fileURLToPath(new URL("../support/training-child.mjs", import.meta.url));

/** A context that is aborted when a line of the report matches. */
function abortingContext(pattern: RegExp) {
  const controller = new AbortController();
  const context = recordingContext(controller.signal);
  const info = (line: string) => {
    context.reporter.info(line);
    if (pattern.test(line)) controller.abort();
  };
  return { ...context, reporter: { ...context.reporter, info } };
}

/** A backend whose gradient is broken in one layer from the given call on. */
async function poisonedBackend(call: number): Promise<TrainingBackend> {
  const { dropout, batchSize } = shortOptions();
  const network = buildNetwork("tiny", 16, 2, dropout);
  const backend = await createWasmBackend({ network, batchSize, input: { scale: 3 / 127, zeroPoint: 0 }, threads: 1 });
  const { offset } = parameterLayout(network).find(({ layer }) => network.layers[layer].name === "stage3")!;
  let calls = 0;
  return {
    name: backend.name,
    statisticsGroup: backend.statisticsGroup,
    logits: (...args) => backend.logits(...args),
    dispose: () => backend.dispose(),
    gradients: async (parameters, batch) => {
      const result = await backend.gradients(parameters, batch);
      if (++calls >= call) result.gradient[offset] = Number.POSITIVE_INFINITY;
      return result;
    },
  };
}

describe("training", () => {
  it("learns to tell patterns apart", async () => {
    const { model, history, bestEpoch } = await trainOnBars(folder(), shortOptions({ epochs: 12 }));
    expect(history).toHaveLength(12);
    const test = barSource(20, 100, 3);
    const logits = await floatLogits({ model, source: test, preprocess: { size: 16, normalize: "standardize" } });
    expect(logits).toHaveLength(200);
    expect(logitQuality(logits, test.labels).accuracy).toBeGreaterThan(0.95);
    const losses = history.map((record) => record.validationLoss);
    expect(bestEpoch).toBe(losses.indexOf(Math.min(...losses)) + 1);
  });

  it("overfits a handful of pictures whose labels are random", async () => {
    const few = barSource(20, 16, 4);
    const shuffled = { ...few, labels: Uint8Array.from(few.labels, (_, i) => (i * 7 + (i >> 2)) % 2) };
    const options = shortOptions({
      epochs: 60,
      batchSize: 8,
      dropout: 0,
      labelSmoothing: 0,
      augment: NO_AUGMENTATION,
      threads: 1,
    });
    const { history } = await trainOnBars(folder(), options, { train: shuffled, val: shuffled });
    expect(history[history.length - 1].loss).toBeLessThan(0.05);
    expect(history[history.length - 1].accuracy).toBe(1);
  });

  it("gives the same bytes and history for 1, 2 and 3 threads, and others for another seed", async () => {
    const runs = [];
    for (const threads of [1, 2, 3]) runs.push(await trainOnBars(folder(), shortOptions({ epochs: 3, threads })));
    const hashes = runs.map(({ model }) => parametersHash(model.parameters));
    expect(new Set(hashes).size).toBe(1);
    expect(runs[1].history).toEqual(runs[0].history);
    const other = await trainOnBars(folder(), shortOptions({ epochs: 3, seed: 2 }));
    expect(parametersHash(other.model.parameters)).not.toBe(hashes[0]);
  });

  const HARSH = { noise: { gain: 128, probability: 1 }, contrast: 1, unevenLight: 5 };

  it("is steadier when it evaluates and keeps the moving average of the weights", async () => {
    const noisy = { epochs: 12, learningRate: 0.03, warmupEpochs: 0, augment: HARSH };
    const losses = async (averaging: number) =>
      (await trainOnBars(folder(), shortOptions({ ...noisy, averaging }))).history.map(
        (record) => record.validationLoss,
      );
    const roughness = (values: number[]) =>
      values.slice(1).reduce((sum, value, i) => sum + Math.abs(value - values[i]), 0);
    expect(roughness(await losses(0.95))).toBeLessThan(roughness(await losses(0)));
  });

  it("learns from a teacher what the labels do not say", async () => {
    const options = shortOptions({ epochs: 10, labelSmoothing: 0, averaging: 0 });
    const { model } = await trainOnBars(folder(), options);
    const backend = await createWasmBackend({
      network: model.network,
      batchSize: options.batchSize,
      input: { scale: 3 / 127, zeroPoint: 0 },
      threads: 1,
    });
    const teacher = teacherOn(backend, model, { weight: 0.9, temperature: 2 });
    // Half of the labels are wrong: alone they teach nothing.
    const bars = barSource(20, 230, 1);
    const train = { ...bars, labels: bars.labels.map((label, i) => (i % 4 < 2 ? 1 - label : label)) };
    const context = recordingContext();
    const accuracy = async (request: Partial<TrainRequest>) =>
      (await trainOnBars(folder(), options, { train, ...request })).history.at(-1)!.validationAccuracy;
    expect(await accuracy({ teacher, context })).toBeGreaterThan(0.9);
    expect(await accuracy({})).toBeLessThan(0.8);
    await backend.dispose();
  });

  it("stops early when the validation loss no longer falls, and keeps the best epoch", async () => {
    const val = barSource(20, 60, 2);
    // With the validation labels inverted, learning makes the validation loss worse.
    const inverted = { ...val, labels: val.labels.map((label) => 1 - label) };
    const context = recordingContext();
    const options = shortOptions({ epochs: 40, earlyStopping: 3 });
    const result = await trainOnBars(folder(), options, { val: inverted, context });
    expect(result.stoppedEarly).toBe(true);
    expect(result.history.length).toBe(result.bestEpoch + 3);
    expect(result.history.length).toBeLessThan(40);
    expect(context.lines.join("\n")).toContain("stopped early");
    const logits = await floatLogits({
      model: result.model,
      source: inverted,
      preprocess: { size: 16, normalize: "standardize" },
    });
    const kept = logitQuality(logits, inverted.labels).loss;
    expect(kept).toBeCloseTo(result.history[result.bestEpoch - 1].validationLoss, 5);
  });

  it("with inverse-frequency balance leans less towards the label that is more common", async () => {
    // The pictures say nothing about their labels, so all there is to learn is how common these are: one in twelve.
    const pictures = barSource(20, 240, 5);
    const train = { ...pictures, labels: pictures.labels.map((_, i) => (Math.floor(i / 2) % 12 === 0 ? 1 : 0)) };
    const leaning = async (classBalance: string) => {
      const options = shortOptions({ epochs: 6, classBalance, labelSmoothing: 0 });
      const { model } = await trainOnBars(folder(), options, { train, val: train });
      const logits = await floatLogits({ model, source: train, preprocess: { size: 16, normalize: "standardize" } });
      return train.labels.reduce((sum, _, i) => sum + logits[2 * i + 1] - logits[2 * i], 0) / train.count;
    };
    expect(await leaning("inverse-frequency")).toBeGreaterThan((await leaning("none")) + 0.3);
  });

  it("refuses data that cannot be trained on", async () => {
    const empty = memorySource(20, [], []);
    const oneClass = memorySource(
      20,
      barSource(20, 10, 1).labels.length ? [new Uint8Array(400), new Uint8Array(400)] : [],
      [0, 0],
    );
    await expect(trainOnBars(folder(), shortOptions(), { train: empty })).rejects.toThrow(
      /training split has no pictures/,
    );
    await expect(trainOnBars(folder(), shortOptions(), { val: empty })).rejects.toThrow(
      /validation split has no pictures/,
    );
    await expect(trainOnBars(folder(), shortOptions(), { train: oneClass })).rejects.toThrow(
      /training split has no picture of label 2 of 2/,
    );
    await expect(trainOnBars(folder(), shortOptions(), { val: oneClass })).rejects.toThrow(
      /validation split has no picture of label 2 of 2/,
    );
  });

  it("says so when it diverges", async () => {
    const backend = {
      name: "wasm" as const,
      statisticsGroup: 32,
      gradients: async () => ({ loss: Number.NaN, correct: 0, gradient: new Float32Array(0) }),
      logits: async () => new Float32Array(0),
      dispose: async () => undefined,
    };
    const run = trainOnBars(folder(), shortOptions(), { backend });
    await expect(run).rejects.toThrow(/diverged in epoch 1 at step 0/);
    await expect(run).rejects.toBeInstanceOf(UserError);
  });

  it("names the batch and the reason when weights run away, and keeps the last good checkpoint", async () => {
    const dir = folder();
    const options = shortOptions({ epochs: 3 });
    const aborted = trainOnBars(dir, options, { context: abortingContext(/^epoch 1\//) });
    await expect(aborted).rejects.toBeInstanceOf(InterruptedError);
    const checkpoint = readFileSync(join(dir, CHECKPOINT_FILE));
    const backend = await poisonedBackend(3);
    const pictureName = (picture: number) => `bars: ${picture}.png`;
    const error = await trainOnBars(dir, options, { backend, pictureName }).catch(
      (caught: unknown) => caught as UserError,
    );
    expect(error).toBeInstanceOf(UserError);
    const { message, detail = "", where } = error as UserError;
    expect(message).toMatch(/diverged in epoch 2 at step 8:/);
    expect(where).toBe("train.learningRate");
    expect(detail).toMatch(/the weights are sound .*, but the gradient of stage3 overflowed/);
    expect(detail).toMatch(/the batch's 3[89] pictures: bars: \d+\.png, .*\.\.\./);
    expect(detail).toContain(`the last good checkpoint is kept: ${join(dir, CHECKPOINT_FILE)}`);
    await backend.dispose();
    expect(readFileSync(join(dir, CHECKPOINT_FILE))).toEqual(checkpoint);
    const resumed = await trainOnBars(dir, options);
    expect(resumed.model.parameters).toEqual((await trainOnBars(folder(), options)).model.parameters);
  });

  it("says which weights ran away", async () => {
    const run = trainOnBars(folder(), shortOptions({ learningRate: 1, warmupEpochs: 0 }), {
      initial: initialParameters(buildNetwork("tiny", 16, 2, 0.2), 1).map((value) => value * 1e30),
    });
    await expect(run).rejects.toMatchObject({
      detail: expect.stringMatching(/why: the weights ran away: up to .*e\+\d+ in/),
    });
  });
});

describe("resuming", () => {
  it("after an abort gives the bytes of an unbroken run, whatever the threads", async () => {
    const unbroken = await trainOnBars(folder(), shortOptions());
    const dir = folder();
    const aborted = trainOnBars(dir, shortOptions({ threads: 1 }), { context: abortingContext(/^epoch 2\//) });
    await expect(aborted).rejects.toBeInstanceOf(InterruptedError);
    const context = recordingContext();
    const resumed = await trainOnBars(dir, shortOptions({ threads: 3 }), { context });
    expect(
      context.lines.filter((line) => line.startsWith("continuing from the checkpoint at step 12 of 36")),
    ).toHaveLength(1);
    expect(parametersHash(resumed.model.parameters)).toBe(parametersHash(unbroken.model.parameters));
    expect(resumed.history).toEqual(unbroken.history);
  });

  it("in the middle of an epoch keeps that epoch's sums", async () => {
    const unbroken = await trainOnBars(folder(), shortOptions({ epochs: 2 }));
    const dir = folder();
    const controller = new AbortController();
    const { reporter } = recordingContext();
    const progress = () => ({
      update: (done: number) => {
        if (done > 300) controller.abort();
      },
      end: () => undefined,
    });
    const context = { reporter: { ...reporter, progress }, signal: controller.signal };
    await expect(trainOnBars(dir, shortOptions({ epochs: 2 }), { context })).rejects.toBeInstanceOf(InterruptedError);
    const after = recordingContext();
    const resumed = await trainOnBars(dir, shortOptions({ epochs: 2 }), { context: after });
    expect(after.lines.find((line) => line.startsWith("continuing"))).toMatch(/at step (8|9|10|11) of 12/);
    expect(resumed.history).toEqual(unbroken.history);
    expect(resumed.model.parameters).toEqual(unbroken.model.parameters);
  });

  it("of a finished run trains nothing and gives its result", async () => {
    const dir = folder();
    const first = await trainOnBars(dir, shortOptions({ epochs: 2 }));
    const context = recordingContext();
    const again = await trainOnBars(dir, shortOptions({ epochs: 2 }), { context });
    expect(again).toEqual(first);
    expect(context.lines.filter((line) => line.startsWith("epoch"))).toEqual([]);
  });

  it("keeps the average of the weights", async () => {
    for (const averaging of [0, 0.95]) {
      const unbroken = await trainOnBars(folder(), shortOptions({ averaging }));
      const dir = folder();
      const options = shortOptions({ averaging });
      const aborted = trainOnBars(dir, options, { context: abortingContext(/^epoch 3\//) });
      await expect(aborted).rejects.toBeInstanceOf(InterruptedError);
      expect((await trainOnBars(dir, options)).model.parameters).toEqual(unbroken.model.parameters);
    }
  });

  it("says what another network's or version's checkpoint is", async () => {
    const dir = folder();
    const options = shortOptions({ epochs: 1 });
    await trainOnBars(dir, options);
    const network = { ...buildNetwork("tiny", 16, 2, options.dropout), name: "other" };
    const context = recordingContext();
    await trainOnBars(dir, options, { network, context });
    expect(context.lines.filter((line) => line.includes("it is of another network (tiny, not other)"))).toHaveLength(1);
    const path = join(dir, CHECKPOINT_FILE);
    const older = Buffer.from(readFileSync(path));
    older.write("SMILECK1", 0, "latin1");
    writeFileSync(path, older);
    await trainOnBars(dir, options, { context });
    expect(context.lines.filter((line) => line.includes("another version of smilec wrote it"))).toHaveLength(1);
  });

  it("discards a damaged, cut or foreign checkpoint with a warning and starts anew", async () => {
    const options = shortOptions({ epochs: 2 });
    const dir = folder();
    const path = join(dir, CHECKPOINT_FILE);
    const expected = await trainOnBars(dir, options);
    const whole = readFileSync(path);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1] ^= 4;
    const damages: [Buffer, RegExp][] = [
      [flipped, /checksum is wrong/],
      [whole.subarray(0, whole.length >> 1), /checksum is wrong/],
      [Buffer.alloc(0), /cut short/],
      [Buffer.from("{}"), /cut short or no checkpoint/],
    ];
    for (const [bytes, reason] of damages) {
      writeFileSync(path, bytes);
      const context = recordingContext();
      const result = await trainOnBars(dir, options, { context });
      expect(context.lines.filter((line) => reason.test(line) && line.includes("starts anew"))).toHaveLength(1);
      expect(result.model.parameters).toEqual(expected.model.parameters);
    }
    writeFileSync(path, whole);
    const context = recordingContext();
    const other = await trainOnBars(dir, shortOptions({ epochs: 2, learningRate: 0.001 }), { context });
    expect(context.lines.filter((line) => line.includes("belongs to other options"))).toHaveLength(1);
    expect(other.model.parameters).not.toEqual(expected.model.parameters);
  });

  it("after kill -9 gives the bytes of an unbroken run", async () => {
    const unbroken = await childResult(folder(), 1);
    const dir = folder();
    const child = spawn(process.execPath, [CHILD, dir, "2"], { stdio: ["ignore", "pipe", "inherit"] });
    await lineOf(child, /^epoch 4\//);
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("exit", resolve));
    expect(existsSync(join(dir, CHECKPOINT_FILE))).toBe(true);
    const resumed = await childResult(dir, 2);
    expect(resumed.lines[0]).toMatch(
      /^continuing from the checkpoint at step (63|84|105|126|147|168|189|210|231) of 252$/,
    );
    expect(resumed.hash).toBe(unbroken.hash);
    expect(unbroken.hash).toMatch(/^parameters [0-9a-f]{64}$/);
  });
});

async function lineOf(child: ChildProcess, pattern: RegExp): Promise<void> {
  for await (const line of createInterface({ input: child.stdout! })) if (pattern.test(line)) return;
  throw new Error("the child ended early");
}

async function childResult(dir: string, threads: number): Promise<{ lines: string[]; hash: string }> {
  const child = spawn(process.execPath, [CHILD, dir, String(threads)], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout! })) lines.push(line);
  return { lines, hash: lines[lines.length - 1] };
}

describe("schedule, weights and masks", () => {
  it("warms up linearly to the peak and falls to nothing by half a cosine", () => {
    const schedule = { kind: "cosine", peak: 0.5, warmupSteps: 10, totalSteps: 110 } as const;
    const rates = Array.from({ length: 110 }, (_, step) => scheduleAt(schedule, step).learningRate);
    expect(rates[0]).toBeCloseTo(0.5 / 11, 12);
    for (let i = 1; i <= 10; i++) expect(rates[i]).toBeGreaterThan(rates[i - 1]);
    expect(rates[10]).toBe(0.5);
    expect(rates[60]).toBeCloseTo(0.25, 12);
    for (let i = 11; i < 110; i++) expect(rates[i]).toBeLessThan(rates[i - 1]);
    expect(rates[109]).toBeLessThan(0.001);
  });

  it("goes up and down once, momentum against it", () => {
    const schedule = { kind: "one-cycle", peak: 0.5, warmupSteps: 99, totalSteps: 100 } as const;
    const steps = Array.from({ length: 100 }, (_, step) => scheduleAt(schedule, step));
    const rates = steps.map(({ learningRate }) => learningRate);
    const top = rates.indexOf(Math.max(...rates));
    expect(top).toBe(29);
    expect([rates[0], rates[99]].map((rate) => Number(rate.toPrecision(3)))).toEqual([0.02, 0.000002]);
    expect(rates[top]).toBeCloseTo(0.5, 2);
    for (let i = 1; i < 100; i++) {
      const rises = i <= top;
      expect(rates[i] > rates[i - 1]).toBe(rises);
      expect(steps[i].momentum < steps[i - 1].momentum).toBe(rises);
    }
    expect(steps[0].momentum).toBeCloseTo(0.95, 12);
    expect(steps[top].momentum).toBeCloseTo(0.85, 3);
  });

  it("weighs labels inversely to their number with mean 1 over the pictures", () => {
    const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 2);
    const weights = classWeights(labels, 3, "inverse-frequency");
    expect(weights[1]).toBeCloseTo(3 * weights[0], 12);
    expect(labels.reduce((sum, label) => sum + weights[label], 0)).toBeCloseTo(10, 12);
    expect(classWeights(labels, 3, "none")).toEqual([1, 1, 1]);
  });

  it("weighs labels as often as they are expected in use", () => {
    const labels = Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 2);
    const weights = classWeights(labels, 3, "prior", { positive: 1, share: 0.5 });
    const part = (label: number) => labels.reduce((sum, one) => sum + (one === label ? weights[one] : 0), 0);
    expect([part(0), part(1), part(2)].map((value) => Number(value.toFixed(9)))).toEqual([3.75, 5, 1.25]);
    expect(classWeights(labels, 3, "prior")).toEqual([1, 1, 1]);
  });

  it("drops the wanted part of the inputs and keeps the mean", () => {
    const network = oddNetwork();
    const masks = dropoutMasks(network, 1, 7, 4000);
    const [[layer, mask]] = [...masks];
    expect([masks.size, layer, mask.length]).toEqual([1, network.layers.length - 1, 4000 * 5]);
    expect(mask.filter((value) => value === 0).length / mask.length).toBeCloseTo(0.3, 1);
    expect(mask.reduce((sum, value) => sum + value, 0) / mask.length).toBeCloseTo(1, 1);
    expect(dropoutMasks(network, 1, 8, 4000).get(layer)).not.toEqual(mask);
  });
});
