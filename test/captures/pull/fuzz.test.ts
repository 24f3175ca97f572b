import { describe, expect, it } from "@jest/globals";
import { fuzzCaptures } from "../../support/fuzz-captures.js";
import { Random } from "../../support/random.js";

describe("damaged segments and images", () => {
  it("are read without a crash, without reading on and on, and without a file in the wrong place", async () => {
    const report = await fuzzCaptures(new Random(7), 6000);
    expect(report.unexpected).toEqual([]);
    // The damage is neither so light that nothing is found nor so heavy that nothing is read.
    expect(report.pulled).toBe(3);
    for (const count of [report.captures, report.problems, report.refused, report.withdrawn])
      expect(count).toBeGreaterThan(20);
    for (const count of Object.values(report.kinds)) expect(count).toBeGreaterThan(100);
  }, 120_000);
});
