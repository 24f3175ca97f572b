import { describe, expect, it } from "@jest/globals";
import { configJsonSchema, parseConfig } from "#smilec/config/load.js";
import { configSchema } from "#smilec/config/schema.js";
import type { SmilecError } from "#smilec/errors.js";

function failure(text: string): SmilecError {
  try {
    parseConfig(text, "smilec.config.json");
  } catch (error) {
    return error as SmilecError;
  }
  throw new Error("the configuration was accepted");
}

describe("smilec.config.json", () => {
  it("is complete when empty", () => {
    const config = parseConfig("{}", "smilec.config.json");
    expect(config.labels).toEqual(["neutral", "smile"]);
    expect(config.train.augment.flip).toBe(true);
    expect(config.input.size).toBe(48);
  });

  it("keeps what is given and fills in the rest of the same object", () => {
    const config = parseConfig('{"train": {"epochs": 7}}', "smilec.config.json");
    expect(config.train.epochs).toBe(7);
    expect(config.train.batchSize).toBe(128);
  });

  it.each(["center", "classic", "neural"])('takes "locator": "%s" for an object with that kind', (kind) => {
    const short = parseConfig(`{"locator": "${kind}"}`, "f");
    expect(short).toEqual(parseConfig(`{"locator": {"kind": "${kind}"}}`, "f"));
    expect(short.locator.kind).toBe(kind);
  });

  it.each([
    ['"neurall"', /smilec\.config\.json:1:2 locator\.kind: .*"center"\|"classic"\|"neural"/],
    ["7", /smilec\.config\.json:1:2 locator: .*expected object/i],
    ["null", /smilec\.config\.json:1:2 locator: .*expected object/i],
  ])("refuses the locator %s", (given, message) => {
    expect(failure(`{"locator": ${given}}`).detail).toMatch(message);
  });

  it("offers editors the locators by name", () => {
    const { properties } = configJsonSchema() as { properties: Record<string, { anyOf: { enum?: string[] }[] }> };
    expect(properties.locator.anyOf[0].enum).toEqual(["center", "classic", "neural"]);
    expect(properties.locator.anyOf[1]).toMatchObject({ properties: { kind: {} }, additionalProperties: false });
  });

  it("reports every problem at once, each with its line and column", () => {
    const { detail, exitCode } = failure(
      '{\n  "boord": "esp32cam",\n  "train": { "epochs": "many",\n    "lerningRate": 1 },\n  "input": { "size": 4000 }\n}',
    );
    expect(exitCode).toBe(2);
    const lines = detail!.split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[0]).toBe('smilec.config.json:2:3 boord: unknown key (did you mean "board"?)');
    expect(lines[1]).toMatch(/^smilec\.config\.json:3:14 train\.epochs: .*expected number/i);
    expect(lines[2]).toBe('smilec.config.json:4:5 train.lerningRate: unknown key (did you mean "learningRate"?)');
    expect(lines[3]).toMatch(/^smilec\.config\.json:5:14 input\.size: .*128/);
  });

  it("lists the known keys when none is near", () => {
    expect(failure('{"input": {"xyzzyxyzzy": 1}}').detail).toContain("known here: size, normalize");
  });

  it.each([
    ['{"labels": ["a", "a"], "positive": "a"}', 'labels[1]: label "a" is listed twice'],
    ['{"labels": ["a", "b"]}', '"smile" is not one of labels ("a", "b")'],
    [
      '{"locator": {"y": 100, "size": 800}}',
      "locator.y: a square of 800 thousandths around 100 leaves the frame; use 400 to 600",
    ],
    ['{"input": {"size": 50}}', "input.size: must be a multiple of 8, such as 48"],
    ['{"train": {"epochs": 5, "warmupEpochs": 9}}', "train.warmupEpochs: must be less than train.epochs (5)"],
  ])("checks rules that span keys: %s", (text, message) => {
    expect(failure(text).detail).toContain(message);
  });

  it.each(["", "{", '{"name": }', "[]", '"text"', "null", "\u0000\u0001"])(
    "refuses %j with a place and no stack",
    (text) => {
      const error = failure(text);
      expect(error.exitCode).toBe(2);
      expect(error.where).toBe("smilec.config.json");
      expect(error.detail).not.toContain(" at ");
    },
  );

  it("refuses hostile keys without touching prototypes", () => {
    const error = failure('{"__proto__": {"polluted": true}, "constructor": 1}');
    expect(error.exitCode).toBe(2);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("allows comments and a byte order mark", () => {
    expect(parseConfig('\uFEFF{ // the nose bot\n "name": "nose-bot", }', "f").name).toBe("nose-bot");
  });

  it("describes every key for editors", () => {
    const undescribed: string[] = [];
    const visit = (schema: { properties?: Record<string, object>; description?: string }, path: string) => {
      if (schema.properties === undefined && schema.description === undefined) undescribed.push(path);
      for (const [key, child] of Object.entries(schema.properties ?? {})) visit(child, `${path}.${key}`);
    };
    visit(configJsonSchema(), "");
    expect(undescribed).toEqual([]);
    expect(configSchema.parse({})).toBeDefined();
  });
});
