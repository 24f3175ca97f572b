/** Pictures without a press, in virtual time with the whole core under sanitizers. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Bot, capturesOf, ofKind } from "../support/bot.js";
import { SANITIZED } from "../support/compile.js";

let bot: Bot;
beforeAll(async () => {
  bot = await Bot.build({ flags: SANITIZED, config: { INTERVAL_MS: "5000" } });
}, 60_000);
afterAll(() => bot?.dispose());

async function play(...commands: string[]) {
  const { events, records } = await bot.playAndRead(["new 1", ...commands]);
  return { events, captures: capturesOf(records).map(({ metadata }) => metadata) };
}

/** When the first frame of each picture was there, and whether somebody pressed. */
const taken = (captures: Awaited<ReturnType<typeof play>>["captures"]) =>
  captures
    .filter(({ burstIndex }) => burstIndex === 1)
    .map(({ uptimeMs, pressMs }) => ({ at: uptimeMs, pressed: pressMs > 0 }));

describe("the interval", () => {
  it("takes and logs a picture so long after the last one, without a press", async () => {
    const { captures, events } = await play("wait 20000");
    const pictures = taken(captures);
    expect(pictures.map(({ pressed }) => pressed)).toEqual([false, false, false, false]);
    for (const [i, { at }] of pictures.entries()) {
      const since = at - (i === 0 ? 0 : pictures[i - 1].at);
      expect(since).toBeGreaterThanOrEqual(5000);
      expect(since).toBeLessThan(5300);
    }
    expect(captures.map(({ press, pressMs, burstCount }) => [press, pressMs, burstCount]).slice(0, 4)).toEqual([
      [1, 0, 3],
      [1, 0, 3],
      [1, 0, 3],
      [2, 0, 3],
    ]);
    expect(ofKind(events, "done").every(({ error }) => error === 0)).toBe(true);
  });

  it("starts over with every press, which is logged as one", async () => {
    const { captures } = await play("wait 2000", "press 150", "wait 7000");
    const pictures = taken(captures);
    expect(pictures.map(({ pressed }) => pressed)).toEqual([true, false]);
    expect(pictures[1].at - pictures[0].at).toBeGreaterThanOrEqual(5000);
  });

  it("takes none while the button is held, nor right after it", async () => {
    const { events, captures } = await play("wait 2000", "press 9000", "wait 5000", "press 35000", "wait 5000");
    const pictures = taken(captures);
    expect(pictures.map(({ pressed }) => pressed)).toEqual([false, false]);
    // Held from 3 s to 12 s, then from 18 s to 53 s.
    expect(Math.round(pictures[0].at / 1000)).toBe(17);
    expect(Math.round(pictures[1].at / 1000)).toBeGreaterThanOrEqual(58);
    expect(ofKind(events, "done")).toHaveLength(2);
  });

  /** The contact closes at so many milliseconds after the picture by interval begins. */
  it.each([-20, 5, 45, 85, 125, 165, 205, 300])("gives way to a press %i ms after it began", async (after) => {
    // The first picture begins when 5,000 ms have passed; `new` ran one second and a press begins after 50.
    const { captures, events } = await play(`wait ${4000 - 50 + after}`, "press 150");
    const pressed = captures.filter(({ pressMs }) => pressMs > 0);
    expect(pressed).toHaveLength(3);
    expect(new Set(pressed.map(({ press }) => press)).size).toBe(1);
    const presses = ofKind(events, "done").map(({ press }) => press);
    expect(new Set(presses).size).toBe(presses.length);
    expect(pressed[0].pressMs).toBeGreaterThanOrEqual(100);
    // The finger's picture is not one that began before it came down, and is in time.
    expect(pressed[0].uptimeMs).toBeGreaterThan(5000 + after);
    expect(pressed[0].stages.latencyUs).toBeLessThan(700_000);
  });

  it("goes on when the camera is back", async () => {
    const { events } = await play("camera 9 0", "wait 30000");
    expect(ofKind(events, "failed").length).toBeGreaterThan(1);
    expect(ofKind(events, "done").length).toBeGreaterThan(1);
  });

  it("withdraws its pictures like any", async () => {
    const { events, captures } = await play("wait 5500", "press 3500");
    expect(ofKind(events, "withdrawn")).toMatchObject([{ count: 3, error: 0 }]);
    expect(captures).toEqual([]);
  });
});
