import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { openCatalogue, PictureReader, readCatalogue, readRejected } from "#smilec/data/catalogue.js";
import { decodeGray } from "#smilec/data/decode.js";
import { type ImportRequest, type ImportResult, importName, importPictures } from "#smilec/data/import.js";
import { parseLabelMap } from "#smilec/data/labels.js";
import { parseSplitPlan } from "#smilec/data/split.js";
import type { PictureRecord, RejectedPicture } from "#smilec/data/types.js";
import { UserError } from "#smilec/errors.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { run } from "#smilec/process/run.js";
import { colourPicture, png, put, putPersons } from "../support/pictures.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const PERSONS = 24;

async function imported(from: string, options: Partial<ImportRequest> = {}): Promise<ImportResult> {
  return await importPictures({ from, into: folder(), context, ...options });
}

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

const recordsOf = (result: ImportResult): Promise<PictureRecord[]> => all(readCatalogue(result.dir));
const rejectedOf = (result: ImportResult): Promise<RejectedPicture[]> => all(readRejected(result.dir));

async function problem(from: string, options: Partial<ImportRequest> = {}): Promise<UserError> {
  const into = options.into ?? folder();
  const error = await imported(from, { into, ...options }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserError);
  expect((error as UserError).remedy).toBeTruthy();
  expect((error as UserError).where).toBeTruthy();
  if (options.into === undefined) expect(readdirSync(into)).toEqual([]);
  return error as UserError;
}

/** Bytes of every file of an import. */
function digests(dir: string): Record<string, string> {
  const hash = (name: string) =>
    createHash("sha256")
      .update(readFileSync(join(dir, name)))
      .digest("hex");
  return Object.fromEntries(
    readdirSync(dir)
      .sort()
      .map((name) => [name, hash(name)]),
  );
}

