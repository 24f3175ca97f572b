import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { ToolError, UserError } from "#smilec/errors.js";
import { type Architecture, buildNetwork } from "#smilec/train/architectures.js";
import { loadFloatModel, saveFloatModel } from "#smilec/train/float-model.js";
import { initialParameters } from "#smilec/train/initialize.js";
import { macCount, parameterLayout } from "#smilec/train/network.js";
import { describeBackend, selectBackend } from "#smilec/train/select-backend.js";
import { loadTfjsNode } from "#smilec/train/tfjs-node.js";
import { oddNetwork } from "../support/odd-network.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);

const folder = temporaryFolders();

async function savedModel() {
  const network = oddNetwork();
  const model = { network, parameters: initialParameters(network, 1) };
  const dir = folder();
  await saveFloatModel(model, dir);
  return { model, dir };
}

describe("float models on disk", () => {
  it("come back as they were", async () => {
    const { model, dir } = await savedModel();
    expect(await loadFloatModel(dir)).toEqual(model);
  });

  const damages: [string, (dir: string) => void][] = [
    ["a missing description", (dir) => rmSync(join(dir, "network.json"))],
    ["missing parameters", (dir) => rmSync(join(dir, "parameters.f32"))],
    ["a description that is no JSON", (dir) => writeFileSync(join(dir, "network.json"), "{")],
    [
      "a description of another version",
      (dir) => edit(dir, (text) => text.replace('"formatVersion": 1', '"formatVersion": 2')),
    ],
    ["a layer that reads a later one", (dir) => edit(dir, (text) => text.replace('"input": 10', '"input": 11'))],
    [
      "an addition of two shapes",
      (dir) => edit(dir, (text) => text.replace(/"inputs": \[\s*6,\s*2/, '"inputs": [6, 1')),
    ],
    ["cut parameters", (dir) => writeParameters(dir, (bytes) => bytes.subarray(0, bytes.length - 4))],
    ["half a float", (dir) => writeParameters(dir, (bytes) => bytes.subarray(0, bytes.length - 2))],
    ["a flipped bit", (dir) => writeParameters(dir, (bytes) => bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)))],
  ];

  function edit(dir: string, change: (text: string) => string): void {
    const path = join(dir, "network.json");
    const text = readFileSync(path, "utf8");
    expect(change(text)).not.toBe(text);
    writeFileSync(path, change(text));
  }

  function writeParameters(dir: string, change: (bytes: Buffer) => Uint8Array): void {
    const path = join(dir, "parameters.f32");
    writeFileSync(path, change(readFileSync(path)));
  }

  it.each(damages)("with %s are refused with a remedy", async (_, damage) => {
    const { dir } = await savedModel();
    damage(dir);
    const error = await loadFloatModel(dir).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(UserError);
    expect((error as UserError).where).toContain(dir);
    expect((error as UserError).remedy).toMatch(/Train the model again/);
  });
});

describe("architectures", () => {
  it.each([
    ["tiny", 300_000, 10_000],
    ["small", 1_000_000, 45_000],
    ["default", 1_703_000, 78_000],
  ] as [Architecture, number, number][])(
    "%s stays within its multiply-accumulates and parameters",
    (name, macs, size) => {
      const network = buildNetwork(name, 48, 2, 0.2);
      expect(macCount(network)).toBeLessThanOrEqual(macs);
      expect(macCount(network)).toBeGreaterThan(0.9 * macs);
      const parameters = parameterLayout(network).reduce((sum, slot) => sum + slot.size, 0);
      expect(parameters).toBeLessThanOrEqual(size);
      const biased = network.layers.filter((layer) => layer.kind === "conv" && !layer.batchNorm);
      expect(biased).toEqual([]);
    },
  );

  it("start from kernels of the wanted variance, cut at two deviations", () => {
    const network = buildNetwork("default", 48, 2, 0.2);
    const parameters = initialParameters(network, 1);
    let checked = 0;
    for (const { role, offset, size, shape } of parameterLayout(network)) {
      const values = parameters.subarray(offset, offset + size);
      if (role === "kernel" && size > 2000) {
        const variance = values.reduce((sum, value) => sum + value * value, 0) / size;
        expect((variance * size) / shape[3] / 2).toBeCloseTo(1, 0);
        checked++;
      }
      if (role === "gamma" || role === "movingVariance") expect(values.every((value) => value === 1)).toBe(true);
    }
    expect(checked).toBeGreaterThan(4);
  });
});

describe("the choice of a backend", () => {
  const network = buildNetwork("tiny", 16, 2, 0);
  const request = { network, batchSize: 8, input: { scale: 1, zeroPoint: 0 }, threads: 1 };

  it("is tfjs-node exactly where it loads, and says why", async () => {
    const loaded = await loadTfjsNode();
    const { backend, reason } = await selectBackend("auto", request);
    await backend.dispose();
    expect(backend.name).toBe("tf" in loaded ? "tfjs-node" : "wasm");
    expect(reason).toMatch(/@tensorflow\/tfjs-node (loads|is not installed|is installed without|does not)/);
  });

  it("obeys the configuration, with a remedy where it cannot", async () => {
    const { backend } = await selectBackend("wasm", request);
    await backend.dispose();
    expect(backend.name).toBe("wasm");
    if ("tf" in (await loadTfjsNode()))
      return expect((await selectBackend("tfjs-node", request)).backend.name).toBe("tfjs-node");
    const error = await selectBackend("tfjs-node", request).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ToolError);
    expect((error as ToolError).remedy).toContain("train.backend");
  });

  it("is described with its speed", async () => {
    const description = await describeBackend("wasm", 1, 0.1);
    expect(description.name).toBe("wasm");
    expect(description.picturesPerSecond).toBeGreaterThan(0);
  });
});
