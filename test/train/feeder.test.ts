import { describe, expect, it, jest } from "@jest/globals";
import { Augmenter } from "#smilec/augment/pipeline.js";
import { epochBatches, Feeder } from "#smilec/train/feeder.js";
import { Rng } from "#smilec/train/rng.js";
import { barSource } from "../support/memory-source.js";
import { shortOptions } from "../support/training-request.js";

jest.setTimeout(120_000);

const SIZE = 32;
const SPEC = { size: 24, normalize: "none" } as const;
const FULL = shortOptions().augment;

const bytesOf = (values: Int8Array) => new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

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
