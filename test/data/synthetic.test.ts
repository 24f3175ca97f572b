import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import { openCatalogue, readCatalogue } from "#smilec/data/catalogue.js";
import { decodeGray } from "#smilec/data/decode.js";
import { importPictures } from "#smilec/data/import.js";
import { measurePicture } from "#smilec/data/stats.js";
import { drawExpression, type Expression, labelOf } from "#smilec/data/synthetic/expression.js";
import { drawFace } from "#smilec/data/synthetic/face.js";
import { writeFrames } from "#smilec/data/synthetic/frames.js";
import { syntheticImport } from "#smilec/data/synthetic/import.js";
import { drawnCrop, drawnFrame, PICTURES_PER_PERSON } from "#smilec/data/synthetic/people.js";
import { drawPerson } from "#smilec/data/synthetic/person.js";
import { drawCropScene, type Scene } from "#smilec/data/synthetic/scene.js";
import { silentReporter } from "#smilec/pipeline/reporter.js";
import { Rng } from "#smilec/train/rng.js";
import { recordingContext } from "../support/recording-reporter.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(60_000);

const folder = temporaryFolders();
const context = { reporter: silentReporter, signal: new AbortController().signal };
const hash = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("drawn faces", () => {
  it("depend on seed and index alone", () => {
    const backwards = [7, 3, 0].map((index) => hash(drawnCrop(1, index, 48).image.pixels));
    const forwards = [0, 3, 7].map((index) => hash(drawnCrop(1, index, 48).image.pixels));
    expect(backwards.reverse()).toEqual(forwards);
    expect(new Set([...forwards, hash(drawnCrop(2, 0, 48).image.pixels)]).size).toBe(4);
  });

  it("are pictures: neither flat nor black nor white, and all different", () => {
    const seen = new Set<string>();
    for (let index = 0; index < 300; index++) {
      const { image } = drawnCrop(5, index, 48);
      const { brightness, contrast, clipped } = measurePicture(image);
      expect(brightness).toBeGreaterThan(40);
      expect(brightness).toBeLessThan(215);
      expect(contrast).toBeGreaterThan(6);
      expect(clipped).toBeLessThan(0.5);
      seen.add(hash(image.pixels));
    }
    expect(seen.size).toBe(300);
  });

  it("are labelled by the smile parameter, with a gap around the threshold", () => {
    const smiles: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const label = i % 2 === 0 ? "neutral" : "smile";
      const { smile } = drawExpression(new Rng(3, i), label);
      expect(labelOf(smile)).toBe(label);
      expect(Math.abs(smile)).toBeLessThanOrEqual(1);
      smiles.push(smile);
    }
    expect(smiles.filter((smile) => smile > 0.1 && smile < 0.55)).toEqual([]);
    expect(Math.min(...smiles)).toBeLessThan(-0.8);
  });

  it("lift the corners of the mouth and bare the teeth as the smile grows", () => {
    const scene = frontal(drawCropScene(new Rng(11)));
    let compared = 0;
    for (let seed = 0; seed < 20; seed++) {
      const person = {
        ...drawPerson(new Rng(seed)),
        beard: 0,
        moustache: 0,
        glasses: "none" as const,
        skin: 0.35,
        lipTone: 0.5,
      };
      const face = (smile: number, open = 0, teeth = 0) => drawFace(person, { ...calm, smile, open, teeth }, scene, 96);
      // Where the mouth is darkest, right of the middle: the corner.
      expect(cornerHeight(face(1))).toBeLessThan(cornerHeight(face(-1)));
      const mouth = (image: ReturnType<typeof face>) => Math.max(...rows(image, 62, 84).map((row) => row[48]));
      expect(mouth(face(1, 0.4, 1))).toBeGreaterThan(mouth(face(0, 0.4, 0)));
      compared++;
    }
    expect(compared).toBe(20);
  });

  it("turn with the head", () => {
    const scene = frontal(drawCropScene(new Rng(12)));
    const person = { ...drawPerson(new Rng(4)), glasses: "none" as const, hairStyle: "bald" as const };
    const at = (yaw: number) => drawFace(person, calm, { ...scene, pose: { yaw, pitch: 0, roll: 0 } }, 96);
    expect(darkestColumn(at(-0.4))).toBeLessThan(darkestColumn(at(0.4)));
  });
});

const calm: Expression = {
  smile: 0,
  open: 0,
  teeth: 0,
  pucker: 0,
  lopsided: 0,
  squint: 0,
  blink: 0,
  gazeX: 0,
  gazeY: 0,
  brows: 0,
  frown: 0,
};

/** Even light, straight view, no noise. */
function frontal(scene: Scene): Scene {
  const camera = {
    ...scene.camera,
    exposure: 0,
    blur: 0,
    motion: 0,
    readNoise: 0,
    shotNoise: 0,
    veil: 0,
    vignette: 0,
    faceWeight: 1,
  };
  const light = {
    ...scene.light,
    x: 0,
    y: -0.6,
    z: 0.8,
    direct: 0.7,
    ambient: 0.5,
    softness: 0.5,
    glare: 0,
    halfLength: Math.hypot(0.6, 1.8),
  };
  const pose = { yaw: 0, pitch: 0, roll: 0 };
  return { ...scene, camera, light, pose, placement: { x: 0.5, y: 0.35, scale: 0.69 } };
}

