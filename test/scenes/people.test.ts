import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { openCatalogue } from "#smilec/data/catalogue.js";
import { importPictures } from "#smilec/data/import.js";
import { InterruptedError, UserError } from "#smilec/errors.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { faceIn, HEAD } from "#smilec/scenes/framing.js";
import { drawnPeople, importedPeople, openPeople } from "#smilec/scenes/people.js";
import { writeScenes } from "#smilec/scenes/write-folder.js";
import { png, put } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };

/** Eight people with two pictures each, in all splits, as import `name`. */
async function imported(name: string, side: number, box?: string): Promise<string> {
  const root = folder("people-");
  const rows = ["file,label,group,split,x,y,width,height"];
  for (let i = 0; i < 16; i++) {
    put(root, `${i}.png`, await png(i, side, side));
    const split = ["train", "train", "val", "test"][(i >> 1) % 4];
    rows.push(`${i}.png,${i % 2 === 0 ? "smile" : "neutral"},p${i >> 1},${split},${box ?? ",,,"}`);
  }
  put(root, "manifest.csv", rows.join("\n"));
  const into = join(root, "data");
  await importPictures({ from: join(root, "manifest.csv"), name, into, context });
  return into;
}

describe("the people of an import", () => {
  it("are those of one split: nobody is in two", async () => {
    const into = await imported("tight", 64);
    const groups = new Map<string, string[]>();
    for (const split of ["train", "val", "test"] as const) {
      const people = await openPeople({ kind: "imports", into, names: [], split });
      for (let i = 0; i < people.count; i++) {
        const { group } = people.picture(i);
        groups.set(group, [...(groups.get(group) ?? []), split]);
      }
      people.close();
    }
    expect(groups.size).toBe(8);
    for (const splits of groups.values()) expect(new Set(splits).size).toBe(1);
  });

  it("show the face where the box is; where there is none, all of the picture, or a head's middle", async () => {
    const boxed = await openCatalogue(await imported("frames", 100, "20,30,40,40"));
    // The import keeps twice the box around it: 80 pixels.
    expect(faceIn(boxed.records[0])).toEqual({ x: 20, y: 20, side: 40 });
    const tight = await openCatalogue(await imported("tight", 64));
    expect(faceIn(tight.records[0])).toEqual({ x: 0, y: 0, side: 64 });
    const heads = await openCatalogue(await imported("faces-wide", 128));
    expect(faceIn(heads.records[0])).toEqual({ x: HEAD.x * 128, y: HEAD.y * 128, side: HEAD.side * 128 });
    expect(faceIn(tight.records[0], ["tight"]).side).toBeCloseTo(HEAD.side * 64);
  });

  it("are refused when their faces are too small, saying how many", async () => {
    const catalogue = await openCatalogue(await imported("small", 24));
    expect(() => importedPeople(catalogue, "test")).toThrow(/all 4 faces of split test are smaller than 32 pixels/);
    expect(() => importedPeople(catalogue, "test")).toThrow(UserError);
  });
});

describe("drawn people", () => {
  it("are others in every split, and the same again", () => {
    const [train, test] = [drawnPeople(1, "train"), drawnPeople(1, "test")];
    expect(train.picture(0).group).not.toBe(test.picture(0).group);
    expect(
      train.picture(train.count - 1).group < test.picture(0).group ||
        train.picture(train.count - 1).group > test.picture(0).group,
    ).toBe(true);
    expect(drawnPeople(1, "train").picture(3).image.pixels).toEqual(train.picture(3).image.pixels);
  });

  it("bring along what of the picture they are", () => {
    const { coverage, image, face } = drawnPeople(1, "train").picture(5);
    const at = (x: number, y: number) => coverage![Math.round(y) * image.width + Math.round(x)];
    expect(at(face.x + face.side / 2, face.y + face.side / 2)).toBe(255);
    expect(at(2, 2)).toBe(0);
    expect(at(image.width - 3, 2)).toBe(0);
  });
});

describe("scenes as files", () => {
  it("leave nothing behind when they are interrupted", async () => {
    const root = folder("interrupted-");
    const people = { ...drawnPeople(1, "train"), count: 2 };
    const stop = new AbortController();
    const reporter = {
      ...silentReporter,
      progress: () => ({ update: (done: number) => (done === 2 ? stop.abort() : undefined), end: () => undefined }),
    };
    const request = { count: 9, seed: 1, options: { width: 64, height: 48, people }, out: join(root, "out") };
    await expect(writeScenes({ ...request, context: { reporter, signal: stop.signal } })).rejects.toThrow(
      InterruptedError,
    );
    expect(readdirSync(root)).toEqual([]);
    expect((await writeScenes({ ...request, context })).count).toBe(9);
  });
});
