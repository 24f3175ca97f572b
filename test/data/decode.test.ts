import { describe, expect, it } from "@jest/globals";
import sharp from "sharp";
import { decodeGray, defaultLimits, PictureError } from "#smilec/data/decode.js";
import { encodePgm } from "#smilec/data/pgm.js";
import { reduceArea } from "#smilec/data/reduce.js";
import { resizeArea } from "#smilec/preprocess/resize.js";
import { colourPicture, colourPixels, noisePicture, png } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

/** ITU-R BT.601 luma of RGB bytes, as documented in decode.ts. */
function luma(rgb: Uint8Array): number[] {
  return Array.from({ length: rgb.length / 3 }, (_, i) => {
    const [r, g, b] = rgb.subarray(3 * i, 3 * i + 3);
    return Math.floor((77 * r + 150 * g + 29 * b + 128) / 256);
  });
}

async function reasonOf(bytes: Uint8Array): Promise<string> {
  try {
    await decodeGray(bytes);
  } catch (error) {
    if (error instanceof PictureError) return `${error.reason}: ${error.message}`;
    throw error;
  }
  return "decoded";
}

describe("decoding", () => {
  const rgb = colourPixels(1, 40, 30);
  const expected = luma(rgb);

  it("gives the same grey for every lossless format", async () => {
    const picture = () => colourPicture(1, 40, 30);
    const files = {
      png: picture().png(),
      "16-bit png": picture().toColourspace("rgb16").png(),
      webp: picture().webp({ lossless: true }),
      tiff: picture().tiff({ compression: "lzw" }),
    };
    for (const [name, file] of Object.entries(files)) {
      const { width, height, pixels } = await decodeGray(await file.toBuffer());
      expect([name, width, height]).toEqual([name, 40, 30]);
      expect(Array.from(pixels)).toEqual(expected);
    }
    const ppm = Buffer.concat([Buffer.from("P6 40 30 255\n"), rgb]);
    expect(Array.from((await decodeGray(ppm)).pixels)).toEqual(expected);
  });

  it("leaves grey pictures as they are", async () => {
    const image = noisePicture(2, 33, 17);
    const raw = { width: 33, height: 17, channels: 1 } as const;
    const file = await sharp(image.pixels, { raw }).toColourspace("b-w").png().toBuffer();
    expect((await decodeGray(file)).pixels).toEqual(image.pixels);
    expect((await decodeGray(encodePgm(image))).pixels).toEqual(image.pixels);
  });

  it("reduces 16-bit grey to its upper byte", async () => {
    const values = Uint16Array.from({ length: 32 * 32 }, (_, i) => i * 64);
    const file = await sharp(values, { raw: { width: 32, height: 32, channels: 1 } })
      .toColourspace("grey16")
      .png()
      .toBuffer();
    expect((await sharp(file).metadata()).depth).toBe("ushort");
    const { pixels } = await decodeGray(file);
    expect(Math.max(...Array.from(pixels, (value, i) => Math.abs(value - values[i] / 257)))).toBeLessThanOrEqual(1);
    const big = Buffer.alloc(values.length * 2);
    for (const [i, value] of values.entries()) big.writeUInt16BE(value, 2 * i);
    const pgm = await decodeGray(Buffer.concat([Buffer.from("P5 32 32 65535\n"), big]));
    expect(Array.from(pgm.pixels)).toEqual(Array.from(values, (value) => Math.round(value / 257)));
  });

  it("takes CMYK, close to what the colours were", async () => {
    const file = await colourPicture(3, 48, 48).toColourspace("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(file).metadata()).space).toBe("cmyk");
    const { pixels } = await decodeGray(file);
    const wanted = luma(colourPixels(3, 48, 48));
    const error = pixels.reduce((sum, value, i) => sum + Math.abs(value - wanted[i]), 0) / pixels.length;
    expect(error).toBeLessThan(20);
  });

  it("flattens alpha on mid grey", async () => {
    const rgba = new Uint8Array(32 * 32 * 4);
    for (let i = 0; i < 32 * 32; i++) rgba.set([200, 200, 200, i % 2 === 0 ? 0 : 255], 4 * i);
    const file = await sharp(rgba, { raw: { width: 32, height: 32, channels: 4 } })
      .png()
      .toBuffer();
    const { pixels } = await decodeGray(file);
    expect([pixels[0], pixels[1], pixels[2], pixels[3]]).toEqual([128, 200, 128, 200]);
  });

  it("turns pictures as their EXIF orientation says", async () => {
    const upright = await colourPicture(4, 40, 30).png().toBuffer();
    const turned = await sharp(upright).withMetadata({ orientation: 6 }).png().toBuffer();
    const { width, height, pixels } = await decodeGray(turned);
    expect([width, height]).toEqual([30, 40]);
    const original = (await decodeGray(upright)).pixels;
    // Orientation 6: the stored picture is turned clockwise by 90 degrees for display.
    const expectedPixels = Array.from({ length: 1200 }, (_, i) => original[(29 - (i % 30)) * 40 + Math.floor(i / 30)]);
    expect(Array.from(pixels)).toEqual(expectedPixels);
  });

  it("uses the first frame of an animation and says so", async () => {
    const frames = Buffer.concat([Buffer.alloc(32 * 32 * 3, 40), Buffer.alloc(32 * 32 * 3, 200)]);
    const raw = { width: 32, height: 64, channels: 3, pageHeight: 32 } as const;
    for (const file of [sharp(frames, { raw }).gif(), sharp(frames, { raw }).webp({ lossless: true })]) {
      const picture = await decodeGray(await file.toBuffer());
      expect(picture.height).toBe(32);
      expect(new Set(picture.pixels)).toEqual(new Set([40]));
      expect(picture.notes).toEqual(["only the first of its frames is used"]);
    }
  });

  it("reduces a 30-megapixel picture, and refuses one of 60 before decoding it", async () => {
    const create = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: { r: 90, g: 90, b: 90 } } })
        .png({ compressionLevel: 1 })
        .toBuffer();
    const { width, height, pixels } = await decodeGray(await create(6000, 5000));
    expect([width, height]).toEqual([640, 533]);
    expect(new Set(pixels)).toEqual(new Set([90]));
    expect(await reasonOf(await create(10_000, 6000))).toBe("too-large: 10000x6000 pixels; at most 50 MP are read");
  });

  it("says why a picture cannot be used", async () => {
    const jpeg = await colourPicture(5, 64, 64).jpeg().toBuffer();
    const file = await png(6, 64, 64);
    const gif = await colourPicture(6, 64, 64).gif().toBuffer();
    expect(await reasonOf(Buffer.alloc(0))).toBe("unreadable: the file is empty");
    expect(await reasonOf(Buffer.from("hello"))).toMatch(/^unreadable: is not a picture/);
    expect(await reasonOf(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>'))).toMatch(
      /^unreadable: is not a picture/,
    );
    for (const whole of [jpeg, file, gif]) {
      expect(await reasonOf(whole.subarray(0, whole.length >> 1))).toMatch(/^unreadable: cannot be decoded: /);
    }
    expect(await reasonOf(jpeg.subarray(0, 30))).toMatch(/^unreadable/);
    expect(await reasonOf(Buffer.from("P5 32 32 255\nshort"))).toBe("unreadable: the picture is truncated");
    expect(await reasonOf(Buffer.from("P5 32 99999999999 255\n"))).toMatch(
      /^unreadable: the header's height is damaged/,
    );
    expect(await reasonOf(await png(7, 1, 1))).toBe("too-small: 1x1 pixels; at least 16x16 are needed");
  });

  it("reads files, and names the one that fails", async () => {
    const path = `${folder()}/not there.png`;
    await expect(decodeGray(path)).rejects.toMatchObject({ reason: "missing", where: path });
    await expect(decodeGray("/dev/null")).rejects.toMatchObject({ reason: "unreadable" });
  });

  it("never crashes on damaged files", async () => {
    const good = await colourPicture(8, 48, 48).jpeg().toBuffer();
    let refused = 0;
    for (let i = 0; i < 200; i++) {
      const bad = Buffer.from(good);
      for (let k = 0; k < 8; k++) bad[(i * 7919 + k * 104_729) % bad.length] = (i * 31 + k * 17) & 255;
      if ((await reasonOf(bad)) !== "decoded") refused++;
    }
    expect(refused).toBeGreaterThan(20);
  });
});

