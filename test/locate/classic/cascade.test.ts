/** Cascades as files. */
import { describe, expect, it } from "@jest/globals";
import { ExitCode, UserError } from "#smilec/errors.js";
import { formatCascade, parseCascade } from "#smilec/locate/classic/cascade.js";
import { ClassicLocator } from "#smilec/locate/classic/locate.js";
import { randomCascade } from "../../support/cascades.js";
import { Random } from "../../support/random.js";

const cascade = randomCascade(new Random(3), 12, 5);
const text = formatCascade(cascade);

interface File {
  format: unknown;
  version: unknown;
  window: unknown;
  smallest: unknown;
  tables: { blocks: number[]; threshold: number; table: string }[];
}

/** The text after a change. */
function changed(change: (file: File) => void): string {
  const file = JSON.parse(text) as File;
  change(file);
  return JSON.stringify(file);
}

function refusal(bad: string): UserError {
  try {
    parseCascade(bad, "here/cascade.json");
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

describe("a cascade's file", () => {
  it("gives back the cascade it was written from", () => {
    expect(parseCascade(text, "x")).toEqual(cascade);
    expect(formatCascade(parseCascade(text, "x"))).toBe(text);
  });

  it.each([
    ["empty", "", /not valid JSON/],
    ["cut off", text.slice(0, text.length / 2), /not valid JSON/],
    ["of another version", changed((file) => (file.version = 2)), /version 2; this smilec reads version 1/],
    ["something else", '{"format":"other"}', /not a cascade/],
    ["no object", "[1,2]", /not a cascade/],
    ["null", "null", /not a cascade/],
    ["without tables", changed((file) => (file.tables = [])), /not a cascade/],
    ["with a window out of range", changed((file) => (file.window = 99)), /not a cascade/],
    ["with a face smaller than the window", changed((file) => (file.smallest = 9)), /not a cascade/],
    ["with a short table", changed((file) => (file.tables[1].table = "AAAA")), /not a cascade/],
    ["with blocks outside", changed((file) => (file.tables[2].blocks = [10, 0, 1, 1])), /not a cascade/],
    ["with blocks of no size", changed((file) => (file.tables[2].blocks = [0, 0, 0, 1])), /not a cascade/],
    ["with a huge threshold", changed((file) => (file.tables[0].threshold = 40_000)), /not a cascade/],
    ["with half a number", changed((file) => (file.tables[0].threshold = 0.5)), /not a cascade/],
  ])("that is %s is refused with the place and what to do", (_, bad, message) => {
    const error = refusal(bad);
    expect(error.message).toMatch(message);
    expect(error.exitCode).toBe(ExitCode.User);
    expect(error.where).toBe("here/cascade.json");
    expect(error.remedy).toMatch(/models:train/);
  });

  it("names every key that is wrong", () => {
    const error = refusal(
      changed((file) => {
        file.tables[1].blocks = [0, 0, 9, 9];
        file.tables[4].blocks = [0, 9, 4, 4];
      }),
    );
    expect(error.detail).toMatch(/tables\.1\.blocks.*\n.*tables\.4\.blocks/);
  });

  it("is refused or usable whatever bytes are changed", () => {
    const random = new Random(8);
    let [refused, taken] = [0, 0];
    for (let i = 0; i < 600; i++) {
      const bytes = Buffer.from(text);
      for (let n = random.integer(1, 3); n > 0; n--)
        bytes[random.integer(0, bytes.length - 1)] = random.integer(32, 126);
      try {
        expect(parseCascade(bytes.toString(), "x").thresholds).toHaveLength(5);
        taken++;
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
    expect(taken).toBeGreaterThan(50);
  });

  it("becomes a detector that captures know by its hash", () => {
    const locator = new ClassicLocator(text, "x");
    expect(locator.hash).toMatch(/^[0-9a-f]{16}$/);
    expect(locator.hash).not.toBe(new ClassicLocator(text.replace('"smallest": ', '"smallest":  '), "x").hash);
    expect(locator.threshold).toBe(cascade.threshold);
  });
});
