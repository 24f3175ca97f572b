import { describe, expect, it, jest } from "@jest/globals";
import { wholeBox } from "#smilec/locate/center.js";
import { preprocess } from "#smilec/preprocess/preprocess.js";
import { SquarePreprocessor } from "#smilec/preprocess/square.js";
import { Rng } from "#smilec/train/rng.js";

// A loaded machine must not turn slowness into failure.
jest.setTimeout(120_000);

describe("preprocessing of many square pictures", () => {
  it.each([
    [64, 48],
    [48, 48],
    [8, 16],
    [17, 48],
    [168, 128],
    [131, 8],
    [1, 8],
  ])("from %d to %d pixels gives the values of preprocess()", (size, input) => {
    const rng = new Rng(size, input);
    for (const normalize of ["standardize", "none"] as const) {
      const spec = { size: input, normalize };
      const preprocessor = new SquarePreprocessor(size, spec);
      for (const bound of [256, 20, 1]) {
        const pixels = Uint8Array.from(
          { length: size * size },
          () => rng.below(bound) + 100 * (256 - bound > 200 ? 1 : 0),
        );
        const out = new Int8Array(input * input);
        preprocessor.run(pixels, out);
        expect(out).toEqual(preprocess({ width: size, height: size, pixels }, wholeBox(size, size), spec));
      }
    }
  });
});
