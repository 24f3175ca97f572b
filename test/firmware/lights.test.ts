/** What lights and button do over time, the clock's wrap after 49.7 days included; the real sources in a small driver. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { LIT_CHANNELS } from "#smilec/board/strip.js";
import type { Program } from "../support/compile.js";
import { compileUnit } from "../support/core-unit.js";
import { coreFolder } from "../support/firmware.js";

type Colour = readonly [red: number, green: number, blue: number];
interface Sample {
  readonly status: boolean;
  readonly leds: readonly Colour[];
}

const WRAP = 2 ** 32;
const PATTERN = { noSmile: 1, nobody: 2, ready: 3, held: 4, withdrawn: 5, refused: 6 };
const DARK: Colour = [0, 0, 0];

let program: Program;
beforeAll(async () => {
  program = await compileUnit("lights_driver.c", ["sm_lights.c", "sm_button.c"]);
}, 60_000);
afterAll(() => program?.dispose());

async function lines(...commands: string[]): Promise<string[]> {
  await writeFile(join(program.folder, "script"), commands.join("\n"));
  return (await program.run(["script"])).split("\n").filter((line) => line !== "");
}

async function samples(...commands: string[]): Promise<Sample[]> {
  return (await lines(...commands)).map((line) => {
    const [status, ...leds] = line.split(" ");
    return { status: status === "1", leds: leds.map((led) => led.split(",").map(Number) as unknown as Colour) };
  });
}

const isDark = (colour: Colour) => colour.every((channel) => channel === 0);
const flashes = (levels: readonly boolean[]) => levels.filter((level, i) => level && levels[i - 1] === false).length;
const strip = (count: number, brightness = 100, statusLed = 0) => `lights ws2812 ${count} ${brightness} ${statusLed}`;

describe("lights on an output", () => {
  it("are on for a smile for its time, and for nothing else", async () => {
    const smile = await samples("lights gpio 1 20 1", "smile 3000", "sample 400 10");
    expect(smile.filter(({ leds }) => !isDark(leds[0]))).toHaveLength(300);
    for (const command of ["neutral", "nobody", "show 3", "show 6", "safe 1", "fault 3"]) {
      const shown = await samples("lights gpio 1 20 0", command, "sample 300 10");
      expect(shown.every(({ leds }) => isDark(leds[0]))).toBe(true);
    }
  });
});

describe("a strip", () => {
  it("is green on all LEDs for a smile, as bright as set", async () => {
    const shown = await samples(strip(64, 20), "smile 500", "sample 60 10");
    expect(shown[0].leds).toHaveLength(64);
    for (const { leds } of shown.slice(0, 50)) for (const led of leds) expect(led).toEqual([0, 51, 0]);
    for (const led of shown[50].leds) expect(led).toEqual(DARK);
    const dimmed = await samples(strip(3, 20), "smile 500", "dim 1", "sample 1 10");
    expect(dimmed[0].leds).toEqual([
      [0, 2, 0],
      [0, 2, 0],
      [0, 2, 0],
    ]);
  });

  it("pulses softly twice in warm white for no smile", async () => {
    const shown = await samples(strip(2), "neutral", "sample 250 10");
    const red = shown.map(({ leds }) => leds[0][0]);
    expect(Math.max(...red)).toBe(255);
    for (const { leds } of shown) {
      expect(leds[0]).toEqual(leds[1]);
      expect(leds[0][0]).toBeGreaterThanOrEqual(leds[0][1]);
      expect(leds[0][1]).toBeGreaterThanOrEqual(leds[0][2]);
    }
    const steps = red.slice(1).map((level, i) => Math.abs(level - red[i]));
    expect(Math.max(...steps)).toBeLessThan(32);
    const peaks = red.filter((level, i) => level === 255 && red[i - 1] !== 255);
    expect(peaks).toHaveLength(2);
    expect(red[0]).toBe(0);
    expect(red[100]).toBe(0);
    expect(red.slice(200)).toEqual(Array(50).fill(0));
  });

  it("pulses once in violet for nobody, and its status LED flashes long and short", async () => {
    const shown = await samples(strip(2, 100, 1), "nobody", "sample 250 10");
    const blue = shown.map(({ leds }) => leds[0][2]);
    expect(Math.max(...blue)).toBe(255);
    for (const { leds } of shown) {
      expect(leds[0]).toEqual(leds[1]);
      expect(leds[0][2]).toBeGreaterThanOrEqual(leds[0][0]);
      expect(leds[0][1]).toBe(0);
    }
    expect(blue.filter((level, i) => level === 255 && blue[i - 1] !== 255)).toHaveLength(1);
    expect(blue.slice(100)).toEqual(Array(150).fill(0));
    const lit = shown.map(({ status }) => (status ? "#" : ".")).join("");
    expect(lit).toMatch(/^#{60}\.{20}#{10}\.{40}/);
  });

  it("shows the patterns on all LEDs where there is no status LED, and not where there is one", async () => {
    for (const pattern of [PATTERN.ready, PATTERN.held, PATTERN.withdrawn, PATTERN.refused]) {
      const shown = await samples(strip(5), `show ${pattern}`, "sample 100 10");
      const lit = shown.filter(({ leds }) => leds.every((led) => !isDark(led)));
      expect(lit.length).toBe(shown.slice(0, 100).filter(({ status }) => status).length);
      expect(lit.length).toBeGreaterThan(10);
      const beside = await samples(strip(5, 100, 1), `show ${pattern}`, "sample 100 10");
      expect(beside.every(({ leds }) => leds.every(isDark))).toBe(true);
      expect(beside.map(({ status }) => status)).toEqual(shown.map(({ status }) => status));
    }
  });

  it.each([1, 2, 5, 10])(
    "repeats a blink code of %i in red on its first LED only, where there is no status LED",
    async (n) => {
      const period = n * 500 + 1500;
      const shown = await samples(strip(8), `fault ${n}`, `sample ${(3 * period) / 10} 10`);
      expect(flashes([false, ...shown.map(({ leds }) => leds[0][0] > 0)])).toBe(3 * n);
      for (const { leds } of shown) {
        expect(leds[0].slice(1)).toEqual([0, 0]);
        expect(leds.slice(1).every(isDark)).toBe(true);
      }
      const beside = await samples(strip(8, 100, 1), `fault ${n}`, `sample ${(3 * period) / 10} 10`);
      expect(beside.every(({ leds }) => leds.every(isDark))).toBe(true);
      expect(flashes([false, ...beside.map(({ status }) => status)])).toBe(3 * n);
    },
  );

  it("shows a smile in spite of a fault, and what is asked of it in spite of a smile", async () => {
    const smile = await samples(strip(2), "fault 1", "smile 1000", "sample 90 10");
    expect(smile.every(({ leds }) => leds[0][1] === 255 && leds[0][0] === 0)).toBe(true);
    const held = await samples(strip(2), "smile 9000", `show ${PATTERN.held}`, "sample 1 10");
    expect(held[0].leds[0]).toEqual([255, 170, 0]);
  });

  it("never lights more than the current is computed from", async () => {
    const limit = Number(/SM_CHANNEL_SUM_MAX (\d+)u/.exec(readFileSync(join(coreFolder, "sm_lights.h"), "utf8"))?.[1]);
    expect(limit).toBe(LIT_CHANNELS * 255);
    const everything = [
      "smile 5000",
      "neutral",
      ...Object.values(PATTERN).map((n) => `show ${n}`),
      "safe 1",
      "fault 2",
    ];
    let most = 0;
    for (const brightness of [100, 37]) {
      for (const command of everything) {
        const shown = await samples(strip(3, brightness), command, "sample 300 20");
        for (const { leds } of shown) {
          for (const [red, green, blue] of leds) {
            most = Math.max(most, red + green + blue);
            expect(red + green + blue).toBeLessThanOrEqual((limit * brightness) / 100);
          }
        }
      }
    }
    // The bound is not far off either.
    expect(most).toBeGreaterThan(0.95 * limit);
  });

  it("gets its colours again every second, an output only what changes", async () => {
    // Two signs of life in ten seconds: four changes of the status LED.
    expect(await lines(strip(4, 20, 1), "output 1000 10")).toEqual(["10 4"]);
    expect(await lines("lights gpio 1 20 1", "output 1000 10")).toEqual(["1 4"]);
  });
});

describe("a card that may be taken out", () => {
  it("is told by a light that is on with short gaps, unlike any blink code", async () => {
    const shown = await samples("lights gpio 1 20 1", "fault 3", "safe 1", "sample 600 10");
    const on = shown.filter(({ status }) => status).length;
    expect(on).toBe(540);
    expect(flashes(shown.map(({ status }) => status))).toBe(2);
  });

  it("is told by slow blue on a strip, with a status LED too, until it is in use again", async () => {
    for (const statusLed of [0, 1]) {
      const shown = await samples(strip(3, 100, statusLed), "safe 1", "sample 800 10", "safe 0", "sample 1 10");
      const blue = shown.slice(0, -1).map(({ leds }) => leds[2][2]);
      expect(Math.max(...blue)).toBe(255);
      expect(flashes(blue.map((level) => level > 128))).toBe(2);
      expect(shown.every(({ leds }) => leds[0][0] === 0)).toBe(true);
      expect(isDark(shown.at(-1)!.leds[2])).toBe(true);
    }
  });
});

describe("the wrap of the clock after 49.7 days", () => {
  it.each(["smile 3000", "neutral", "nobody", "show 1", "show 3", "show 5", "safe 1", "fault 1", "fault 7", "fault 0"])(
    "is not seen in %s",
    async (command) => {
      const commands = [strip(2), "sample 3 10", command, "sample 900 10"];
      const usual = await lines("at 5000", ...commands);
      for (const before of [10, 1500, 4990, 8000]) {
        expect(await lines(`at ${WRAP - before}`, ...commands)).toEqual(usual);
      }
    },
  );

  it.each(["fault 3", "safe 1", "fault 0"])(
    "does not break the rhythm of %s that began long before",
    async (command) => {
      // An hour at a time over 60 days, and then half a minute to look at; the hours are whole periods of 3, 4 and 5 s.
      const hours = `sample ${60 * 24} 3600000`;
      const begun = await lines(strip(1), command, "sample 3000 10");
      const later = await lines(strip(1), command, hours, "sample 3000 10");
      expect(later.slice(60 * 24)).toEqual(begun);
    },
  );

  it("comes to a repeated pattern at any place", async () => {
    const shown = await samples(`at ${WRAP - 61000}`, strip(1), "fault 0", "sample 12200 10");
    const starts = shown.flatMap(({ status }, i) => (status && shown[i - 1]?.status !== true ? [i] : []));
    expect(new Set(starts.slice(1).map((start, i) => start - starts[i]))).toEqual(new Set([500]));
  });

  it("does not change what a button means", async () => {
    const presses = [
      ...["button 30", "level 0 20 5", "level 1 30 5", "level 0 20 5"],
      ...["level 1 800 5", "level 0 20 5", "level 1 2400 5", "level 0 20 5", "level 1 7000 5", "level 0 20 5"],
    ];
    const usual = await lines("at 1000", ...presses);
    expect(usual.map((line) => Number(line.split(" ")[0]))).toEqual([1, 2, 1, 3, 2, 1, 3, 4, 2, 1, 3, 4, 5, 2]);
    for (const before of [3, 130, 160, 3000, 9000, 20000, 40000]) {
      expect(await lines(`at ${WRAP - before}`, ...presses)).toEqual(usual);
    }
  });

  it("does not end or repeat a stuck button", async () => {
    const events = await lines("button 30", "level 0 5 5", "level 1 20000 5", "level 1 1500 3600000", "level 0 20 5");
    expect(events.map((line) => Number(line.split(" ")[0]))).toEqual([1, 3, 4, 5, 2]);
  });
});
