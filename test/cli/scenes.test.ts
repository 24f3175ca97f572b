import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { openCatalogue, PictureReader } from "#smilec/data/catalogue.js";
import type { LocatorEvaluation } from "#smilec/locate/evaluate/run.js";
import { smilec } from "../support/cli.js";
import { parseHtml, withClass } from "../support/html.js";
import { put, putPersons } from "../support/pictures.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(300_000);

const folder = temporaryFolders();

const SMALL = ["--count", "12", "--size", "160x120"];
const lines = (path: string) => readFileSync(path, "utf8").trimEnd().split("\n");

describe("smilec data compose", () => {
  it("writes scenes, what is in them, and a sheet; outside of a project of drawn people", async () => {
    const cwd = folder();
    const result = await smilec(["data", "compose", ...SMALL, "--out", "a"], { cwd });
    expect(result.stderr).toContain("drawn people");
    expect(result.stdout).toContain("look at a/contact-sheet.png");
    expect(readdirSync(join(cwd, "a")).sort()).toEqual(["contact-sheet.png", "manifest.csv", "scenes", "scenes.jsonl"]);
    expect(readdirSync(join(cwd, "a/scenes"))).toHaveLength(12);
    const { width, height, channels } = await sharp(join(cwd, "a/scenes/000001.png")).metadata();
    expect([width, height, channels]).toEqual([160, 120, 1]);
    const scenes = lines(join(cwd, "a/scenes.jsonl")).map((line) => JSON.parse(line));
    expect(scenes).toHaveLength(12);
    const faces = scenes.reduce((sum, scene) => sum + scene.faces.length, 0);
    expect(lines(join(cwd, "a/manifest.csv"))).toHaveLength(1 + faces);
    // A sheet of coloured boxes on grey scenes.
    const sheet = await sharp(join(cwd, "a/contact-sheet.png")).metadata();
    expect(sheet.width).toBeGreaterThan(1000);
  });

  it("writes the same again for the same seed, byte by byte, and other scenes for another", async () => {
    const cwd = folder();
    for (const [out, seed] of [
      ["a", "9"],
      ["b", "9"],
      ["c", "10"],
    ]) {
      await smilec(["data", "compose", ...SMALL, "--seed", seed, "--out", out, "-q"], { cwd });
    }
    const files = (out: string) =>
      ["manifest.csv", "scenes.jsonl", ...readdirSync(join(cwd, "a/scenes")).map((name) => `scenes/${name}`)].map(
        (name) => readFileSync(join(cwd, out, name)).toString("base64"),
      );
    expect(files("b")).toEqual(files("a"));
    expect(files("c")).not.toEqual(files("a"));
  });

  it("makes what data import reads: every face with its box and person", async () => {
    const cwd = folder();
    put(cwd, "smilec.config.json", "{}");
    await smilec(["data", "compose", "--count", "40", "--out", "made", "-q"], { cwd });
    const result = await smilec(["data", "import", "made", "--partial", "--json"], { cwd });
    expect(result.exitCode).toBe(0);
    const { count, rejected } = JSON.parse(result.stdout);
    const rows = lines(join(cwd, "made/manifest.csv")).slice(1);
    expect(count).toBe(rows.length);
    expect(rejected).toBe(0);
    const catalogue = await openCatalogue(join(cwd, "data"));
    const reader = new PictureReader(catalogue.imports);
    for (const record of catalogue.records) {
      expect(record.box!.width).toBeGreaterThanOrEqual(20);
      expect(record.group).toMatch(/^drawn\/1\/person-\d+$/);
      expect(reader.read(record).pixels).toHaveLength(record.width * record.height);
    }
    reader.close();
  });

  it("takes the people of the project's imports, of the split that was asked for", async () => {
    const cwd = folder();
    put(cwd, "smilec.config.json", "{}");
    await putPersons(join(cwd, "people"), 24);
    expect((await smilec(["data", "import", "people", "-q"], { cwd })).exitCode).toBe(0);
    const persons = new Map<string, Set<string>>();
    for (const split of ["train", "validation", "test"]) {
      const result = await smilec(
        ["data", "compose", "--count", "30", "--size", "64x48", "--split", split, "--out", split, "--json"],
        { cwd },
      );
      expect(JSON.parse(result.stdout)).toMatchObject({ split, people: expect.stringContaining("people") });
      persons.set(
        split,
        new Set(
          lines(join(cwd, split, "manifest.csv"))
            .slice(1)
            .map((row) => row.split(",")[2]),
        ),
      );
    }
    const [train, test] = [persons.get("train")!, persons.get("test")!];
    expect(train.size).toBeGreaterThan(2);
    expect([...test].filter((person) => train.has(person))).toEqual([]);
  });

  it.each([
    [["--count", "0"], "--count takes a whole number from 1"],
    [["--count", "ten"], '"ten"'],
    [["--size", "320"], '"320" is no size of a frame'],
    [["--size", "0x240"], '"0x240" is no size of a frame'],
    [["--size", "5000x10"], "from 1 to 4096 pixels"],
    [["--seed", "-1"], "--seed takes a whole number"],
    [["--split", "val"], "train, validation, test"],
  ])("refuses %j", async (args, words) => {
    const cwd = folder();
    const result = await smilec(["data", "compose", ...args], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain("    at ");
    expect(readdirSync(cwd)).toEqual([]);
  });

  it("refuses a folder that holds something, and leaves it as it is", async () => {
    const cwd = folder();
    put(cwd, "mine/notes.txt", "mine");
    put(cwd, "file", "mine");
    for (const [out, words] of [
      ["mine", "the folder is not empty"],
      ["file", "this is not a folder"],
    ]) {
      const result = await smilec(["data", "compose", ...SMALL, "--out", out], { cwd });
      expect(result.exitCode).toBe(2);
      expect(result.stderr).toContain(words);
    }
    expect(readdirSync(cwd).sort()).toEqual(["file", "mine"]);
    expect(readdirSync(join(cwd, "mine"))).toEqual(["notes.txt"]);
  });

  it("says when the pictures are too small to cut people out of", async () => {
    const cwd = folder();
    put(cwd, "smilec.config.json", "{}");
    const small = await sharp({ create: { width: 20, height: 20, channels: 3, background: "#777" } })
      .png()
      .toBuffer();
    const other = await sharp({ create: { width: 20, height: 20, channels: 3, background: "#333" } })
      .png()
      .toBuffer();
    put(cwd, "tiny/smile/a/1.png", small);
    put(cwd, "tiny/neutral/b/2.png", other);
    expect((await smilec(["data", "import", "tiny", "--partial", "-q"], { cwd })).exitCode).toBe(0);
    const result = await smilec(["data", "compose", ...SMALL], { cwd });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toMatch(/smaller than 32 pixels|no picture of split train/);
    expect(existsSync(join(cwd, "scenes"))).toBe(false);
  });
});

describe("smilec locate eval", () => {
  it("measures the locators on composed scenes, for machines, people and as a page", async () => {
    const cwd = folder();
    const args = ["locate", "eval", "--scenes", "16", "--size", "160x120"];
    const result = await smilec([...args, "--locator", "center", "--json", "--html", "page.html"], { cwd });
    expect(result.exitCode).toBe(0);
    const evaluation = JSON.parse(result.stdout) as LocatorEvaluation & { people: string };
    expect(evaluation.people).toBe("drawn people");
    expect(evaluation.locators.map(({ name }) => name)).toEqual(["center", "perfect boxes"]);
    expect(evaluation.locators[0].falseAlarms.value).toBe(1);
    expect(evaluation.locators[1].averagePrecision.value).toBe(1);
    const page = parseHtml(readFileSync(join(cwd, "page.html"), "utf8"));
    expect(withClass(page, "box").length).toBeGreaterThan(8);
    const text = await smilec([...args, "--locator", "center"], { cwd });
    expect(text.stdout).toContain("lamp or window, looks at a fixture");
  });

  it.each([
    [["--locator", "neurall"], "there is no locator neurall"],
    [["--locator", "center,"], "--locator has an empty name"],
    [["--scenes", "3"], "--scenes takes a whole number from 4"],
    [["--model", "none.tflite"], "none.tflite"],
    [["--size", "x"], "is no size of a frame"],
  ])("refuses %j", async (args, words) => {
    const result = await smilec(["locate", "eval", ...args], { cwd: folder() });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(words);
    expect(result.stderr).not.toContain("    at ");
  });
});