function rows(image: { width: number; pixels: Uint8Array }, first: number, last: number): Uint8Array[] {
  return Array.from({ length: last - first }, (_, i) =>
    image.pixels.subarray((first + i) * image.width, (first + i + 1) * image.width),
  );
}

/** Row of the darkest pixel in the columns of the left corner of the mouth. */
function cornerHeight(image: { width: number; pixels: Uint8Array }): number {
  let best = 256;
  let at = 0;
  rows(image, 62, 84).forEach((row, i) => {
    const value = (row[30] + row[31] + row[32] + row[33]) / 4;
    if (value < best) [best, at] = [value, i];
  });
  return at;
}

/** Mean column of the darkest pixels of the lower face. */
function darkestColumn(image: { width: number; pixels: Uint8Array }): number {
  const points = rows(image, 50, 80).flatMap((row) => Array.from(row.subarray(24, 72), (value, x) => ({ value, x })));
  const dark = points.sort((a, b) => a.value - b.value).slice(0, 40);
  return dark.reduce((sum, { x }) => sum + x, 0) / dark.length;
}

describe("drawn frames", () => {
  it("hold the face in the box, as a crop holds it", () => {
    for (let index = 0; index < 12; index++) {
      const { image, box } = drawnFrame(9, index);
      expect([image.width, image.height, box.width]).toEqual([320, 240, box.height]);
      expect(box.x >= 0 && box.y >= 0 && box.x + box.width <= 320 && box.y + box.height <= 240).toBe(true);
      expect(box.width).toBeGreaterThan(140);
    }
  });

  it("are written with a manifest that can be imported, and replaced, but never over other files", async () => {
    const dir = join(folder(), "frames");
    const frames = await writeFrames({ count: 30, seed: 1, dir, context });
    expect(frames.slice(0, 2)).toEqual([
      { file: "00000-neutral.pgm", label: "neutral" },
      { file: "00001-smile.pgm", label: "smile" },
    ]);
    expect(readdirSync(dir)).toHaveLength(31);
    const first = await decodeGray(join(dir, "00001-smile.pgm"));
    expect(first.pixels).toEqual(drawnFrame(1, 1).image.pixels);
    const result = await importPictures({ from: dir, into: folder(), name: "frames", partial: true, context });
    expect(result).toMatchObject({ count: 30, labels: { neutral: 15, smile: 15 } });
    await writeFrames({ count: 2, seed: 2, dir, context });
    expect(readdirSync(dir).sort()).toEqual(["00000-neutral.pgm", "00001-smile.pgm", "manifest.csv"]);
    writeFileSync(join(dir, "mine.txt"), "");
    await expect(writeFrames({ count: 2, seed: 2, dir, context })).rejects.toThrow(
      "the folder holds other files, such as mine.txt",
    );
  });
});

describe("the drawn set", () => {
  it("is an import like any other, split by person, the same bytes every time", async () => {
    const [a, b] = [folder(), folder()];
    const result = await syntheticImport({ count: 160, seed: 1, into: a, context });
    await syntheticImport({ count: 160, seed: 1, into: b, context });
    expect(result).toMatchObject({ count: 160, rejected: 0, layout: "synthetic", labels: { neutral: 80, smile: 80 } });
    for (const name of ["pictures.tar", "catalogue.jsonl", "import.json"]) {
      expect(hash(readFileSync(join(a, "synthetic", name)))).toBe(hash(readFileSync(join(b, "synthetic", name))));
    }
    const splits = new Map<string, Set<string>>();
    for await (const { group, split } of readCatalogue(result.dir))
      splits.set(group, (splits.get(group) ?? new Set()).add(split));
    expect(splits.size).toBe(160 / PICTURES_PER_PERSON);
    expect([...splits.values()].every((set) => set.size === 1)).toBe(true);
    expect(result.splits).toEqual({ train: 112, val: 24, test: 24 });
  });

  it("is drawn once for a request, and anew for another", async () => {
    const into = folder();
    const request = { count: 80, seed: 1, into, context };
    expect((await syntheticImport(request)).unchanged).toBe(false);
    expect((await syntheticImport(request)).unchanged).toBe(true);
    const other = await syntheticImport({ ...request, seed: 2, labels: { neutral: "nein", smile: "ja" } });
    expect(other).toMatchObject({ unchanged: false, labels: { ja: 40, nein: 40 } });
    expect(readdirSync(into)).toEqual(["synthetic"]);
    expect((await openCatalogue(into)).records).toHaveLength(80);
  });

  it("works from the smallest count the configuration allows", async () => {
    expect((await syntheticImport({ count: 40, seed: 1, into: folder(), context })).splits).toEqual({
      train: 24,
      val: 8,
      test: 8,
    });
  });

  it("stops when asked to and leaves nothing", async () => {
    const controller = new AbortController();
    const into = folder();
    const recording = recordingContext(controller.signal);
    const reporter = {
      ...recording.reporter,
      progress: () => ({ update: () => controller.abort(), end: () => undefined }),
    };
    await expect(
      syntheticImport({ count: 400, seed: 1, into, context: { reporter, signal: controller.signal } }),
    ).rejects.toThrow();
    expect(readdirSync(into)).toEqual([]);
  });
});
