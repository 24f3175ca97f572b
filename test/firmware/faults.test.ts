/** What goes wrong besides the card, each with its outcome (docs/faults.md): camera, button, clock, watchdog, brownout. The board's card code is under it. */
import { beforeAll, describe, expect } from "@jest/globals";
import { crc32 } from "#smilec/captures/crc32.js";
import { capturesOf, logged, ofKind } from "../support/bot.js";
import { CardBot, checked, fresh, START, say, suffix } from "../support/card-bot.js";
import { Random } from "../support/random.js";

const FAULT = { camera: 2, button: 64 };
const ERROR = { camera: -2, frame: -3 };
const RESET = { powerOn: 1, watchdog: 5, brownout: 6 };
/** Milliseconds after which 32 bits are used up. */
const WRAP = 2 ** 32;

const bot = CardBot.forTests();
let image = "";
beforeAll(async () => {
  if (suffix !== "") return;
  image = await bot.makeCard();
  await bot.play(...fresh(image));
});

const play = (...commands: string[]) => bot.play(...START, ...commands);
const captures = async () => capturesOf(await bot.logOn(image));

describe("the camera", () => {
  const BAD = ["timeout", "large", "odd"] as const;
  const cases = BAD.flatMap((kind) =>
    [0, 1, 2, 3].flatMap((after) => [1, 2, 3, 4].map((count) => [count, kind, after])),
  );
  checked.each(cases)(
    `that gives %i frames as "%s" after %i good ones is asked again up to three times; what there is decides${suffix}`,
    async (count, kind, after) => {
      const events = await play(
        "boot 1",
        `camera ${count} ${after} ${kind}`,
        "press 100",
        "wait 5000",
        "press 100",
        "state",
      );
      // Of the first frame, which is dropped, only that it came is looked at.
      const unseen = kind !== "timeout" && after === 0 ? 1 : 0;
      const failures = Number(count) - unseen;
      const frames = failures < 3 ? 3 : Math.max(0, Number(after) - 1);
      if (frames === 0) {
        const error = kind === "timeout" ? ERROR.camera : ERROR.frame;
        expect(ofKind(events, "failed")).toMatchObject([{ error, frames: 0 }]);
        expect(ofKind(events, "faults").map((event) => event.faults)).toEqual([FAULT.camera, 0]);
        expect(ofKind(events, "state")).toMatchObject([{ restarts: 1, faults: 0 }]);
      } else {
        expect(ofKind(events, "scored")[0]).toMatchObject({ frames });
        expect(logged(events)[0]).toBe(frames);
      }
      expect(logged(events).at(-1)).toBe(3);
      await bot.expectWhole(image, events);
    },
  );

  checked(
    `that gives frames of half the height: they are scored and logged as they are${suffix}`,
    async () => {
      const events = await play("boot 1", "camera 4 0 short", "press 100", "press 100");
      const found = await captures();
      expect(found.map(({ frame }) => frame.height)).toEqual([15, 15, 15, 30, 30, 30]);
      const crcs = ofKind(events, "done").flatMap((event) => event.crcs);
      expect(found.map(({ frame }) => crc32(frame.pixels))).toEqual(crcs);
    },
    30_000,
  );
});

describe("the button", () => {
  checked(
    `that bounces at both ends of a press is one press, whatever the waveform${suffix}`,
    async () => {
      const random = new Random(11);
      for (let n = 0; n < 300; n++) {
        const held = random.integer(60, 400) * 1000;
        const wave = [...bounces(random, 20_000), ...bounces(random, 20_000 + 12_000 + held)];
        const events = await play("boot 1", `wave ${wave.join(" ")}`, "wait 2500");
        expect({ wave, logged: logged(events) }).toEqual({ wave, logged: [3] });
      }
      say("300 waveforms with up to 21 changes of the contact at each end");
    },
    240_000,
  );

  checked(
    `that only chatters, without being steady for the debounce time, is no press${suffix}`,
    async () => {
      const random = new Random(12);
      for (let n = 0; n < 100; n++) {
        const wave: number[] = [];
        for (let at = 20_000; at < 2_000_000; at += random.integer(5500, 24_000)) wave.push(at);
        if (wave.length % 2 === 1) wave.pop();
        expect(ofKind(await play("boot 1", `wave ${wave.slice(0, 500).join(" ")}`, "wait 3000"), "scored")).toEqual([]);
      }
      say("100 waveforms of chatter");
    },
    240_000,
  );

  checked(
    `that is stuck is shown after half a minute, does nothing else, and works again when it is free${suffix}`,
    async () => {
      const events = await play(
        "boot 1",
        "wave 50000",
        "run 29000",
        "state",
        "run 3000",
        "state",
        "run 600000",
        "state",
      );
      expect(ofKind(events, "state").map((event) => event.faults)).toEqual([0, FAULT.button, FAULT.button]);
      expect(logged(events)).toEqual([]);
      expect(ofKind(events, "withdrawn")).toEqual([]);
      expect(logged(await bot.play("wave", "run 1000", "press 100"))).toEqual([3]);
    },
    30_000,
  );

  checked(
    `that is down at the start is no press, and the card waits for it${suffix}`,
    async () => {
      const events = await play("wave 0 5000000", "boot 1");
      expect(ofKind(events, "ready")).toHaveLength(1);
      expect(logged(await bot.play("run 6000", "press 100"))).toEqual([3]);
    },
    30_000,
  );
});

