/** A disk that fills up while smilec works, and one that cannot be written at all; a library preloaded into it makes the faults. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { findCompiler } from "#smilec/build/compiler.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

const CONFIG = {
  input: { size: 16 },
  data: { synthetic: { count: 80, seed: 4 } },
  train: { architecture: "tiny", epochs: 1, batchSize: 16, backend: "wasm", threads: 1 },
  quantize: { calibration: 16 },
};

function project(): string {
  const cwd = folder();
  writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify(CONFIG));
  return cwd;
}

const noFaults = process.platform === "linux" ? undefined : `LD_PRELOAD is for Linux, this is ${process.platform}`;
const onLinux = noFaults === undefined ? it : it.skip;
const reason = noFaults === undefined ? "" : ` (${noFaults})`;

describe("smilec on a disk in trouble", () => {
  let library: string;
  let work: string;

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "smilec-fault-"));
    library = join(work, "full-disk.so");
    if (noFaults !== undefined) return;
    const source = join(packageRoot, "test/support/full-disk.c");
    await runOrThrow(
      (await findCompiler()).command,
      ["-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"],
      "compiling",
    );
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  const faulty = (cwd: string, args: readonly string[], faults: Record<string, string>) =>
    smilec(args, { cwd, env: { LD_PRELOAD: library, FAULT_FOLDER: cwd, ...faults } });

  onLinux(
    `says that the disk is full wherever it fills up, leaves nothing half-written, and goes on when there is room${reason}`,
    async () => {
      const whole = project();
      expect((await smilec(["quantize"], { cwd: whole })).exitCode).toBe(0);
      const wanted = readFileSync(join(whole, "models/model.tflite"));

      const cwd = project();
      let failures = 0;
      // Every budget fails a little later in the work, until one is enough.
      for (let budget = 100; failures < 30; budget = Math.round(budget * 3.3)) {
        const result = await faulty(cwd, ["quantize"], { FAULT_BYTES: String(budget) });
        if (result.exitCode === 0) break;
        failures++;
        expect(result.stderr).toContain("the disk is full");
        expect(result.stderr).toContain("Free some space");
        expect(result.stderr).not.toMatch(/^\s+at /m);
        expect(result.exitCode).toBe(4);
        expect(readdirSync(cwd).filter((name) => name.startsWith("models"))).toEqual([]);
      }
      expect(failures).toBeGreaterThanOrEqual(4);
      expect(readFileSync(join(cwd, "models/model.tflite"))).toEqual(wanted);
    },
    240_000,
  );

  onLinux(
    `says that a folder cannot be written${reason}`,
    async () => {
      const cwd = folder();
      const init = await faulty(cwd, ["init", "--yes"], { FAULT_READONLY: "1" });
      expect(init.exitCode).toBe(4);
      expect(init.stderr).toContain("the file system is read-only");
      expect(readdirSync(cwd)).toEqual([]);
      const there = project();
      const train = await faulty(there, ["train"], { FAULT_READONLY: "1" });
      expect(train.exitCode).toBe(4);
      expect(train.stderr).toContain("Choose a folder that can be written");
    },
    60_000,
  );
});
