/** Importing folders of pictures, good and bad ones. */
import { readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { openCatalogue, PictureReader } from "#smilec/data/catalogue.js";
import { decodeGray } from "#smilec/data/decode.js";
import { importPictures } from "#smilec/data/import.js";
import { run } from "#smilec/process/run.js";
import { digests, Importer, PERSONS, recordsOf, rejectedOf } from "../support/imports.js";
import { colourPicture, png, put, putPersons } from "../support/pictures.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const imports = new Importer(folder);

describe("importing a folder per label", () => {
  let from: string;
  beforeAll(async () => {
    from = folder("people");
    await putPersons(from, PERSONS, 2);
  });

  it("keeps every picture, with persons as groups in one split each", async () => {
    const result = await imports.imported(from);
    expect([result.count, result.rejected, result.layout]).toEqual([PERSONS * 4, 0, "folders"]);
    expect(result.labels).toEqual({ neutral: PERSONS * 2, smile: PERSONS * 2 });
    const splits = new Map<string, Set<string>>();
    for (const { group, split } of await recordsOf(result))
      splits.set(group, (splits.get(group) ?? new Set()).add(split));
    expect(splits.size).toBe(PERSONS);
    expect([...splits.values()].every((set) => set.size === 1)).toBe(true);
  });

  it("stores what the pictures show, as tar and sharp see it too", async () => {
    const result = await imports.imported(from);
    const records = await recordsOf(result);
    const reader = new PictureReader([{ dir: result.dir, summary: result }]);
    for (const record of records) {
      const wanted = await decodeGray(join(from, record.original));
      expect(reader.read(record)).toEqual({ width: 32, height: 32, pixels: wanted.pixels });
    }
    reader.close();
    const listed = await run("tar", ["tf", join(result.dir, "pictures.tar")]);
    expect(listed.exitCode).toBe(0);
    expect(listed.stdout.split("\n")).toEqual(records.map(({ file }) => file));
    const out = folder();
    expect((await run("tar", ["xf", join(result.dir, "pictures.tar"), "-C", out])).exitCode).toBe(0);
    const extracted = await decodeGray(join(out, records[5].file));
    expect(extracted.pixels).toEqual((await decodeGray(join(from, records[5].original))).pixels);
  });

  it("gives the same bytes wherever and whenever it runs", async () => {
    const first = await imports.imported(from);
    const second = await imports.imported(from);
    expect(digests(first.dir)).toEqual(digests(second.dir));
    expect(Object.keys(digests(first.dir))).toEqual([
      "catalogue.jsonl",
      "import.json",
      "pictures.tar",
      "rejected.jsonl",
    ]);
  });

  it("recognises the same import, also under another name, and does not take a name twice", async () => {
    const into = folder();
    const first = await imports.imported(from, { into, name: "one" });
    const before = digests(first.dir);
    expect(await imports.imported(from, { into, name: "one" })).toMatchObject({ unchanged: true, hash: first.hash });
    expect(await imports.imported(from, { into, name: "two" })).toMatchObject({ unchanged: true, name: "one" });
    const other = folder("other");
    await putPersons(other, PERSONS, 1, 2);
    expect((await imports.problem(other, { into, name: "one" })).message).toContain("an import of this name");
    expect(digests(first.dir)).toEqual(before);
    const replaced = await imports.imported(other, { into, name: "one", replace: true });
    expect(replaced).toMatchObject({ unchanged: false, count: PERSONS * 2 });
    expect(readdirSync(into)).toEqual(["one"]);
  });

  it("notices a file whose contents changed but not its size", async () => {
    const source = folder();
    const into = folder();
    await putPersons(source, PERSONS);
    const pgm = (grey: number) => Buffer.concat([Buffer.from("P5 16 16 255\n"), Buffer.alloc(256, grey)]);
    put(source, "smile/p0/flat.pgm", pgm(10));
    const first = await imports.imported(source, { into, name: "x" });
    put(source, "smile/p0/flat.pgm", pgm(11));
    const second = await imports.imported(source, { into, name: "x", replace: true });
    expect(second.unchanged).toBe(false);
    expect(second.contents).not.toBe(first.contents);
    expect((await recordsOf(second)).some(({ width, height }) => width === 16 && height === 16)).toBe(true);
  });

  it("reports progress and can be stopped without leaving anything", async () => {
    const controller = new AbortController();
    const recording = recordingContext(controller.signal);
    const into = folder();
    controller.abort();
    await expect(importPictures({ from, into, context: recording })).rejects.toThrow("interrupted");
    expect(readdirSync(into)).toEqual([]);
    const complete = recordingContext();
    await importPictures({ from, into, context: complete });
    expect(complete.lines.at(-1)).toBe(`import ${PERSONS * 4}/${PERSONS * 4} pictures`);
  });

  it("warns when nothing says who is who", async () => {
    const flat = folder();
    for (let i = 0; i < 60; i++) put(flat, `${i % 2 ? "smile" : "neutral"}/x${i}.png`, await png(i));
    const recording = recordingContext();
    await importPictures({ from: flat, into: folder(), context: recording });
    expect(recording.lines.join("\n")).toContain("Nothing says which pictures show the same person");
  });
});

describe("importing split folders", () => {
  it("keeps the splits", async () => {
    const from = folder();
    let seed = 0;
    for (const split of ["train", "valid", "test"]) {
      for (const label of ["smile", "neutral"]) put(from, `${split}/${label}/1.png`, await png(seed++));
    }
    const result = await imports.imported(from);
    expect(result).toMatchObject({ layout: "split-folders", splits: { train: 2, val: 2, test: 2 } });
    expect((await recordsOf(result)).map(({ original, split }) => `${original} ${split}`)).toContain(
      "valid/smile/1.png val",
    );
  });
});

describe("importing bad pictures", () => {
  it("lists each with its reason and keeps the others", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    const jpeg = await colourPicture(7, 64, 64).jpeg().toBuffer();
    put(from, "smile/p0/empty.jpg", "");
    put(from, "smile/p0/truncated.jpg", jpeg.subarray(0, jpeg.length >> 1));
    put(from, "smile/p0/text.jpg", "not a picture");
    put(from, "smile/p0/tiny.png", await png(1, 1, 1));
    put(from, "smile/p0/huge.pgm", "P5 9000 9000 255\n");
    put(from, "smile/p0/cmyk.jpg", await colourPicture(8).toColourspace("cmyk").jpeg().toBuffer());
    put(from, "smile/p0/deep.png", await colourPicture(9).toColourspace("rgb16").png().toBuffer());
    const frames = Buffer.concat([Buffer.alloc(3072, 1), Buffer.alloc(3072, 99)]);
    const raw = { width: 32, height: 64, channels: 3, pageHeight: 32 } as const;
    put(from, "smile/p0/moving.gif", await sharp(frames, { raw }).gif().toBuffer());
    put(from, "stray.png", await png(77));
    put(from, "README.md", "about");
    put(from, "smile/.DS_Store", "x");
    const result = await imports.imported(from);
    expect(result).toMatchObject({
      count: PERSONS * 2 + 3,
      rejected: 6,
      ignored: 2,
      reasons: { "too-large": 1, "too-small": 1, "unknown-label": 1, unreadable: 3 },
      notes: { "only the first of its frames is used": 1 },
    });
    const rejected = await rejectedOf(result);
    expect(rejected.map(({ original, reason }) => `${original} ${reason}`)).toEqual([
      "smile/p0/empty.jpg unreadable",
      "smile/p0/huge.pgm too-large",
      "smile/p0/text.jpg unreadable",
      "smile/p0/tiny.png too-small",
      "smile/p0/truncated.jpg unreadable",
      "stray.png unknown-label",
    ]);
    expect(rejected.every(({ message }) => message.length > 5)).toBe(true);
  });

  it("keeps one of equal pictures, whatever their format, and none of those with two labels", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    put(from, "smile/p1/copy.webp", await colourPicture(100_002).webp({ lossless: true }).toBuffer());
    put(from, "neutral/p2/same-as-smile.png", await png(100_004));
    put(from, "neutral/p3/same-as-smile-again.png", await png(100_004));
    const result = await imports.imported(from);
    const originals = (await rejectedOf(result)).map(({ original, reason }) => `${reason} ${original}`);
    expect(originals.sort()).toEqual([
      "conflicting-label neutral/p2/same-as-smile.png",
      "conflicting-label smile/p2/0.png",
      "duplicate neutral/p3/same-as-smile-again.png",
      "duplicate smile/p1/copy.webp",
    ]);
    const records = await recordsOf(result);
    expect(records).toHaveLength(PERSONS * 2 - 1);
    const reader = new PictureReader([{ dir: result.dir, summary: result }]);
    for (const record of records) {
      expect(reader.read(record).pixels).toEqual((await decodeGray(join(from, record.original))).pixels);
    }
    reader.close();
    const listed = await run("tar", ["tf", join(result.dir, "pictures.tar")]);
    expect(listed.stdout.split("\n")).toEqual(records.map(({ file }) => file));
  });

  it("finds repetitions of other imports, and contradictions keep both out", async () => {
    const into = folder();
    const [first, second] = [folder("first"), folder("second")];
    await putPersons(first, PERSONS, 1, 1);
    await putPersons(second, PERSONS, 1, 2);
    put(second, "smile/p0/again.png", await png(100_000));
    put(second, "neutral/p1/contradicts.png", await png(100_002));
    await imports.imported(first, { into, name: "first" });
    const result = await imports.imported(second, { into, name: "second" });
    expect((await rejectedOf(result)).map(({ original, reason }) => `${original} ${reason}`)).toEqual([
      "neutral/p1/contradicts.png conflicting-label",
      "smile/p0/again.png duplicate",
    ]);
    const together = await openCatalogue(into);
    expect(together.records).toHaveLength(PERSONS * 4 - 1);
    expect(together.dropped.map(({ original, reason }) => `${original} ${reason}`)).toEqual([
      "first: smile/p1/0.png conflicting-label",
    ]);
    expect((await openCatalogue(into, ["first"])).records).toHaveLength(PERSONS * 2);
    await expect(openCatalogue(into, ["thrid"])).rejects.toThrow("there is no import thrid");
  });

  it("refuses links that leave the folder, pipes and folders behind links", async () => {
    const from = folder();
    const outside = folder();
    await putPersons(from, PERSONS);
    put(outside, "secret.png", await png(5));
    symlinkSync(join(outside, "secret.png"), join(from, "smile/p0/leaves.png"));
    symlinkSync(outside, join(from, "smile/elsewhere"));
    symlinkSync("../p1", join(from, "smile/p0/loop"));
    symlinkSync("nowhere", join(from, "smile/p0/dangling.png"));
    symlinkSync("0.png", join(from, "smile/p0/inside.png"));
    expect((await run("mkfifo", [join(from, "smile/p0/pipe.png")])).exitCode).toBe(0);
    const result = await imports.imported(from);
    expect((await rejectedOf(result)).map(({ original, reason }) => `${original} ${reason}`)).toEqual([
      "smile/elsewhere outside",
      "smile/p0/dangling.png missing",
      "smile/p0/inside.png duplicate",
      "smile/p0/leaves.png outside",
      "smile/p0/loop duplicate",
      "smile/p0/pipe.png unreadable",
    ]);
    expect(result.count).toBe(PERSONS * 2);
  });
});
