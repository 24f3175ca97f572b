import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { defaultLimits } from "#smilec/data/decode.js";
import { importPictures } from "#smilec/data/import.js";
import { formatCascade } from "#smilec/locate/classic/cascade.js";
import { obtainLocators } from "#smilec/pipeline/locators.js";
import type { PictureSet } from "#smilec/pipeline/pictures.js";
import { openProject } from "#smilec/pipeline/project.js";
import { randomCascade } from "../support/cascades.js";
import { put, putPersons } from "../support/pictures.js";
import { Random } from "../support/random.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

// A busy machine takes its time.
jest.setTimeout(240_000);

const folder = temporaryFolders();
const pictures = { catalogue: { hash: "none" } } as PictureSet;

describe("where the bot looks, for the report", () => {
  it("is not measured where it looks at a fixed square", async () => {
    const dir = folder();
    put(dir, "smilec.config.json", "{}");
    expect(await obtainLocators(await openProject(dir), pictures, recordingContext())).toBeUndefined();
  });

  it("is measured once with the project's own detector, and read again with its pictures", async () => {
    const dir = folder();
    put(dir, "smilec.config.json", JSON.stringify({ locator: { kind: "classic", threshold: 1000 } }));
    put(
      dir,
      "models/face-classic/cascade.json",
      formatCascade({ ...randomCascade(new Random(3), 24, 6), threshold: 500 }),
    );
    const [first, again] = [recordingContext(), recordingContext()];
    const made = (await obtainLocators(await openProject(dir), pictures, first, 8))!;
    const read = (await obtainLocators(await openProject(dir), pictures, again, 8))!;
    expect(first.lines.some((line) => line.startsWith("locators: center, classic on 8 scenes"))).toBe(true);
    expect(again.lines).toEqual([]);
    expect(read).toEqual(made);
    const { evaluation, looks, failures } = read.result;
    expect(evaluation.locators.map(({ name, threshold }) => [name, threshold])).toEqual([
      ["center", 1000],
      ["classic", 1000],
      ["perfect boxes", 1000],
    ]);
    expect(looks).toHaveLength(4);
    for (const { frame } of [...looks, ...failures.flatMap(({ failures: kept }) => kept)]) {
      expect(frame.pixels).toHaveLength(320 * 240);
      expect(new Set(frame.pixels).size).toBeGreaterThan(10);
    }
    writeFileSync(
      join(dir, "models/face-classic/cascade.json"),
      formatCascade({ ...randomCascade(new Random(4), 24, 6), threshold: 500 }),
    );
    const other = (await obtainLocators(await openProject(dir), pictures, recordingContext(), 8))!;
    expect(other.key).not.toBe(made.key);
  });

  it("is left out, with a warning, when nobody can be cut out of the project's pictures", async () => {
    const dir = folder();
    put(dir, "smilec.config.json", JSON.stringify({ locator: { kind: "classic" } }));
    put(dir, "models/face-classic/cascade.json", formatCascade(randomCascade(new Random(3), 24, 6)));
    const from = folder("tiny-");
    await putPersons(from, 12);
    await importPictures({
      from,
      name: "tiny",
      into: join(dir, "data"),
      limits: { ...defaultLimits, maxSide: 20 },
      context: recordingContext(),
    });
    const context = recordingContext();
    expect(await obtainLocators(await openProject(dir), pictures, context, 8)).toBeUndefined();
    expect(context.lines.at(-1)).toMatch(/not in the report: nobody to put into scenes: all \d+ faces of split test/);
  });
});