describe("importing a folder per label", () => {
  let from: string;
  beforeAll(async () => {
    from = folder("people");
    await putPersons(from, PERSONS, 2);
  });

  it("keeps every picture, with persons as groups in one split each", async () => {
    const result = await imported(from);
    expect([result.count, result.rejected, result.layout]).toEqual([PERSONS * 4, 0, "folders"]);
    expect(result.labels).toEqual({ neutral: PERSONS * 2, smile: PERSONS * 2 });
    const splits = new Map<string, Set<string>>();
    for (const { group, split } of await recordsOf(result))
      splits.set(group, (splits.get(group) ?? new Set()).add(split));
    expect(splits.size).toBe(PERSONS);
    expect([...splits.values()].every((set) => set.size === 1)).toBe(true);
  });

  it("stores what the pictures show, as tar and sharp see it too", async () => {
    const result = await imported(from);
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
    const first = await imported(from);
    const second = await imported(from);
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
    const first = await imported(from, { into, name: "one" });
    const before = digests(first.dir);
    expect(await imported(from, { into, name: "one" })).toMatchObject({ unchanged: true, hash: first.hash });
    expect(await imported(from, { into, name: "two" })).toMatchObject({ unchanged: true, name: "one" });
    const other = folder("other");
    await putPersons(other, PERSONS, 1, 2);
    expect((await problem(other, { into, name: "one" })).message).toContain("an import of this name");
    expect(digests(first.dir)).toEqual(before);
    const replaced = await imported(other, { into, name: "one", replace: true });
    expect(replaced).toMatchObject({ unchanged: false, count: PERSONS * 2 });
    expect(readdirSync(into)).toEqual(["one"]);
  });

  it("notices a file whose contents changed but not its size", async () => {
    const source = folder();
    const into = folder();
    await putPersons(source, PERSONS);
    const pgm = (grey: number) => Buffer.concat([Buffer.from("P5 16 16 255\n"), Buffer.alloc(256, grey)]);
    put(source, "smile/p0/flat.pgm", pgm(10));
    const first = await imported(source, { into, name: "x" });
    put(source, "smile/p0/flat.pgm", pgm(11));
    const second = await imported(source, { into, name: "x", replace: true });
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
    const result = await imported(from);
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
    const result = await imported(from);
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
    const result = await imported(from);
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
    await imported(first, { into, name: "first" });
    const result = await imported(second, { into, name: "second" });
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
    const result = await imported(from);
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

describe("importing hostile names", () => {
  it("reads them all and shows them harmlessly", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    const names: Buffer[] = [
      Buffer.from("new\nline.png"),
      Buffer.from(`quo"te's.png`),
      Buffer.from("-rf.png"),
      Buffer.from("..png"),
      Buffer.from("back\\slash.png"),
      Buffer.from("\u001b[31mred.png"),
      Buffer.from("emoji 😀 ü.png"),
      Buffer.from("$(touch x);`y`.png"),
      Buffer.from([0x6c, 0xe4, 0x2e, 0x70, 0x6e, 0x67]), // lä.png in Latin-1
    ];
    for (const [i, name] of names.entries()) {
      writeFileSync(Buffer.concat([Buffer.from(`${from}/smile/p0/`), name]), await png(900 + i));
    }
    const originals = (await recordsOf(await imported(from))).map(({ original }) => original);
    // Names that begin with a dot are hidden files.
    expect(originals).toHaveLength(PERSONS * 2 + names.length - 1);
    for (const shown of [
      "smile/p0/new\\nline.png",
      `smile/p0/quo"te's.png`,
      "smile/p0/-rf.png",
      "smile/p0/back\\\\slash.png",
      "smile/p0/\\u{1b}[31mred.png",
      "smile/p0/emoji 😀 ü.png",
      "smile/p0/$(touch x);`y`.png",
      "smile/p0/l\\xe4.png",
    ]) {
      expect(originals).toContain(shown);
    }
    expect(originals.join("")).not.toMatch(/\p{Cc}/u);
  });

  it("makes a usable import name of any folder", () => {
    expect(importName("/data/My Photos (2)/")).toBe("my-photos-2");
    expect(importName("/data/Büro 1")).toBe("buro-1");
    expect(importName("/data/faces/manifest.csv")).toBe("faces");
    expect(importName("/data/😀")).toBe("pictures");
  });

  it("refuses names that are no names", async () => {
    const from = folder();
    await putPersons(from, 2);
    for (const name of ["../x", "", ".hidden", "a/b", "A b"]) {
      await expect(imported(from, { name })).rejects.toThrow("not a usable name for an import");
    }
  });
});

describe("importing what cannot be imported", () => {
  it.each([
    ["an empty folder", () => undefined, "no pictures to import: the folder is empty"],
    [
      "pictures in no label's folder",
      async (dir: string) => put(dir, "a.png", await png(1)),
      "no picture in a label's folder",
    ],
    ["one label only", async (dir: string) => put(dir, "smile/a.png", await png(1)), "all pictures are labelled smile"],
    [
      "nothing readable",
      (dir: string) => {
        for (let i = 0; i < 40; i++) put(dir, `${i % 2 ? "a" : "b"}/${i >> 1}.png`, "no");
      },
      "none of the pictures can be used",
    ],
    [
      "too few persons for three splits",
      async (dir: string) => {
        await putPersons(dir, 2);
      },
      "every split needs pictures of every label",
    ],
    ["an empty manifest", (dir: string) => put(dir, "manifest.csv", "file,label\n"), "the manifest names no pictures"],
    ["a manifest of zero bytes", (dir: string) => put(dir, "manifest.csv", ""), "the manifest names no pictures"],
    [
      "a manifest without labels",
      (dir: string) => put(dir, "manifest.csv", "file,lable\na.png,x\n"),
      "has no column label",
    ],
    [
      "a manifest with an open quote",
      (dir: string) => put(dir, "manifest.csv", 'file,label\n"a.png,x\n'),
      "not valid CSV",
    ],
    ["a manifest with short rows", (dir: string) => put(dir, "manifest.csv", "file,label\na.png\n"), "not valid CSV"],
    ["a bad JSON line", (dir: string) => put(dir, "manifest.jsonl", '{"file":"a"\n'), "not valid JSON"],
    ["a JSON line without label", (dir: string) => put(dir, "manifest.jsonl", '{"file":"a"}\n'), "there is no label"],
    [
      "an unknown split",
      (dir: string) => put(dir, "manifest.csv", "file,label,split\na,b,c\n"),
      'split "c" is none of',
    ],
    ["half a box", (dir: string) => put(dir, "manifest.csv", "file,label,x\na,b,3\n"), "a face box needs four numbers"],
  ])("says so for %s", async (_, prepare, message) => {
    const from = folder();
    await prepare(from);
    expect((await problem(from)).message).toContain(message);
  });

  it("says where it looked for what is not there", async () => {
    expect((await problem("/nowhere/at/all")).where).toBe("/nowhere/at/all");
    expect((await problem(import.meta.filename ?? __filename)).message).toBe("neither a folder nor a manifest");
    expect((await problem(folder(), { layout: "manifest" })).message).toContain("there is no manifest.csv");
  });

  it("names line and file of a malformed manifest", async () => {
    const from = folder();
    put(from, "manifest.csv", "file,label,split\n1.png,a,train\n2.png,a,tran\n");
    expect((await problem(from)).where).toBe(join(from, "manifest.csv:3"));
  });

  it("takes an incomplete import when asked to", async () => {
    const from = folder();
    put(from, "smile/a.png", await png(1));
    expect(await imported(from, { partial: true })).toMatchObject({ count: 1 });
  });

  it("says that the target cannot be written", async () => {
    const from = folder();
    await putPersons(from, PERSONS);
    const into = join(folder(), "file");
    writeFileSync(into, "");
    await expect(imported(from, { into })).rejects.toThrow();
    expect(readFileSync(into, "utf8")).toBe("");
  });
});

describe("importing a manifest", () => {
  const label = (i: number) => (i % 2 === 0 ? "happiness" : "anger");
  const split = (i: number) => ["train", "val", "test"][(i >> 1) % 3];

  it("reads CSV with groups and splits, in any column order, with quotes, byte order mark and CRLF", async () => {
    const from = folder();
    const rows = ["\ufeffSplit,group,label,file"];
    for (let i = 0; i < 12; i++) {
      put(from, `pics/a, "${i}".png`, await png(i));
      rows.push(`${split(i)},g${i >> 1},${label(i)},"pics/a, ""${i}"".png"`);
    }
    put(from, "manifest.csv", `${rows.join("\r\n")}\r\n`);
    const result = await imported(from, { labelMap: parseLabelMap("happiness=smile,*=neutral") });
    expect(result).toMatchObject({ count: 12, layout: "manifest", labels: { smile: 6, neutral: 6 } });
    expect(result.splits).toEqual({ train: 4, val: 4, test: 4 });
    expect((await recordsOf(result))[3]).toMatchObject({
      original: 'pics/a, "3".png',
      group: "g1",
      label: "neutral",
      split: "val",
    });
  });

  it("reads semicolons, and JSON lines the same way", async () => {
    const from = folder();
    const rows = Array.from({ length: 12 }, (_, i) => ({
      file: `${i}.png`,
      label: label(i),
      group: `g${i}`,
      split: split(i),
    }));
    for (let i = 0; i < 12; i++) put(from, `${i}.png`, await png(i));
    put(from, "a.csv", ["file;label;group;split", ...rows.map((row) => Object.values(row).join(";"))].join("\n"));
    put(from, "b.jsonl", rows.map((row) => JSON.stringify(row)).join("\n"));
    const csv = await imported(join(from, "a.csv"));
    const json = await imported(join(from, "b.jsonl"), { name: "a" });
    expect(csv.count).toBe(12);
    expect(digests(json.dir)).toEqual(digests(csv.dir));
  });

  it("keeps out what is missing, outside or labelled otherwise", async () => {
    const root = folder();
    const from = join(root, "set");
    put(root, "secret.png", await png(1));
    const rows = ["file,label,split"];
    for (let i = 0; i < 6; i++) {
      put(from, `${i}.png`, await png(10 + i));
      rows.push(`${i}.png,${i % 2 ? "smile" : "neutral"},${["train", "val", "test"][i >> 1]}`);
    }
    symlinkSync("../secret.png", join(from, "link.png"));
    mkdirSync(join(from, "folder.png"));
    const bad = ["../secret.png", "/etc/passwd", "link.png", "gone.png", "folder.png", "./sub/../../secret.png"];
    for (const file of bad) rows.push(`${file},smile,train`);
    rows.push("0.png,grin,train", "0.png,,train");
    put(from, "manifest.csv", rows.join("\n"));
    const result = await imported(from, { labels: ["neutral", "smile"] });
    expect(result.count).toBe(6);
    expect((await rejectedOf(result)).map(({ original, reason }) => `${original} ${reason}`)).toEqual([
      "../secret.png outside",
      "./sub/../../secret.png outside",
      "/etc/passwd outside",
      "0.png unknown-label",
      "0.png unknown-label",
      "folder.png unreadable",
      "gone.png missing",
      "link.png outside",
    ]);
  });

  it("keeps a face box with its surroundings, and two faces of one picture apart", async () => {
    const from = folder();
    const rows = ["file,label,split,x,y,width,height"];
    for (let i = 0; i < 6; i++) {
      put(from, `${i}.png`, await png(20 + i, 200, 120));
      rows.push(`${i}.png,${i % 2 ? "smile" : "neutral"},${["train", "val", "test"][i >> 1]},50,40,30,40`);
    }
    rows.push("0.png,smile,train,120,40,40,40", "1.png,smile,train,180,40,40,40", "2.png,smile,val,10,10,4,4");
    put(from, "manifest.csv", rows.join("\n"));
    const result = await imported(from);
    expect(result).toMatchObject({ count: 7, reasons: { "bad-box": 2 } });
    const [record] = await recordsOf(result);
    expect([record.width, record.height, record.box]).toEqual([80, 80, { x: 25, y: 20, width: 30, height: 40 }]);
    const reader = new PictureReader([{ dir: result.dir, summary: result }]);
    const whole = await decodeGray(join(from, "0.png"));
    // The box lies at 50,40 of the picture and at 25,20 of what was kept, so that begins at 25,20.
    const kept = reader.read(record);
    const differing = kept.pixels.filter(
      (value, i) => value !== whole.pixels[(20 + Math.floor(i / 80)) * 200 + 25 + (i % 80)],
    );
    expect([kept.pixels.length, differing.length]).toEqual([6400, 0]);
    reader.close();
  });

  it("splits numbered pictures by ranges", async () => {
    const from = folder();
    for (let i = 1; i <= 12; i++)
      for (const name of ["smile", "neutral"])
        put(from, `${name}/${i}.png`, await png(i * 2 + (name === "smile" ? 1 : 0)));
    const result = await imported(from, { plan: parseSplitPlan("train=1-6,val=7-9,test=10-12") });
    expect(result.splits).toEqual({ train: 12, val: 6, test: 6 });
  });
});
