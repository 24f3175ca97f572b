import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { type Catalogue, listImports, openCatalogue, PictureReader } from "#smilec/data/catalogue.js";
import { faceSquare, squareAround } from "#smilec/data/framing.js";
import { importPictures } from "#smilec/data/import.js";
import { obtainPacked, openPacked } from "#smilec/data/packed.js";
import { dataStats, measurePicture, statsTable } from "#smilec/data/stats.js";
import type { Split } from "#smilec/data/types.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { ArtifactStore } from "#smilec/pipeline/store.js";
import { noisePicture, png, put, putPersons } from "../support/pictures.js";
import { Random } from "../support/random.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const labels = ["neutral", "smile"];
const splits: readonly Split[] = ["train", "val", "test"];

/** One import with face boxes and one of whole, oblong pictures. */
async function twoImports(): Promise<string> {
  const into = folder("imports");
  const boxed = folder("boxed");
  const rows = ["file,label,split,group,x,y,width,height"];
  for (let i = 0; i < 12; i++) {
    put(boxed, `${i}.png`, await png(500 + i, 90, 70));
    rows.push(`${i}.png,${labels[i % 2]},${splits[(i >> 1) % 3]},g${i},${5 + i},10,40,${30 + i}`);
  }
  put(boxed, "manifest.csv", rows.join("\n"));
  await importPictures({ from: boxed, into, name: "boxed", context });
  const whole = folder("whole");
  await putPersons(whole, 30);
  put(whole, "smile/p0/wide.png", await png(700, 61, 44));
  await importPictures({ from: whole, into, name: "whole", context });
  return into;
}

describe("a catalogue of two imports", () => {
  let into: string;
  let catalogue: Catalogue;
  beforeAll(async () => {
    into = await twoImports();
    catalogue = await openCatalogue(into);
  });

  it("holds the pictures of both, and its hash depends on which are used", async () => {
    expect(catalogue.records).toHaveLength(12 + 61);
    expect((await openCatalogue(into)).hash).toBe(catalogue.hash);
    expect((await openCatalogue(into, ["whole"])).hash).not.toBe(catalogue.hash);
  });

  it("packs every split as averages over the face squares", async () => {
    const store = new ArtifactStore(folder("store"));
    const size = 17;
    const packed = await obtainPacked(store, { catalogue, size, labels, context });
    expect((await obtainPacked(store, { catalogue, size, labels, context })).cached).toBe(true);
    const reader = new PictureReader(catalogue.imports);
    let compared = 0;
    for (const split of splits) {
      const records = catalogue.records.filter((record) => record.split === split);
      const source = openPacked(packed.dir, split);
      expect([source.count, source.size, packed.meta[split]]).toEqual([records.length, size, records.length]);
      expect(Array.from(source.labels, (index) => labels[index])).toEqual(records.map(({ label }) => label));
      const order = records.map((_, i) => records.length - 1 - i);
      const pixels = new Uint8Array(records.length * size * size);
      source.read(order, pixels);
      order.forEach((index, place) => {
        const record = records[index];
        const image = reader.read(record);
        const { x, y, width } = faceSquare(image, record.box);
        for (let j = 0; j < size; j++) {
          for (let i = 0; i < size; i++) {
            const value = squareAverage(
              image.pixels,
              image.width,
              x + (i * width) / size,
              y + (j * width) / size,
              width / size,
            );
            expect(Math.abs(pixels[place * size * size + j * size + i] - value)).toBeLessThanOrEqual(0.5 + 1e-6);
            compared++;
          }
        }
      });
      expect(() => source.read([records.length], pixels)).toThrow(RangeError);
      source.close();
    }
    reader.close();
    expect(compared).toBe(73 * size * size);
  });

  it("refuses to pack when a split lacks a label of the network", async () => {
    const store = new ArtifactStore(folder("store"));
    const request = { catalogue, size: 16, labels: ["neutral", "smile", "grin"], context };
    await expect(obtainPacked(store, request)).rejects.toMatchObject({
      message: "every split needs pictures of every label",
      detail: "train has no grin\nval has no grin\ntest has no grin",
    });
  });

  it("says that packed pictures are damaged", async () => {
    const store = new ArtifactStore(folder("store"));
    const { dir } = await obtainPacked(store, { catalogue, size: 16, labels, context });
    truncateSync(join(dir, "val.u8"), 100);
    expect(() => openPacked(dir, "val")).toThrow("packed pictures cannot be read: its length is wrong");
    rmSync(join(dir, "test.labels"));
    expect(() => openPacked(dir, "test")).toThrow("packed pictures cannot be read");
  });

  it("counts and measures per source, label and split", () => {
    const stats = dataStats(catalogue);
    expect(stats.groups.reduce((sum, { count }) => sum + count, 0)).toBe(73);
    const boxed = stats.groups.filter(({ source }) => source === "boxed");
    expect(boxed.map(({ label, split, count, groups }) => [label, split, count, groups])).toEqual([
      ["neutral", "train", 2, 2],
      ["neutral", "val", 2, 2],
      ["neutral", "test", 2, 2],
      ["smile", "train", 2, 2],
      ["smile", "val", 2, 2],
      ["smile", "test", 2, 2],
    ]);
    const table = statsTable(stats);
    expect(table).toHaveLength(stats.groups.length + 1);
    expect(new Set(table.map((row) => row.length))).toEqual(new Set([11]));
    expect(JSON.parse(JSON.stringify(stats))).toEqual(stats);
  });
});

