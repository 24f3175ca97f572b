/** A disk that fills up while a library is written, or that cannot be written at all. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { findCompiler } from "#smilec/build/compiler.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";
import { shippedModelPath } from "../support/tflite-models.js";

const folder = temporaryFolders();
const noFaults = process.platform === "linux" ? undefined : `LD_PRELOAD is for Linux, this is ${process.platform}`;
const onLinux = noFaults === undefined ? it : it.skip;
const reason = noFaults === undefined ? "" : ` (${noFaults})`;

describe("smilec compile on a disk in trouble", () => {
  let library = "";

  beforeAll(async () => {
    if (noFaults !== undefined) return;
    library = join(folder(), "full-disk.so");
    const source = join(packageRoot, "test/support/full-disk.c");
    await runOrThrow(
      (await findCompiler()).command,
      ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"],
      "compiling",
    );
  });

  const faulty = (cwd: string, faults: Record<string, string>) =>
    smilec(["compile", shippedModelPath, "--out", "lib"], {
      cwd,
      env: { LD_PRELOAD: library, FAULT_FOLDER: cwd, ...faults },
    });

  onLinux(
    `leaves nothing wherever the disk fills up, and an older library whole${reason}`,
    async () => {
      let failures = 0;
      for (let budget = 200; failures < 20; budget = Math.round(budget * 3.3)) {
        const cwd = folder();
        const { exitCode, stderr } = await faulty(cwd, { FAULT_BYTES: String(budget) });
        if (exitCode === 0) break;
        failures++;
        expect(exitCode).toBe(4);
        expect(stderr).toContain("the disk is full");
        expect(readdirSync(cwd)).toEqual([]);
      }
      expect(failures).toBeGreaterThanOrEqual(4);

      const cwd = folder();
      await smilec(["compile", shippedModelPath, "--out", "lib"], { cwd });
      const source = readFileSync(join(cwd, "lib/src/model.c"));
      expect(await faulty(cwd, { FAULT_BYTES: "0" })).toMatchObject({ exitCode: 0 });
      expect(readFileSync(join(cwd, "lib/src/model.c")).equals(source)).toBe(true);
    },
    60_000,
  );

  onLinux(
    `says that the folder cannot be written${reason}`,
    async () => {
      const cwd = folder();
      const { exitCode, stderr } = await faulty(cwd, { FAULT_READONLY: "1" });
      expect(exitCode).toBe(4);
      expect(stderr).toContain("the file system is read-only");
      expect(readdirSync(cwd)).toEqual([]);
    },
    60_000,
  );
});