describe("reducing", () => {
  it("is the exact area average, as for the network's input", () => {
    const image = noisePicture(9, 150, 150);
    const whole = { x: 0, y: 0, width: 150, height: 150 };
    expect(reduceArea(image, 64, 64).pixels).toEqual(resizeArea(image, whole, 64));
  });

  it("agrees with averaging in floating point for unequal sides", () => {
    const image = noisePicture(10, 75, 50);
    const small = reduceArea(image, 31, 20);
    let compared = 0;
    for (let j = 0; j < 20; j++) {
      for (let i = 0; i < 31; i++) {
        const value = averageOver(image, (i * 75) / 31, ((i + 1) * 75) / 31, (j * 50) / 20, ((j + 1) * 50) / 20);
        expect(Math.abs(small.pixels[j * 31 + i] - value)).toBeLessThanOrEqual(0.5 + 1e-6);
        compared++;
      }
    }
    expect(compared).toBe(620);
    expect(defaultLimits.maxSide).toBe(640);
  });
});

function averageOver(image: ReturnType<typeof noisePicture>, x0: number, x1: number, y0: number, y1: number): number {
  let sum = 0;
  for (let y = Math.floor(y0); y < y1; y++) {
    for (let x = Math.floor(x0); x < x1; x++) {
      const part = (Math.min(x + 1, x1) - Math.max(x, x0)) * (Math.min(y + 1, y1) - Math.max(y, y0));
      if (part > 0) sum += part * image.pixels[y * image.width + x];
    }
  }
  return sum / ((x1 - x0) * (y1 - y0));
}
