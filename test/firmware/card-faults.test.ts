/** What goes wrong with a card, each with its outcome (docs/faults.md): the board's card code over the real FatFs, on images with faults, under sanitizers. */
import { readFileSync } from "node:fs";
import { describe, expect } from "@jest/globals";
import { capturesOf, logged, ofKind } from "../support/bot.js";
import {
  acknowledged,
  CardBot,
  checked,
  FAULT,
  fresh,
  LATER,
  numbers,
  PRESSES,
  START,
  say,
  suffix,
} from "../support/card-bot.js";
import type { FatBotEvent } from "../support/fat-bot.js";
import { FatImage, fillImage, judge, makeFatImage } from "../support/fat-image.js";
import { SEGMENT_CLUSTERS } from "../support/power-cuts.js";

const bot = CardBot.forTests();

const STEP = process.env.SMILEC_POWER_CUTS === "all" ? 1 : 7;

describe("a card", () => {
  checked(
    `pulled out at any operation and put back loses no acknowledged capture, and the log goes on${suffix}`,
    async () => {
      const image = await bot.makeCard();
      await bot.play(...fresh(image));
      const life = ["boot 1", ...PRESSES];
      const operations = await bot.countOperations(...life);
      for (let n = 0; n < operations; n++) {
        const before = await bot.play(...START, `pull ${n}`, ...life);
        expect(ofKind(before, "scored")).toHaveLength(3);
        // Whether the bot had noticed or not: the very next press is logged.
        const after = await bot.play("push", "press 100", LATER, "press 100", "press 100", "state");
        expect(logged(after)).toEqual([3, 3, 3]);
        expect(ofKind(after, "state")).toMatchObject([{ faults: 0 }]);
        await bot.expectWhole(image, [...before, ...after]);
      }
      say(`${operations} operations at which the card was pulled out`);
      expect(operations).toBeGreaterThan(100);
    },
    240_000,
  );

  checked(
    `exchanged for another one at any operation or while idle keeps what it had, and the other one is used${suffix}`,
    async () => {
      const [image, other] = [await bot.makeCard(), await bot.makeCard()];
      await bot.play(`insert ${other}`, "forget 7", "boot 1", "press 100");
      const life = ["boot 1", ...PRESSES];
      await bot.play(...fresh(image));
      const operations = await bot.countOperations(...life);
      let there = 3;
      for (let n = 0; n < operations + STEP; n += STEP) {
        await makeFatImage(image);
        const before = await bot.play(...fresh(image), `pull ${n}`, ...life);
        const after = await bot.play(`insert ${other}`, "press 100", LATER, "press 100");
        expect(logged(after)).toEqual([3, 3]);
        await bot.expectWhole(image, before);
        await bot.expectWhole(other, after);
        there += acknowledged(after).length;
        expect(numbers(await bot.logOn(other))).toHaveLength(there);
      }
      say(`${Math.ceil(operations / STEP) + 1} operations at which the card was exchanged`);
    },
    240_000,
  );

  checked.each([
    ["writes", 1],
    ["reads", 1],
    ["both", 3],
  ] as const)(
    `whose %s fail %i times in a row at any operation loses no acknowledged capture, and the log goes on${suffix}`,
    async (which, count) => {
      const image = await bot.makeCard();
      await bot.play(...fresh(image));
      const life = ["boot 1", ...PRESSES];
      const operations = await bot.countOperations(...life);
      for (let n = 0; n < operations; n++) {
        const before = await bot.play(...START, `fail ${n} ${count} ${which}`, ...life);
        expect(ofKind(before, "scored")).toHaveLength(3);
        if (count === 1) expect(logged(before)).toEqual([3, 3, 3]);
        const after = await bot.play("repair", LATER, ...PRESSES, "state");
        expect(logged(after)).toEqual([3, 3, 3]);
        expect(ofKind(after, "state")).toMatchObject([{ faults: 0 }]);
        await bot.expectWhole(image, [...before, ...after]);
      }
      say(`${operations} operations at which ${which} failed ${count} times`);
    },
    240_000,
  );

  checked(
    `that does not read something while it is mounted gets no number twice${suffix}`,
    async () => {
      const image = await bot.makeCard();
      await bot.play(...fresh(image));
      const life = [...START, "boot 1", ...PRESSES];
      const [from, to] = (await bot.play(...life, "state", "boot 1", "state")).flatMap(
        ({ operations }) => operations ?? [],
      );
      for (let n = 0; n < to - from; n++) {
        for (const count of [1, 2, 4]) {
          const fault = `fail ${n} ${count} reads`;
          const events = await bot.play(...life, fault, "boot 1", "repair", LATER, "press 100", "press 100");
          expect(logged(events)).toEqual([3, 3, 3, 3, 3]);
          await bot.expectWhole(image, events);
        }
      }
      say(`${3 * (to - from)} mounts with reads that failed`);
    },
    120_000,
  );

  /** The first write of the log fails, and takes so long that the button is down again when the card is to be mounted. */
  const SLOW_FAILURE = ["fail 0 1 writes", "stall 0 3 100"];

  checked(
    `that fails while somebody presses again is mounted when the button is up, and both presses are logged${suffix}`,
    async () => {
      const image = await bot.makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", ...SLOW_FAILURE);
      const events = await bot.play("wave 0 300000 340000 700000", "wait 5000", "state");
      expect(ofKind(events, "done").map(({ press, sequences }) => [press, sequences?.length])).toEqual([
        [2, 3],
        [3, 3],
      ]);
      expect(ofKind(events, "state")).toMatchObject([{ faults: 0 }]);
      await bot.expectWhole(image, [...before, ...events]);
    },
    60_000,
  );

  checked(
    `that fails while somebody holds the button to withdraw the press: it is not logged, on no card and never${suffix}`,
    async () => {
      const image = await bot.makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", ...SLOW_FAILURE);
      const events = await bot.play("wave 0 300000 340000 4000000", "wait 10000", "press 100");
      expect(ofKind(events, "done").map(({ press, sequences }) => [press, sequences?.length])).toEqual([
        [2, 0],
        [3, 3],
      ]);
      expect(ofKind(events, "withdrawn")).toHaveLength(1);
      const presses = capturesOf(await bot.logOn(image)).map(({ metadata }) => metadata.press);
      expect(presses).toEqual([1, 1, 1, 3, 3, 3]);
      await bot.expectWhole(image, [...before, ...events]);
    },
    60_000,
  );

  checked.each([
    ["that no longer reads or writes", "fail 0 1000000 both"],
    ["that no longer writes", "fail 0 1000000 writes"],
    ["that refuses writes", "readonly"],
    ["that says it is write-protected", "protect"],
  ])(
    `%s keeps no press from its answer, is shown as failing, and is used again when it is well${suffix}`,
    async (_, fault) => {
      const image = await bot.makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, fault);
      const contents = readFileSync(image);
      const during = await bot.play(...PRESSES, LATER, ...PRESSES, "state");
      expect(ofKind(during, "scored")).toHaveLength(6);
      expect(acknowledged(during)).toEqual([]);
      expect(ofKind(during, "state")).toMatchObject([{ faults: FAULT.cardFails }]);
      expect(readFileSync(image).equals(contents)).toBe(true);
      const after = await bot.play("repair", LATER, ...PRESSES);
      expect(logged(after)).toEqual([3, 3, 3]);
      await bot.expectWhole(image, [...before, ...after]);
    },
    60_000,
  );

  checked(
    `that takes writes and forgets them is shown as failing; nothing is acknowledged${suffix}`,
    async () => {
      const image = await bot.makeCard();
      const before = await bot.play(`insert ${image}`, "forget 5", "boot 1", ...PRESSES, "pretend");
      const during = await bot.play(...PRESSES, LATER, "press 100", "state");
      expect(ofKind(during, "scored")).toHaveLength(4);
      expect(acknowledged(during)).toEqual([]);
      expect(ofKind(during, "state")).toMatchObject([{ faults: FAULT.cardFails }]);
      await bot.expectWhole(image, before);
    },
    60_000,
  );

  checked(
    `with room for any small number of clusters takes what fits, then is shown as full; nothing is deleted${suffix}`,
    async () => {
      const image = await bot.makeCard();
      const most = 2 * SEGMENT_CLUSTERS + 4;
      const presses = Array.from({ length: 6 }, () => "press 100");
      await bot.play(...fresh(image));
      for (let free = 0; free <= most; free++) {
        await bot.play("restore");
        fillImage(image, (cluster, clusters) => cluster > clusters - free + 1);
        const events = await bot.play(...START, "boot 1", ...presses, "state");
        const segments = Math.floor(free / SEGMENT_CLUSTERS);
        expect(ofKind(events, "scored")).toHaveLength(6);
        expect(numbers(await bot.logOn(image))).toEqual(Array.from({ length: segments * 6 }, (_, i) => i + 1));
        expect(ofKind(events, "state")).toMatchObject([{ faults: FAULT.cardFull }]);
        const again = await bot.play("boot 1", "press 100");
        expect(acknowledged(again)).toEqual([]);
        expect(new FatImage(image).files.map(({ name }) => name)).toContain("FILL.BIN");
        expect((await judge(image)).damage).toEqual([]);
      }
      say(`${most + 1} fills of the card`);
    },
    240_000,
  );

  checked(
    `that has room only in pieces is full; with a piece large enough it is not${suffix}`,
    async () => {
      const image = await bot.makeCard();
      fillImage(image, (cluster) => cluster % 2 === 0);
      const full = await bot.play(`insert ${image}`, "forget 5", "boot 1", "press 100", "state");
      expect(ofKind(full, "state")).toMatchObject([{ faults: FAULT.cardFull }]);
      const roomy = await bot.makeCard();
      fillImage(roomy, (cluster) => cluster % 2 === 0 || (cluster >= 5000 && cluster < 5000 + SEGMENT_CLUSTERS));
      const events = await bot.play(`insert ${roomy}`, "forget 5", "boot 1", "press 100");
      expect(logged(events)).toEqual([3]);
      await bot.expectWhole(roomy, events);
    },
    60_000,
  );

  checked(
    `that stalls for two seconds at any operation keeps no lights waiting, and everything is logged${suffix}`,
    async () => {
      const image = await bot.makeCard();
      await bot.play(...fresh(image));
      const operations = await bot.countOperations("boot 1", ...PRESSES);
      for (let n = 0; n < operations; n++) {
        const events = await bot.play(...START, `stall ${n} 1 2000`, "boot 1", ...PRESSES);
        expect(logged(events)).toEqual([3, 3, 3]);
        for (const { latencyUs } of ofKind(events, "scored") as FatBotEvent[]) expect(latencyUs).toBeLessThan(200_000);
      }
      const slow = await bot.play(...START, "stall 0 1000000 200", "boot 1", LATER, "press 100", LATER, "press 100");
      expect(logged(slow)).toEqual([3, 3]);
      for (const { latencyUs } of ofKind(slow, "scored") as FatBotEvent[]) expect(latencyUs).toBeLessThan(200_000);
      await bot.expectWhole(image, slow);
      say(`${operations} operations at which the card stalled, and a life in which every one took 0.2 s`);
    },
    120_000,
  );
});
