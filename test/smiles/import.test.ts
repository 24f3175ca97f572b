import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { openCatalogue, readRejected } from "#smilec/data/catalogue.js";
import { importPictures } from "#smilec/data/import.js";
import { parseLabelMap } from "#smilec/data/labels.js";
import type { Split } from "#smilec/data/types.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(180_000);

const data = join(packageRoot, "..", "shared", "data");
const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
/** The data's own README: numbers of each split. */
const RANGES: readonly [Split, number, number][] = [
  ["train", 1, 9263],
  ["val", 9264, 10586],
  ["test", 10587, 13235],
];

(existsSync(join(data, "smiles")) ? describe : describe.skip)("the SMILEs set", () => {
  it("is recognised by its shape and split by number; pictures with both labels are left out", async () => {
    const from = join(data, "smiles");
    const into = folder();
    const result = await importPictures({ from, into, context });
    expect(result.layout).toBe("smiles");
    const numbers = (label: string) => readdirSync(join(from, label)).map((name) => Number.parseInt(name, 10));
    const files = { smile: numbers("smile"), neutral: numbers("neutral") };
    expect([files.smile.length, files.neutral.length]).toEqual([3690, 9475]);
    const both = new Set(files.smile.filter((number) => files.neutral.includes(number)));
    expect(both.size).toBe(7);
    const rejected = [];
    for await (const picture of readRejected(result.dir)) rejected.push(picture);
    const duplicates = rejected.filter(({ reason }) => reason === "duplicate");
    expect(rejected).toHaveLength(14 + duplicates.length);
    expect(duplicates).toHaveLength(2);
    const { records } = await openCatalogue(into);
    for (const [split, first, last] of RANGES) {
      for (const label of ["smile", "neutral"] as const) {
        const inRange = (number: number) => number >= first && number <= last;
        const expected = files[label].filter((number) => inRange(number) && !both.has(number)).length;
        const without = duplicates.filter(
          ({ original }) => original.startsWith(label) && inRange(Number(original.split(/[/.]/)[1])),
        );
        const kept = records.filter((record) => record.split === split && record.label === label);
        expect([split, label, kept.length]).toEqual([split, label, expected - without.length]);
      }
    }
    expect(await importPictures({ from, into, context })).toMatchObject({ unchanged: true, hash: result.hash });
  });
});

(existsSync(join(data, "faces-wide")) ? describe : describe.skip)("the faces-wide set", () => {
  it("comes in by its manifest, with its own groups and splits", async () => {
    const labelMap = parseLabelMap("happiness=smile,*=neutral");
    const result = await importPictures({ from: join(data, "faces-wide"), into: folder(), labelMap, context });
    expect(result).toMatchObject({ layout: "manifest", count: 12_381, reasons: { duplicate: 2 } });
    expect(result.labels).toEqual({ neutral: 7207, smile: 5174 });
    expect(result.splits).toEqual({ train: 8885, val: 1107, test: 2389 });
  });
});