/** Changes of a contact that comes to rest, closed, within 12 ms: times in microseconds, an odd number. */
function bounces(random: Random, from: number): number[] {
  const count = 2 * random.integer(0, 10) + 1;
  return Array.from({ length: count }, () => from + random.integer(0, 12_000)).sort((a, b) => a - b);
}

describe("a restart", () => {
  checked(
    `by the watchdog, wherever a card no longer answers, is written into the next captures; nothing acknowledged is lost${suffix}`,
    async () => {
      const [from, to] = (await play("boot 1", "state", "press 100", "press 100", "state")).flatMap(
        ({ operations }) => operations ?? [],
      );
      for (let n = 0; n < to - from; n++) {
        const before = await play("boot 1", `stall ${n} 1 31000`, "press 100", "press 100");
        expect(before.filter(({ event }) => event === "watchdog")).toHaveLength(1);
        const after = await bot.play(`boot ${RESET.watchdog}`, "press 100");
        expect(logged(after)).toEqual([3]);
        expect((await captures()).at(-1)!.metadata.reset).toBe(RESET.watchdog);
        await bot.expectWhole(image, [...before, ...after]);
      }
      say(`${to - from} operations at which the watchdog expired`);
    },
    120_000,
  );

  checked(
    `by a brownout at any time of a press is written into the next captures; nothing acknowledged is lost${suffix}`,
    async () => {
      let withDecision = 0;
      for (let ms = 0; ms < 400; ms += 4) {
        const before = await play("boot 1", "press 100", "wave 50000 170000", `run ${ms}`);
        withDecision += ofKind(before, "scored").length - 1;
        const after = await bot.play(`boot ${RESET.brownout}`, "press 100");
        expect(logged(after)).toEqual([3]);
        const found = await captures();
        expect(found.at(-1)!.metadata).toMatchObject({ reset: RESET.brownout, boot: 2 });
        expect(found[0].metadata.reset).toBe(RESET.powerOn);
        await bot.expectWhole(image, [...before, ...after]);
      }
      say(`100 brownouts, ${withDecision} of them after the decision`);
      expect(withDecision).toBeGreaterThan(20);
      expect(withDecision).toBeLessThan(80);
    },
    120_000,
  );
});

describe("the clock", () => {
  checked(
    `that passes 49.7 days, where 32 bits of milliseconds wrap, changes no press, light or time${suffix}`,
    async () => {
      for (let before = 0; before <= 5000; before += 100) {
        const events = await play("boot 1", "press 100", `clock ${WRAP - before}`, "press 100", "state");
        expect(logged(events)).toEqual([3, 3]);
        const [first, second] = ofKind(events, "done");
        expect({ ...second, press: 1, sinceUs: 0, crcs: 0, sequences: 0, sum: 0, smile: 0, lights: 0 }).toEqual({
          ...first,
          sinceUs: 0,
          crcs: 0,
          sequences: 0,
          sum: 0,
          smile: 0,
          lights: 0,
        });
        const found = await captures();
        const uptime = found[3].metadata.uptimeMs;
        expect(uptime).toBeGreaterThanOrEqual(WRAP - before + 50);
        expect(uptime).toBeLessThan(WRAP - before + 500);
      }
      say("51 presses around the wrap");
    },
    120_000,
  );

  checked(
    `that passes it neither shortens the lights nor a long press, nor keeps a card that is back waiting${suffix}`,
    async () => {
      const smiles = Array.from({ length: 3 }, () => "press 100");
      for (let before = 0; before <= 6000; before += 500) {
        // The third press smiles; the lights stay on for 3 s.
        const events = await play(
          "boot 1",
          ...smiles.slice(1),
          `clock ${WRAP - before}`,
          "press 100",
          "run 1500",
          "state",
          "run 1500",
          "state",
        );
        expect(ofKind(events, "scored").at(-1)).toMatchObject({ smile: true });
        expect(ofKind(events, "state").map(({ lights }) => lights)).toEqual([true, false]);
        const held = await bot.play(`clock ${2 * WRAP - before}`, "press 4000");
        expect(ofKind(held, "withdrawn")).toMatchObject([{ count: 3, error: 0 }]);
        const back = await bot.play(
          "remove",
          "press 100",
          `clock ${3 * WRAP - before}`,
          "wait 1000",
          "push",
          "wait 130000",
          "press 100",
        );
        expect(logged(back)).toEqual([0, 3]);
      }
    },
    120_000,
  );
});
