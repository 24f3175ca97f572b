/** `smilec train` and `smilec quantize` where the data or the configuration are not what they should be. */

import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const CONFIG = {
  name: "training-bot",
  input: { size: 16 },
  data: { synthetic: { count: 200, seed: 4 } },
  train: { architecture: "tiny", epochs: 2, batchSize: 32, backend: "wasm" },
  quantize: { calibration: 32, finetuneEpochs: 1 },
};

function configure(cwd: string, overrides: object): string {
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ ...CONFIG, ...overrides }));
  return cwd;
}

describe("training", () => {
  let cwd: string;
  beforeAll(async () => {
    cwd = configure(folder(), {});
    expect((await smilec(["train"], { cwd })).exitCode).toBe(0);
  }, 120_000);

  it("says what the network costs before it trains", async () => {
    configure(cwd, { train: { ...CONFIG.train, seed: 2 } });
    const { stderr } = await smilec(["train"], { cwd });
    const cost = stderr.indexOf("9 k parameters, 0.03 M MAC, model 15 kB, arena ");
    expect(cost).toBeGreaterThan(0);
    expect(stderr.slice(cost)).toMatch(/^.* about \d+ ms on esp32cam\n[\s\S]*epoch 1\/2/);
  }, 60_000);

  it("learns from a network trained before, given as its folder", async () => {
    const [key] = readdirSync(join(cwd, ".smilec/train"));
    const distillation = { teacher: join(".smilec/train", key) };
    configure(cwd, { train: { ...CONFIG.train, architecture: "small", distillation } });
    const learned = await smilec(["train"], { cwd });
    expect([learned.exitCode, learned.stderr]).toEqual([0, expect.stringContaining("learning from tiny")]);
  }, 60_000);

  it.each([
    ["nowhere", {}, "there is no float model in"],
    ["folder", { input: { size: 24 } }, "the teacher looks at 16x16x1 pictures, the network at 24x24x1"],
  ])(
    "refuses a teacher that does not fit: %s",
    async (teacher, overrides, message) => {
      const [key] = readdirSync(join(cwd, ".smilec/train"));
      const path = teacher === "folder" ? join(".smilec/train", key) : teacher;
      configure(cwd, { ...overrides, train: { ...CONFIG.train, distillation: { teacher: path } } });
      const refused = await smilec(["train"], { cwd });
      expect([refused.exitCode, refused.stderr]).toEqual([2, expect.stringContaining(message)]);
      expect(refused.stderr).toContain("train.distillation.teacher");
    },
    60_000,
  );

  it("says when there are too few pictures to calibrate, and leaves probabilities as they are", async () => {
    const few = configure(folder(), { data: { synthetic: { count: 100, seed: 4 } } });
    const quantized = await smilec(["quantize", "--json"], { cwd: few });
    expect(quantized.exitCode).toBe(0);
    expect(quantized.stderr).toMatch(/validation has only \d pictures of .*: too few to calibrate probabilities/);
    expect(JSON.parse(quantized.stdout).temperature).toBe(1);
  }, 60_000);

  it("says when a network cannot be as it is configured", async () => {
    configure(cwd, { train: { ...CONFIG.train, architecture: { stem: 2, stages: [] } } });
    const refused = await smilec(["train"], { cwd });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("train.architecture");
  }, 60_000);
});
