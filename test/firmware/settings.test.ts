/** SMILEC.CFG as people write it, and as they should not. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { CARD_SETTINGS, cardSettingsFile } from "#smilec/template/card-settings.js";
import type { Program } from "../support/compile.js";
import { compileUnit } from "../support/core-unit.js";

interface Outcome {
  readonly threshold: number;
  readonly brightness: number;
  readonly burst: number;
  readonly intervalMs: number;
  readonly count: number;
  /** "LINE reason" */
  readonly problems: readonly string[];
}

/** What the driver has built in; brightness may go up to 60, burst to 3. */
const BUILT_IN = { threshold: 7, brightness: 20, burst: 3, intervalMs: 0, count: 0, problems: [] };

let program: Program;
beforeAll(async () => {
  program = await compileUnit("settings_driver.c", ["sm_settings.c"]);
}, 60_000);
afterAll(() => program?.dispose());

async function read(contents: string | Uint8Array): Promise<Outcome> {
  await writeFile(join(program.folder, "SMILEC.CFG"), contents);
  return JSON.parse(await program.run(["read", "SMILEC.CFG"])) as Outcome;
}

describe("SMILEC.CFG", () => {
  it("sets what it names and leaves the rest as built in", async () => {
    expect(await read("threshold=-12\nbrightness=50\nburst=1\nmode=interval\ninterval=90\n")).toEqual({
      ...{ threshold: -12, brightness: 50, burst: 1, intervalMs: 90_000, count: 0, problems: [] },
    });
    expect(await read("burst=2")).toEqual({ ...BUILT_IN, burst: 2 });
    expect(await read("")).toEqual(BUILT_IN);
  });

  it.each([
    ["lines end with CR LF", "threshold=9\r\n\r\nburst=2\r\n"],
    ["lines end with CR", "threshold=9\rburst=2"],
    ["it begins with a byte order mark", "\uFEFFthreshold=9\nburst=2\n"],
    ["there are blanks, capitals and comments", "# mine: ümläut\n  Threshold =\t9 \n\n\tBURST = 2\n#burst=1"],
  ])("means the same when %s", async (_, text) => {
    expect(await read(text)).toEqual({ ...BUILT_IN, threshold: 9, burst: 2 });
  });

  it.each([
    ["threshold=256", "1 not a value that this key takes"],
    ["threshold=-257", "1 not a value that this key takes"],
    ["threshold=1.5", "1 not a value that this key takes"],
    ["threshold=", "1 not a value that this key takes"],
    ["threshold=-", "1 not a value that this key takes"],
    ["threshold=99999999999999999999", "1 not a value that this key takes"],
    ["brightness=0", "1 not a value that this key takes"],
    ["brightness=101", "1 not a value that this key takes"],
    ["burst=4", "1 not a value that this key takes"],
    ["burst=0", "1 not a value that this key takes"],
    ["mode=coin", "1 not a value that this key takes"],
    ["interval=86401", "1 not a value that this key takes"],
    ["\nbrigthness=3", "2 no such key"],
    ["hello", "1 not key=value"],
    ["=3", "1 no such key"],
    ["burst=3\nBURST=1", "2 an earlier line sets this key"],
    ["\n\nmode=interval", "3 mode=interval wants interval=SECONDS"],
    ["a\0b=3", "0 the file is not plain text"],
  ])("leaves %j out and says why", async (text, problem) => {
    const outcome = await read(text);
    expect(outcome).toEqual({ ...BUILT_IN, count: 1, problems: [problem] });
  });

  it("uses the other lines, and counts all that it can't use", async () => {
    const wrong = Array.from({ length: 12 }, (_, i) => `nonsense${i}=1\r\n`).join("");
    const outcome = await read(`${wrong}threshold=3\n`);
    expect(outcome).toMatchObject({ threshold: 3, count: 12 });
    expect(outcome.problems).toHaveLength(8);
    expect(outcome.problems[7]).toBe("8 no such key");
  });

  it("does not go beyond what the strip's supply stands", async () => {
    expect(await read("brightness=100")).toEqual({ ...BUILT_IN, brightness: 60 });
  });

  it("keeps to the button when it names an interval only, or both", async () => {
    expect(await read("interval=5")).toEqual(BUILT_IN);
    expect(await read("interval=5\nmode=button")).toEqual(BUILT_IN);
  });

  it("is left out whole when it is too long, or not plain text", async () => {
    const long = `burst=1\n${"#".repeat(2100)}`;
    expect(await read(long)).toEqual({ ...BUILT_IN, count: 1, problems: ["0 the file is longer than 2,048 bytes"] });
    const utf16 = Buffer.from("\uFEFFburst=1\n", "utf16le");
    expect(await read(utf16)).toEqual({ ...BUILT_IN, count: 1, problems: ["0 the file is not plain text"] });
    const picture = Uint8Array.from({ length: 90_000 }, (_, i) => (i * 37) & 255);
    expect((await read(picture)).count).toBe(1);
  });

  it("never leads out of the ranges, whatever it holds", async () => {
    const changed = Number(await program.run(["fuzz", "1", "200000"]));
    expect(changed).toBeGreaterThan(100);
  });

  it("as every build writes it changes nothing, and is right line by line without its marks", async () => {
    const file = cardSettingsFile({ thresholdMargin: 7, brightness: 20, burst: 3 });
    expect(await read(file)).toEqual(BUILT_IN);
    const used = file.replaceAll(/^#(?=\w+=)/gm, "");
    expect(await read(used)).toEqual(BUILT_IN);
    expect(used.match(/^\w+=/gm)).toHaveLength(CARD_SETTINGS.length);
    expect(Buffer.byteLength(file)).toBeLessThan(1500);
  });
});
