/** The whole path on real pictures: import, a short training, int8, firmware, presses, exact replay; and what the shipped model's card claims. */

import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "#smilec/files/package-root.js";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const SMILES = join(packageRoot, "../shared/data/smiles");
const missing = existsSync(join(SMILES, "smile")) ? "" : ` (the pictures are not in ${SMILES})`;
const here = missing === "" ? it : it.skip;
const folder = temporaryFolders();

/** Test pictures of both classes by number. */
const SHOWN = Array.from({ length: 30 }, (_, i) => 10_600 + 41 * i);

function shownPictures(): string {
  const images = folder();
  for (const label of ["smile", "neutral"]) {
    mkdirSync(join(images, label));
    for (const number of SHOWN) {
      const file = join(SMILES, label, `${number}.jpg`);
      if (existsSync(file)) copyFileSync(file, join(images, label, `${number}.jpg`));
    }
  }
  return images;
}

describe("the SMILEs pictures", () => {
  here(
    `go the whole path with a short training${missing}`,
    async () => {
      const cwd = folder();
      const train = { architecture: "tiny", epochs: 4, backend: "wasm", learningRate: 0.01, warmupEpochs: 0.5 };
      writeFileSync(join(cwd, "smilec.config.json"), JSON.stringify({ name: "smiles", train }));
      const imported = await smilec(["data", "import", SMILES, "--json"], { cwd });
      expect(imported.exitCode).toBe(0);
      expect(JSON.parse(imported.stdout).count).toBeGreaterThan(13_000);
      const quantized = await smilec(["quantize", "--json"], { cwd });
      expect(quantized.exitCode).toBe(0);
      const { validation } = JSON.parse(quantized.stdout);
      // Always answering "neutral" is right 74.5 % of the time.
      expect(validation.floatAccuracy).toBeGreaterThan(0.8);
      expect(Math.abs(validation.int8Accuracy - validation.floatAccuracy)).toBeLessThan(0.02);
      const simulated = await smilec(["simulate", "--images", shownPictures(), "--whole", "--golden", "--json"], {
        cwd,
      });
      expect(simulated.exitCode).toBe(0);
      const { presses, golden } = JSON.parse(simulated.stdout);
      expect(presses.length).toBeGreaterThanOrEqual(SHOWN.length - 2);
      expect(golden.captures).toBe(3 * presses.length);
      expect(golden.differences).toEqual([]);
    },
    600_000,
  );

  here(
    `are judged by the shipped model as its card says${missing}`,
    async () => {
      const cwd = folder();
      writeFileSync(join(cwd, "smilec.config.json"), '{"name": "shipped"}');
      const result = await smilec(["simulate", "--images", shownPictures(), "--whole", "--golden", "--json"], { cwd });
      expect(result.exitCode).toBe(0);
      const { presses, golden } = JSON.parse(result.stdout) as {
        presses: { label: string; smile: boolean }[];
        golden: { differences: string[] };
      };
      expect(golden.differences).toEqual([]);
      const right = presses.filter(({ label, smile }) => (label === "smile") === smile).length / presses.length;
      const card = JSON.parse(readFileSync(join(packageRoot, "models/smile-48/card.json"), "utf8"));
      // A few dozen pictures: within three standard errors of the card's test accuracy at the threshold.
      const { truePositives, trueNegatives, falsePositives, falseNegatives } = card.test.operating.confusion;
      const claimed =
        (truePositives + trueNegatives) / (truePositives + trueNegatives + falsePositives + falseNegatives);
      expect(right).toBeGreaterThan(claimed - 3 * Math.sqrt((claimed * (1 - claimed)) / presses.length));
    },
    300_000,
  );

  here(
    `are evaluated as the shipped model's card says${missing}`,
    async () => {
      const result = await smilec(["eval", "--data", SMILES, "--split", "test", "--json"], { cwd: folder() });
      expect(result.exitCode).toBe(0);
      const { int8, data } = JSON.parse(result.stdout);
      const card = JSON.parse(readFileSync(join(packageRoot, "models/smile-48/card.json"), "utf8"));
      const { count, int8: claimed, operating } = card.test;
      expect(int8.count).toBe(count);
      for (const key of ["accuracy", "averagePrecision", "recallAt70", "rocAuc"]) {
        expect(int8.quality[key].value).toBeCloseTo(claimed[key].value, 9);
        expect(int8.quality[key].low).toBeLessThan(claimed[key].value);
        expect(int8.quality[key].high).toBeGreaterThan(claimed[key].value);
      }
      expect(int8.operating.confusion).toEqual(operating.confusion);
      expect(data.reasons).toEqual({ "conflicting-label": 14 });
    },
    300_000,
  );
});
