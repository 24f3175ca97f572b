import { describe, expect, it, jest } from "@jest/globals";
import { wholeBox } from "#smilec/preprocess/locate.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import { Augmenter, type AugmentOptions } from "#smilec/train/augment.js";
import { epochBatches, Feeder } from "#smilec/train/feeder.js";
import { Rng } from "#smilec/train/rng.js";
import { barSource } from "../support/memory-source.js";
import { shortOptions } from "../support/training-request.js";

jest.setTimeout(120_000);

const SIZE = 32;
const SPEC = { size: 24, normalize: "none" } as const;
const NOTHING: AugmentOptions = {
  flip: false,
  shift: 0,
  scale: 0,
  rotate: 0,
  brightness: 0,
  contrast: 0,
  shade: 0,
  blur: 0,
  noise: 0,
};
const FULL = shortOptions().augment;

/** Smooth structure: a bright disc left above the centre on a gradient. */
function picture(): Uint8Array {
  return Uint8Array.from({ length: SIZE * SIZE }, (_, i) => {
    const x = i % SIZE;
    const y = Math.floor(i / SIZE);
    return (x - 10) ** 2 + (y - 12) ** 2 < 30 ? 220 : 40 + 2 * x + y;
  });
}

function augmented(options: AugmentOptions, epoch: number, index: number, seed = 1): Int8Array {
  const out = new Int8Array(SPEC.size ** 2);
  new Augmenter(SIZE, SPEC, options, seed).augment(picture(), epoch, index, out);
  return out;
}

