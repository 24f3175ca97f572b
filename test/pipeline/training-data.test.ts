import { describe, expect, it } from "@jest/globals";
import { configSchema } from "#smilec/config/schema.js";
import type { PictureRecord } from "#smilec/data/types.js";
import type { PictureSet } from "#smilec/pipeline/pictures.js";
import type { Project } from "#smilec/pipeline/project.js";
import { trainingPictureNames, warnAboutPictures } from "#smilec/pipeline/training-data.js";
import { recordingContext } from "../support/recording-reporter.js";

const project = { config: configSchema.parse({ input: { size: 48 } }) } as Project;

function record(overrides: Partial<PictureRecord>): PictureRecord {
  return {
    id: "0".repeat(64),
    file: "0.pgm",
    offset: 0,
    width: 64,
    height: 64,
    label: "smile",
    group: "anna",
    split: "train",
    source: "one",
    original: "smile/1.jpg",
    ...overrides,
  };
}

function warnings(...records: PictureRecord[]): string[] {
  const context = recordingContext();
  warnAboutPictures(project, { catalogue: { records } } as unknown as PictureSet, context);
  return context.lines;
}

describe("pictures for training", () => {
  it("are warned about when they are smaller than the network's input", () => {
    const boxed = record({ width: 200, height: 200, box: { x: 10, y: 10, width: 30, height: 20 } });
    const lines = warnings(record({}), record({ width: 40, height: 100 }), boxed, record({ label: "other", width: 9 }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^2 of 3 pictures are smaller than the network's input \(48 pixels\), the smallest 30 pixels/,
    );
  });

  it("are warned about when two imports have a group of one name in different splits", () => {
    const lines = warnings(
      record({}),
      record({ source: "two", split: "test" }),
      record({ group: "bob", split: "val" }),
    );
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("1 groups have the same name");
    expect(lines[0]).toContain('"anna": train of one, test of two');
    expect(warnings(record({}), record({ source: "two" }), record({ group: "bob", split: "val" }))).toEqual([]);
  });

  it("have the names of their imports, in packed order", () => {
    const records = [
      record({ original: "a.jpg", split: "val" }),
      record({ original: "b.jpg" }),
      record({ original: "c.jpg", label: "unknown" }),
      record({ original: "d.jpg", source: "two" }),
    ];
    const name = trainingPictureNames(project, { catalogue: { records } } as unknown as PictureSet);
    expect([name(0), name(1), name(2)]).toEqual(["one: b.jpg", "two: d.jpg", "2"]);
  });
});
