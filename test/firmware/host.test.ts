/** The host program as `simulate` uses it: pictures in, JSON lines and a card out. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { decodeGray, defaultLimits } from "#smilec/data/decode.js";
import { runOrThrow } from "#smilec/process/run.js";
import { OPTIMIZED, SANITIZED } from "../support/compile.js";
import { pgm } from "../support/firmware.js";
import {
  decisionsOf,
  generatedModel,
  HostBot,
  linesOf,
  randomPictures,
  readCaptures,
  smallBundle,
} from "../support/host-bot.js";
import { Random } from "../support/random.js";

let bot: HostBot;
let fast: HostBot;
beforeAll(async () => {
  const model = await generatedModel(smallBundle(39));
  bot = await HostBot.build({ flags: SANITIZED, model });
  fast = await HostBot.build({ flags: OPTIMIZED, model });
}, 120_000);
afterAll(async () => {
  await bot?.dispose();
  await fast?.dispose();
});

const gray = (width: number, height: number, header?: string) =>
  pgm(width, height, new Uint8Array(width * height).fill(90), header);

describe("the host program", () => {
  it("presses once per picture and says what it decided", async () => {
    const paths = bot.writePictures(randomPictures(new Random(2), 30));
    const result = await bot.press(paths, bot.makeCard(), "--device-id", "0badcafe");
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
    const lines = linesOf(result);
    expect(lines[0]).toMatchObject({
      event: "ready",
      selfTest: true,
      device: "0badcafe",
      labels: ["neutral", "smile"],
      burst: 3,
    });
    expect(lines.at(-1)).toEqual({ event: "end", presses: 30, captures: 90 });
    const decisions = decisionsOf(result);
    expect(decisions.map(({ frame }) => frame)).toEqual(paths);
    expect(decisions.flatMap(({ sequences }) => sequences)).toEqual(Array.from({ length: 90 }, (_, i) => i + 1));
    for (const { outputs, margins, sum, threshold, smile, logged } of decisions) {
      expect(margins).toEqual(outputs.map(([neutral, positive]) => positive - neutral));
      expect(sum).toBe(margins.reduce((total, value) => total + value, 0));
      expect({ threshold, smile, logged }).toEqual({ threshold: 105, smile: sum >= 105, logged: true });
    }
    expect(new Set(decisions.map(({ sum }) => sum)).size).toBeGreaterThan(15);
    expect(new Set(decisions.map(({ smile }) => smile))).toEqual(new Set([true, false]));
  });

  it("gives the same bytes every time, optimized or sanitized", async () => {
    const pictures = randomPictures(new Random(3), 12);
    const cards = [bot.makeCard(), bot.makeCard(), fast.makeCard()];
    await bot.press(bot.writePictures(pictures), cards[0]);
    await bot.press(bot.writePictures(pictures), cards[1]);
    await fast.press(fast.writePictures(pictures), cards[2]);
    const names = readdirSync(cards[0]).sort();
    expect(names.length).toBeGreaterThan(4);
    for (const name of names) {
      const [first, ...others] = cards.map((card) => readFileSync(join(card, name)));
      for (const other of others) expect(other.equals(first)).toBe(true);
    }
  });

  it("continues a card, and looks at the whole picture when told to", async () => {
    const card = bot.makeCard();
    const paths = bot.writePictures(randomPictures(new Random(4), 2, true));
    await bot.press(paths.slice(0, 1), card);
    const second = await bot.press(paths.slice(1), card, "--box", "whole");
    expect(decisionsOf(second)[0].sequences).toEqual([4, 5, 6]);
    const captures = await readCaptures(join(card, "SEG00001.TAR"));
    expect(captures.map(({ metadata }) => metadata.boot)).toEqual([1, 1, 1, 2, 2, 2]);
    expect(captures[0].metadata.box).toEqual({ x: 8, y: 3, width: 24, height: 24 });
    expect(captures[5].metadata.box).toEqual({ x: 5, y: 0, width: 30, height: 30 });
  });

  it("takes its settings from the card's SMILEC.CFG, of whatever length, and says what it left out", async () => {
    const card = bot.makeCard();
    const text = "threshold = 255\r\nburst=2\nburst=3\n";
    writeFileSync(join(card, "SMILEC.CFG"), text);
    const result = await bot.press(bot.writePictures(randomPictures(new Random(8), 2)), card);
    expect(linesOf(result).filter(({ event }) => event === "settings")).toEqual([
      {
        ...{ event: "settings", thresholdMargin: 255, brightness: 20, burst: 2, intervalMs: 0 },
        problems: [{ line: 3, reason: "an earlier line sets this key" }],
      },
    ]);
    expect(decisionsOf(result)).toMatchObject([
      { threshold: 510, smile: false, sequences: [1, 2] },
      { threshold: 510, smile: false, sequences: [3, 4] },
    ]);
    expect(readFileSync(join(card, "SMILEC.CFG"), "latin1")).toBe(text);
  });

  it("goes through 1,000 presses in seconds", async () => {
    const pictures = fast.writePictures(randomPictures(new Random(5), 50));
    const paths = Array.from({ length: 1000 }, (_, i) => pictures[i % pictures.length]);
    const result = await fast.press(paths, fast.makeCard());
    expect(linesOf(result).at(-1)).toEqual({ event: "end", presses: 1000, captures: 3000 });
    const [first, again] = [decisionsOf(result)[7], decisionsOf(result)[57]];
    expect(again.outputs).toEqual(first.outputs);
  }, 60_000);
});

describe("the card", () => {
  it("is listed and extracted by tar, and every picture opens in the importer's reader with the frame's pixels", async () => {
    const card = fast.makeCard();
    const pictures = [...randomPictures(new Random(6), 3, true), ...randomPictures(new Random(7), 3)];
    await fast.press(fast.writePictures(pictures), card);
    let compared = 0;
    for (const name of readdirSync(card).sort()) {
      const captures = await readCaptures(join(card, name));
      const listed = await runOrThrow("tar", ["-tf", name], "listing", { cwd: card });
      const folder = name.slice(0, 8);
      const members = captures.map(({ header }) => `${folder}/${String(header.sequence).padStart(10, "0")}.pgm`);
      expect(listed.stdout.split("\n")).toEqual([`${folder}/segment.txt`, ...members]);
      expect(listed.stderr).toBe("");
      await runOrThrow("tar", ["-xf", name], "extracting", { cwd: card });
      expect(readFileSync(join(card, folder, "segment.txt"), "utf8")).toContain(`slots=8\nslot-bytes=3072\n`);
      for (const [i, member] of members.entries()) {
        const { frame } = captures[i];
        const picture = await decodeGray(join(card, member), { ...defaultLimits, minSide: 1 });
        expect([picture.width, picture.height]).toEqual([frame.width, frame.height]);
        expect(Buffer.from(picture.pixels).equals(Buffer.from(frame.pixels))).toBe(true);
        compared += picture.pixels.length;
      }
    }
    expect(compared).toBeGreaterThan(9 * 1200);
  }, 60_000);

  it("holds the pictures as they were", async () => {
    const card = fast.makeCard();
    const pictures = randomPictures(new Random(8), 2);
    await fast.press(fast.writePictures(pictures), card);
    const captures = await readCaptures(join(card, "SEG00001.TAR"));
    expect(captures).toHaveLength(6);
    for (const [i, { frame }] of captures.entries()) {
      const original = pictures[Math.floor(i / 3)];
      expect(pgm(frame.width, frame.height, frame.pixels).equals(original)).toBe(true);
    }
  });

  it("that is not there does not keep the bot from answering", async () => {
    const result = await bot.press(
      bot.writePictures(randomPictures(new Random(9), 3)),
      join(bot.folder, "no-such-card"),
    );
    expect(result.exitCode).toBe(0);
    expect(decisionsOf(result).map(({ logged, sequences }) => [logged, sequences])).toEqual(Array(3).fill([false, []]));
    expect(linesOf(result)).toContainEqual({ event: "faults", faults: ["no-card"], error: -6 });
    expect(linesOf(result).at(-1)).toEqual({ event: "end", presses: 3, captures: 0 });
    expect(existsSync(join(bot.folder, "no-such-card"))).toBe(false);
  });

  it("keeps files that are not smilec's as they are", async () => {
    const card = bot.makeCard();
    const { writeFileSync } = await import("node:fs");
    writeFileSync(join(card, "SEG00007.TAR"), "not a segment");
    writeFileSync(join(card, "a file with a long name.txt"), "mine");
    await bot.press(bot.writePictures(randomPictures(new Random(10), 1)), card);
    expect(readFileSync(join(card, "SEG00007.TAR"), "utf8")).toBe("not a segment");
    expect(await readCaptures(join(card, "SEG00008.TAR"))).toHaveLength(3);
  });
});

describe("bad pictures", () => {
  it.each([
    ["zero bytes", Buffer.alloc(0), "is empty or too short"],
    ["another format", Buffer.from("\x89PNG\r\n\x1a\n"), "is not a binary PGM"],
    ["text PGM", Buffer.from("P2\n2 2\n255\n1 2 3 4\n"), "is not a binary PGM"],
    ["16 bits", gray(2, 2, "P5\n2 2\n65535\n"), "only 255 (8 bits)"],
    ["no pixels", gray(2, 2, "P5\n0 2\n255\n"), "has no pixels"],
    ["huge", gray(2, 2, "P5\n400000 300000\n255\n"), "at most 40 x 30 fit"],
    ["numbers that overflow", gray(2, 2, "P5\n99999999999999999999 2\n255\n"), "damaged PGM header"],
    ["negative", gray(2, 2, "P5\n-2 2\n255\n"), "damaged PGM header"],
    ["one pixel too large", gray(41, 30), "is 41 x 30 pixels; at most 40 x 30 fit"],
    ["truncated pixels", gray(20, 20).subarray(0, 300), "ends before its last pixel"],
    ["truncated header", Buffer.from("P5\n20 2"), "damaged PGM header"],
    ["endless comment", Buffer.concat([Buffer.from("P5\n#"), Buffer.alloc(200_000, "x")]), "damaged PGM header"],
    ["no space behind the header", gray(2, 2, "P5\n2 2\n255x"), "damaged PGM header"],
  ])("%s: are refused with the file's name and the reason", async (_, picture, reason) => {
    const paths = bot.writePictures([gray(20, 20), picture]);
    const result = await bot.press(paths, bot.makeCard());
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain(paths[1]);
    expect(result.stderr).toContain(reason);
    expect(result.stderr.split("\n")).toHaveLength(1);
    expect(decisionsOf(result)).toHaveLength(1);
  });

  it("with comments and odd white space are read", async () => {
    const odd = gray(20, 10, "P5 # a comment\n# another\r\n\t20\n#\n 10 #x\n255\n");
    const result = await bot.press(bot.writePictures([odd]), bot.makeCard());
    expect(result).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("bad arguments", () => {
  it.each([
    [[]],
    [["--frames"]],
    [["--frames", "x"]],
    [["--frames", "x", "--card", "y", "--box", "round"]],
    [["--frames", "x", "--card", "y", "--device-id", "123"]],
    [["--frames", "x", "--card", "y", "--device-id", "-1234567"]],
    [["--frames", "x", "--card", "y", "--seed", "-1"]],
    [["--frames", "x", "--card", "y", "--verbose", "yes"]],
  ])("%j: usage and exit code 2", async (args) => {
    const result = await bot.start(...args);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain("usage: program --frames LIST --card PATH");
    expect(result.stdout).toBe("");
  });

  it("a list that is missing, empty, or names what is not there", async () => {
    const missing = await bot.start("--frames", "/nonexistent/list", "--card", bot.makeCard());
    expect(missing).toMatchObject({ exitCode: 2, stdout: "" });
    expect(missing.stderr).toContain("/nonexistent/list: cannot be opened");
    const empty = await bot.press([], bot.makeCard());
    expect(empty.exitCode).toBe(2);
    expect(empty.stderr).toContain("names no pictures");
    const gone = await bot.press(["/nonexistent/a.pgm"], bot.makeCard());
    expect(gone.exitCode).toBe(2);
    expect(gone.stderr).toContain("/nonexistent/a.pgm: cannot be opened");
    const long = await bot.press(["x".repeat(9000)], bot.makeCard());
    expect(long.exitCode).toBe(2);
    expect(long.stderr).toContain("a line is too long");
  });

  it("hostile names of pictures come out as JSON", async () => {
    const { copyFileSync } = await import("node:fs");
    const [plain] = bot.writePictures([gray(20, 20)]);
    const names = ['quote"back\\slash.pgm', "tab\tbell\x07.pgm", "smile😀.pgm", "-leading.pgm"].map((name) =>
      join(bot.folder, name),
    );
    for (const name of names) copyFileSync(plain, name);
    const result = await bot.press(names, bot.makeCard());
    expect(decisionsOf(result).map(({ frame }) => frame)).toEqual(names);
  });
});

describe("a network that fails its self-test", () => {
  it("is not asked: exit code 1 and no decision", async () => {
    const broken = await HostBot.build({ flags: OPTIMIZED, golden: -5 });
    try {
      const result = await broken.press(broken.writePictures([gray(20, 20)]), broken.makeCard());
      expect(result.exitCode).toBe(1);
      expect(result.stderr).toContain("failed its self-test");
      expect(linesOf(result)[0]).toMatchObject({ event: "ready", selfTest: false });
      expect(decisionsOf(result)).toEqual([]);
    } finally {
      await broken.dispose();
    }
  }, 60_000);
});