/** Average over a square of a picture, in floating point. */
function squareAverage(pixels: Uint8Array, width: number, left: number, top: number, side: number): number {
  let sum = 0;
  for (let y = Math.floor(top); y < top + side; y++) {
    const tall = Math.min(y + 1, top + side) - Math.max(y, top);
    for (let x = Math.floor(left); x < left + side; x++) {
      const wide = Math.min(x + 1, left + side) - Math.max(x, left);
      // The border beyond the picture has no weight but rounding errors.
      if (wide > 1e-9 && tall > 1e-9) sum += wide * tall * pixels[y * width + x];
    }
  }
  return sum / (side * side);
}

describe("damaged imports", () => {
  it("are refused with file and line", async () => {
    const into = await twoImports();
    const path = join(into, "whole", "catalogue.jsonl");
    const good = readFileSync(path, "utf8");
    appendFileSync(path, '{"id":"x"}\n');
    await expect(openCatalogue(into)).rejects.toMatchObject({
      message: "not what an import holds",
      where: `${path}:62`,
    });
    writeFileSync(path, good.slice(0, -20));
    await expect(openCatalogue(into)).rejects.toMatchObject({ where: `${path}:61` });
    rmSync(path);
    await expect(openCatalogue(into)).rejects.toThrow("a file of the import is missing");
    writeFileSync(path, good);
    truncateSync(join(into, "whole", "pictures.tar"), 5000);
    const catalogue = await openCatalogue(into);
    expect(() => dataStats(catalogue)).toThrow("the archive ends before picture");
    writeFileSync(join(into, "whole", "import.json"), "{}");
    await expect(listImports(into)).rejects.toThrow("not what an import holds");
  });
});

describe("face squares", () => {
  it("lie around the box and inside the picture", () => {
    const random = new Random(5);
    for (let i = 0; i < 1000; i++) {
      const [width, height] = [random.integer(20, 300), random.integer(20, 300)];
      const box = { x: 0, y: 0, width: random.integer(1, width), height: random.integer(1, height) };
      box.x = random.integer(0, width - box.width);
      box.y = random.integer(0, height - box.height);
      const square = squareAround(box, width, height);
      expect(square.width).toBe(Math.min(Math.max(box.width, box.height), width, height));
      expect(square.height).toBe(square.width);
      expect(
        square.x >= 0 && square.y >= 0 && square.x + square.width <= width && square.y + square.width <= height,
      ).toBe(true);
      expect(
        Math.abs(2 * (square.x - box.x) + square.width - box.width) <= 2 ||
          square.x === 0 ||
          square.x + square.width === width,
      ).toBe(true);
    }
  });
});

describe("measures of a picture", () => {
  const flat = (grey: number) => ({ width: 32, height: 32, pixels: new Uint8Array(1024).fill(grey) });

  it("are what the definitions say on known pictures", () => {
    expect(measurePicture(flat(255))).toEqual({
      brightness: 255,
      contrast: 0,
      range: 0,
      clipped: 1,
      sharpness: 0,
      noise: 0,
    });
    const checks = {
      width: 32,
      height: 32,
      pixels: Uint8Array.from({ length: 1024 }, (_, i) => (((i & 1) + (i >> 5)) & 1) * 100 + 50),
    };
    const measured = measurePicture(checks);
    expect([measured.brightness, measured.contrast, measured.range]).toEqual([100, 50, 100]);
    // Every Laplacian of a checkerboard is +-4 steps.
    expect(measured.sharpness).toBeCloseTo(400 * 400, 6);
  });

  it("estimate the noise that was added", () => {
    for (const deviation of [3, 8, 15]) {
      const random = new Random(deviation);
      const normal = () => Array.from({ length: 12 }, () => random.unit()).reduce((a, b) => a + b, -6);
      const pixels = Uint8Array.from({ length: 128 * 128 }, (_, i) => 128 + (i % 128) * 0.3 + deviation * normal());
      const { noise } = measurePicture({ width: 128, height: 128, pixels });
      expect(Math.abs(noise / deviation - 1)).toBeLessThan(0.06);
    }
    expect(measurePicture(noisePicture(1, 64, 64)).noise).toBeGreaterThan(50);
  });
});
