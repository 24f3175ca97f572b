import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { STAGES } from "#smilec/augment/pipeline.js";
import { augmentationSheet, type SheetRequest, sheetRows } from "#smilec/augment/preview/sheet.js";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { augmentSchema } from "#smilec/config/augment.js";
import { drawnCrop } from "#smilec/data/synthetic/people.js";
import { smilec } from "../support/cli.js";
import { temporaryFolders } from "../support/temporary-folder.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

const folder = temporaryFolders();
const SIZE = 32;

const request: SheetRequest = {
  pictures: [0, 8].map((index) => drawnCrop(2, index, SIZE).image.pixels),
  size: SIZE,
  preprocess: { size: 24, normalize: "standardize" },
  augment: augmentSchema.parse({
    rotate: 22,
    exposure: 1.2,
    noise: { gain: 32 },
    jpeg: { quality: 25 },
    scale: { largest: 1.3 },
  }),
  seed: 1,
  strengths: 4,
};

describe("the contact sheet", () => {
  it("has a row for every augmentation, from the picture itself to its full strength", () => {
    const rows = sheetRows(request);
    const titles = rows.map(({ title }) => title.toLowerCase());
    for (const { augmentations } of STAGES) {
      for (const augmentation of augmentations) {
        const examples = augmentation.examples(request.augment[augmentation.name], { size: SIZE, pixel: 4 / 3 });
        expect(examples.length).toBeGreaterThan(0);
        for (const { title } of examples) expect(titles).toContain(title.toLowerCase());
      }
    }
    for (const { cells } of rows) {
      expect([2, 5]).toContain(cells.length);
      for (const { pixels, size } of cells) expect(pixels).toHaveLength(size * size);
    }
  });

  it("grows stronger to the right", () => {
    const distance = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0);
    for (const { title, cells } of sheetRows(request)) {
      if (cells.length === 2 || title.startsWith("all of it") || title.startsWith("the network")) continue;
      const [original, first, , , last] = cells.map(({ pixels }) => pixels);
      expect([title, distance(last, original) > 0]).toEqual([title, true]);
      expect([title, distance(last, original) >= distance(first, original)]).toEqual([title, true]);
    }
  });

  it("says the strength with its unit", () => {
    const labels = sheetRows(request).flatMap(({ cells }) => cells.map(({ label }) => label));
    for (const label of ["22°", "x 1.30", "+1.2 stops", "gain 32.0", "quality 25"]) expect(labels).toContain(label);
  });

  it("shows the network's input as the network gets it", () => {
    const rows = sheetRows({ ...request, augment: NO_AUGMENTATION });
    const inputs = rows.filter(({ title }) => title === "the network's input");
    expect(inputs).toHaveLength(4);
    for (const { cells } of inputs) for (const { pixels } of cells) expect(pixels).toEqual(cells[0].pixels);
    expect(inputs[0].cells[0].size).toBe(24);
  });

  it("is a PNG of the size it says, the same every time", async () => {
    const [one, two] = [await augmentationSheet(request), await augmentationSheet(request)];
    expect(one.png.equals(two.png)).toBe(true);
    const { format, width, height } = await sharp(one.png).metadata();
    expect({ format, width, height }).toEqual({ format: "png", width: one.width, height: one.height });
  });
});

describe("smilec augment preview", () => {
  const project = (config = "{}") => {
    const dir = folder();
    writeFileSync(join(dir, "smilec.config.json"), config);
    return dir;
  };

  it("draws faces while nothing has been imported", async () => {
    const cwd = project();
    const result = await smilec(["augment", "preview", "--json", "--strengths", "2"], { cwd });
    expect(result.stderr).toBe("");
    const { file, width, height, pictures } = JSON.parse(result.stdout);
    expect(file).toBe(join(cwd, "augmentations.png"));
    expect(await sharp(readFileSync(file)).metadata()).toMatchObject({ format: "png", width, height });
    expect(pictures).toContain("drawn");
  });

  it("shows a given picture where it is told to", async () => {
    const cwd = project();
    const { width, height, pixels } = drawnCrop(1, 3, 80).image;
    await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace("b-w")
      .png()
      .toFile(join(cwd, "face.png"));
    const result = await smilec(["augment", "preview", "--picture", "face.png", "--out", "out/sheet.png"], { cwd });
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain("face.png");
    expect((await sharp(join(cwd, "out", "sheet.png")).metadata()).format).toBe("png");
  });

  it("shows training pictures of the imports", async () => {
    const cwd = project();
    for (const label of ["smile", "neutral"]) {
      mkdirSync(join(cwd, "mine", label), { recursive: true });
      for (let i = 0; i < 30; i++) {
        const { pixels } = drawnCrop(4, 8 * i + (label === "smile" ? 1 : 0), 48).image;
        const raw = { width: 48, height: 48, channels: 1 } as const;
        await sharp(pixels, { raw })
          .toColourspace("b-w")
          .png()
          .toFile(join(cwd, "mine", label, `${i}.png`));
      }
    }
    expect((await smilec(["data", "import", "mine"], { cwd })).exitCode).toBe(0);
    const result = await smilec(["augment", "preview"], { cwd });
    expect(result.stdout).toMatch(/6 of \d+ training pictures/);
  });

  it.each([
    [["--strengths", "0"], '"0" is no number of pictures from 1 to 12'],
    [["--strengths", "many"], '"many" is no number of pictures'],
    [["--picture", "nothing.png"], "there is no such file"],
    [["--picture", "smilec.config.json"], "is not a picture in a format that is read"],
    [["--picture", "a.png", "--out", "a.png"], "this is the picture itself"],
    [["--out", "."], "a file cannot be written here"],
  ])("refuses %j in words and writes nothing", async (args, message) => {
    const cwd = project();
    const result = await smilec(["augment", "preview", ...args], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    await expect(sharp(join(cwd, "augmentations.png")).metadata()).rejects.toThrow();
  });

  it("needs a project", async () => {
    const result = await smilec(["augment", "preview"], { cwd: folder() });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("there is no smilec.config.json here");
  });
});
