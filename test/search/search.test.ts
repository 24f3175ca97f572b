import { describe, expect, it } from "@jest/globals";
import { NO_AUGMENTATION } from "#smilec/augment/strengths.js";
import { parseBudget } from "#smilec/commands/train-search.js";
import { configSchema } from "#smilec/config/schema.js";
import { UserError } from "#smilec/errors.js";
import { scaledAugmentation } from "#smilec/search/augmentation.js";
import { front, ranked } from "#smilec/search/front.js";
import { rungs, successiveHalving } from "#smilec/search/halving.js";
import { searchSvg } from "#smilec/search/picture.js";
import { candidate, withCandidate } from "#smilec/search/space.js";
import { buildNetwork } from "#smilec/train/architectures.js";
import { macCount } from "#smilec/train/network.js";

const judged = (quality: number, cost: number) => ({ quality, cost, name: `${quality}/${cost}` });
const names = (all: readonly { name: string }[]) => all.map(({ name }) => name);

describe("the front of quality against cost", () => {
  const all = [judged(0.9, 50), judged(0.95, 80), judged(0.9, 60), judged(0.8, 20), judged(0.95, 90), judged(0.7, 20)];

  it("holds what no other beats in both", () => {
    expect(names(front(all))).toEqual(["0.95/80", "0.9/50", "0.8/20"]);
  });

  it("ranks front after front", () => {
    expect(names(ranked(all))).toEqual(["0.95/80", "0.9/50", "0.8/20", "0.95/90", "0.9/60", "0.7/20"]);
  });

  it("keeps equals, which do not beat each other", () => {
    expect(front([judged(0.9, 50), judged(0.9, 50)])).toHaveLength(2);
  });

  it("is drawn with the names of its networks, whatever they are", async () => {
    const svg = await searchSvg([judged(0.95, 80), { ...judged(0.8, 20), name: "a<b>&c" }], [judged(0.7, 90)]);
    expect(svg).toMatch(/^<svg [^>]*aria-label="[^"]*3 networks; 2 are on the front, best 0.95\/80/);
    expect(svg).toContain("a&lt;b&gt;&amp;c");
    expect(svg.match(/<svg/g)).toHaveLength(1);
    expect(await searchSvg([judged(0.9, 50)], [])).toContain("1 networks");
  });
});

describe("successive halving", () => {
  it("triples the training of a third, up to the full length", () => {
    expect(rungs(60)).toEqual([
      { epochs: 7, count: 9 },
      { epochs: 20, count: 3 },
      { epochs: 60, count: 1 },
    ]);
    expect(rungs(4).at(-1)).toEqual({ epochs: 4, count: 1 });
    expect(rungs(1)).toEqual(
      [
        { epochs: 1, count: 9 },
        { epochs: 1, count: 1 },
      ].slice(0, rungs(1).length),
    );
  });

  it("gives more training to the best, and ends where the budget does", async () => {
    const log: string[] = [];
    let at = 0;
    const trials = await successiveHalving({
      epochs: 60,
      next: (count) => Array.from({ length: count }, () => at++),
      trial: async (index, epochs) => {
        if (log.length === 16) return undefined;
        log.push(`${index}@${epochs}`);
        // The higher the index the better, at one cost: 8 is the first bracket's best.
        return { index, quality: index, cost: 1 };
      },
    });
    const first = Array.from({ length: 9 }, (_, i) => `${i}@7`);
    const second = ["9@7", "10@7", "11@7"];
    expect(log).toEqual([...first, "8@20", "7@20", "6@20", "8@60", ...second]);
    expect(trials).toHaveLength(16);
  });
});

describe("the search space", () => {
  const config = configSchema.parse({ search: { inputSizes: [32, 64], seed: 7 } });

  it("begins with what is configured", () => {
    expect(withCandidate(config, candidate(config, 0))).toEqual(config);
  });

  it("draws candidates that depend on seed and index alone, and can be built", () => {
    const drawn = Array.from({ length: 40 }, (_, i) => candidate(config, i + 1));
    expect(drawn.toReversed()).toEqual(Array.from({ length: 40 }, (_, i) => candidate(config, 40 - i)));
    expect(new Set(drawn.map((one) => JSON.stringify(one))).size).toBeGreaterThan(35);
    const other = configSchema.parse({ search: { inputSizes: [32, 64], seed: 8 } });
    expect(candidate(other, 1)).not.toEqual(drawn[0]);
    for (const { inputSize, architecture, augmentation } of drawn) {
      expect([32, 64]).toContain(inputSize);
      expect(config.search.augmentation).toContain(augmentation);
      expect(macCount(buildNetwork(architecture, inputSize, 2, 0))).toBeGreaterThan(10_000);
    }
  });

  it("gives configurations that are valid", () => {
    for (let index = 0; index < 20; index++) {
      const chosen = withCandidate(config, candidate(config, index));
      expect(configSchema.parse(JSON.parse(JSON.stringify(chosen)))).toEqual(chosen);
    }
  });

  it("makes augmentation weaker and stronger as a whole, within its bounds", () => {
    const { augment } = config.train;
    // What is no number stays: a camera that never takes the picture has no part in it.
    const { flip, camera } = augment;
    const off = { ...NO_AUGMENTATION, flip, camera: { ...NO_AUGMENTATION.camera, sensor: camera.sensor } };
    expect(scaledAugmentation(augment, 0)).toEqual(off);
    expect(scaledAugmentation(augment, 1)).toEqual(augment);
    const stronger = scaledAugmentation(augment, 2);
    expect(stronger.rotate).toBe(Math.min(45, 2 * augment.rotate));
    expect(stronger.shift).toBeGreaterThan(augment.shift);
    const limit = { ...augment, rotate: 40 };
    expect(scaledAugmentation(limit, 2).rotate).toBe(45);
  });
});

describe("--budget", () => {
  it.each([
    ["90m", { minutes: 90 }],
    ["1.5h", { minutes: 90 }],
    ["27", { trials: 27 }],
  ])("%s is understood", (text, budget) => {
    expect(parseBudget(text)).toEqual(budget);
  });

  it.each(["", "0", "-3", "1.5", "soon", "90s", "0m"])("%s is refused", (text) => {
    expect(() => parseBudget(text)).toThrow(UserError);
  });
});
