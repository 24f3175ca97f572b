/** Importing what a manifest names, and pictures split by their numbers. */
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { PictureReader } from "#smilec/data/catalogue.js";
import { decodeGray } from "#smilec/data/decode.js";
import { parseLabelMap } from "#smilec/data/labels.js";
import { parseSplitPlan } from "#smilec/data/split.js";
import { digests, Importer, recordsOf, rejectedOf } from "../support/imports.js";
import { png, put } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const imports = new Importer(folder);

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
    const result = await imports.imported(from, { labelMap: parseLabelMap("happiness=smile,*=neutral") });
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
    const csv = await imports.imported(join(from, "a.csv"));
    const json = await imports.imported(join(from, "b.jsonl"), { name: "a" });
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
    const result = await imports.imported(from, { labels: ["neutral", "smile"] });
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
    const result = await imports.imported(from);
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
    const result = await imports.imported(from, { plan: parseSplitPlan("train=1-6,val=7-9,test=10-12") });
    expect(result.splits).toEqual({ train: 12, val: 6, test: 6 });
  });
});