const bytesOf = (values: Int8Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

const plain = (pixels: Uint8Array) => preprocess({ width: SIZE, height: SIZE, pixels }, wholeBox(SIZE, SIZE), SPEC);

/** Centre of the pixels that are brighter than the disc's surroundings, in network pixels. */
function discCentre(values: Int8Array): [x: number, y: number] {
  let [sum, x, y] = [0, 0, 0];
  values.forEach((value, i) => {
    if (value + 128 < 170) return;
    sum++;
    x += i % SPEC.size;
    y += Math.floor(i / SPEC.size);
  });
  return [x / sum, y / sum];
}

describe("augmentation", () => {
  it("with all strengths 0 is exactly the device's preprocessing", () => {
    for (let index = 0; index < 20; index++) expect(augmented(NOTHING, index, index)).toEqual(plain(picture()));
  });

  it("with flips alone gives the picture or its mirror image, about half the time each", () => {
    const mirrored = plain(picture().map((_, i, all) => all[i - (i % SIZE) + SIZE - 1 - (i % SIZE)]));
    let flips = 0;
    for (let index = 0; index < 400; index++) {
      const result = augmented({ ...NOTHING, flip: true }, 0, index);
      const flipped = Buffer.compare(Buffer.from(result), Buffer.from(mirrored)) === 0;
      expect(result).toEqual(flipped ? mirrored : plain(picture()));
      if (flipped) flips++;
    }
    expect(flips).toBeGreaterThan(150);
    expect(flips).toBeLessThan(250);
  });

  it("depends on seed, epoch and picture, and on nothing that came before", () => {
    const shared = new Augmenter(SIZE, SPEC, FULL, 1);
    const seen = new Set<string>();
    for (const [epoch, index] of [
      [0, 0],
      [0, 1],
      [1, 0],
      [7, 3],
    ]) {
      const out = new Int8Array(SPEC.size ** 2);
      shared.augment(picture(), epoch, index, out);
      expect(out).toEqual(augmented(FULL, epoch, index));
      seen.add(Buffer.from(out).toString("hex"));
    }
    seen.add(Buffer.from(augmented(FULL, 0, 0, 2)).toString("hex"));
    expect(seen.size).toBe(5);
  });

  it("shifts by at most its strength and by all amounts", () => {
    const [x0, y0] = discCentre(plain(picture()));
    const shifts = Array.from({ length: 200 }, (_, index) => {
      const [x, y] = discCentre(augmented({ ...NOTHING, shift: 0.1 }, 0, index));
      return [(x - x0) / SPEC.size, (y - y0) / SPEC.size];
    }).flat();
    expect(Math.max(...shifts.map(Math.abs))).toBeLessThan(0.12);
    expect(Math.min(...shifts)).toBeLessThan(-0.07);
    expect(Math.max(...shifts)).toBeGreaterThan(0.07);
  });

  it("rotates about the centre", () => {
    const centre = (SPEC.size - 1) / 2;
    const angle = (values: Int8Array) => {
      const [x, y] = discCentre(values);
      return (Math.atan2(y - centre, x - centre) * 180) / Math.PI;
    };
    const zero = angle(plain(picture()));
    const turns = Array.from({ length: 200 }, (_, i) => {
      const turn = angle(augmented({ ...NOTHING, rotate: 20 }, 0, i)) - zero;
      return turn > 180 ? turn - 360 : turn < -180 ? turn + 360 : turn;
    });
    expect(Math.max(...turns.map(Math.abs))).toBeLessThan(24);
    expect(Math.max(...turns)).toBeGreaterThan(12);
    expect(Math.min(...turns)).toBeLessThan(-12);
  });

  it("only darkens by uneven light, only smooths by blur, and leaves the mean to noise", () => {
    const before = plain(picture());
    const mean = (values: Int8Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const roughness = (values: Int8Array) =>
      values.reduce((sum, value, i) => sum + (i % SPEC.size === 0 ? 0 : (value - values[i - 1]) ** 2), 0);
    let changed = 0;
    for (let index = 0; index < 50; index++) {
      const shaded = augmented({ ...NOTHING, shade: 0.6 }, 0, index);
      expect(shaded.every((value, i) => value <= before[i] + 1)).toBe(true);
      const blurred = augmented({ ...NOTHING, blur: 2 }, 0, index);
      expect(roughness(blurred)).toBeLessThanOrEqual(roughness(before));
      const noisy = augmented({ ...NOTHING, noise: 20 }, 0, index);
      expect(Math.abs(mean(noisy) - mean(before))).toBeLessThan(2.5);
      for (const result of [shaded, blurred, noisy]) if (mean(result) !== mean(before)) changed++;
    }
    expect(changed).toBeGreaterThan(100);
  });

  it("adds noise of the drawn strength", () => {
    const flat = new Uint8Array(SIZE * SIZE).fill(128);
    const out = new Int8Array(SIZE * SIZE);
    const spec = { size: SIZE, normalize: "none" } as const;
    const deviations = Array.from({ length: 100 }, (_, index) => {
      new Augmenter(SIZE, spec, { ...NOTHING, noise: 20 }, 1).augment(flat, 0, index, out);
      return Math.sqrt(out.reduce((sum, value) => sum + value * value, 0) / out.length);
    });
    expect(Math.max(...deviations)).toBeLessThan(21.5);
    expect(Math.max(...deviations)).toBeGreaterThan(17);
    expect(Math.min(...deviations)).toBeLessThan(3);
  });
});

describe("the feeder", () => {
  const source = barSource(SIZE, 70, 1);
  const request = { source, preprocess: SPEC, augment: FULL, seed: 9, batchSize: 32, threads: 1 };

  async function feed(threads: number, first: number, last: number): Promise<Buffer[]> {
    const feeder = new Feeder({ ...request, threads }, first, last);
    const batches: Buffer[] = [];
    for (let batch = await feeder.next(); batch !== undefined; batch = await feeder.next()) {
      batches.push(Buffer.concat([bytesOf(batch.inputs), batch.labels]));
    }
    await feeder.close();
    return batches;
  }

  it("cuts every epoch into a permutation of all pictures, evenly", () => {
    for (const epoch of [0, 1, 2]) {
      const batches = epochBatches(9, epoch, 70, 32);
      expect(batches.map((batch) => batch.length)).toEqual([23, 23, 24]);
      expect(batches.flatMap((batch) => [...batch]).sort((a, b) => a - b)).toEqual(
        Array.from({ length: 70 }, (_, i) => i),
      );
    }
    expect(epochBatches(9, 0, 70, 32)[0]).not.toEqual(epochBatches(9, 1, 70, 32)[0]);
  });

  it("gives the same bytes for any number of threads and from any first step", async () => {
    const [one, three, late] = [await feed(1, 0, 9), await feed(3, 0, 9), await feed(2, 5, 9)];
    expect(one).toHaveLength(9);
    expect(three).toEqual(one);
    expect(late).toEqual(one.slice(5));
    expect(new Set(one.map((batch) => batch.toString("hex"))).size).toBe(9);
  });

  it("gives what the augmenter makes of each picture, with its label", async () => {
    const [first] = await feed(2, 0, 1);
    const [pictures] = epochBatches(9, 0, 70, 32);
    const augmenter = new Augmenter(SIZE, SPEC, FULL, 9);
    const inputs = [...pictures].map((index) => {
      const pixels = new Uint8Array(SIZE * SIZE);
      source.read([index], pixels);
      const out = new Int8Array(SPEC.size ** 2);
      augmenter.augment(pixels, 0, index, out);
      return out;
    });
    const labels = Uint8Array.from(pictures, (index) => source.labels[index]);
    expect(first).toEqual(Buffer.concat([...inputs.map(bytesOf), labels]));
  });

  it("reports a source that cannot be read", async () => {
    const broken = {
      ...source,
      read: () => {
        throw new Error("the disk is gone");
      },
    };
    const feeder = new Feeder({ ...request, source: broken }, 0, 3);
    await expect(feeder.next()).rejects.toThrow("the disk is gone");
    await feeder.close();
  });
});

describe("random streams", () => {
  it("are uniform, normal and unbiased", () => {
    const rng = new Rng(1, 2, 3);
    const counts = new Array<number>(10).fill(0);
    let [sum, squares] = [0, 0];
    for (let i = 0; i < 20000; i++) {
      counts[rng.below(10)]++;
      const value = rng.normal();
      sum += value;
      squares += value * value;
    }
    // Chi-squared with 9 degrees of freedom: below 27.9 with probability 0.999.
    expect(counts.reduce((chi, count) => chi + (count - 2000) ** 2 / 2000, 0)).toBeLessThan(27.9);
    expect(Math.abs(sum / 20000)).toBeLessThan(0.03);
    expect(squares / 20000).toBeCloseTo(1, 1);
  });

  it("differ in every word and repeat exactly", () => {
    const heads = [[1], [2], [1, 0], [0, 1], [1, 1, 0], [1, 0, 1]].map((words) => new Rng(...words).uint32());
    expect(new Set(heads).size).toBe(heads.length);
    expect(new Rng(5, 6).permutation(50)).toEqual(new Rng(5, 6).permutation(50));
    expect([...new Rng(5, 7).permutation(50)].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });
});
