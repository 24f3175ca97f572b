/** What keeps the bot well: taking the card out, settings on the card, the self-test, months of running. The whole core under sanitizers in virtual time. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Bot, type BotEvent, capturesOf, faultsOf, logged, ofKind, problemsOf } from "../support/bot.js";
import { SANITIZED } from "../support/compile.js";

const FAULT = {
  model: 1,
  camera: 2,
  noCard: 4,
  cardFails: 16,
  cardFormat: 32,
  settings: 128,
  memory: 256,
  arena: 1024,
};
const ERROR = { camera: -2, noCard: -6, notFound: -9, corrupt: -12, memory: -13 };

let bot: Bot;
beforeAll(async () => {
  bot = await Bot.build({ flags: SANITIZED });
}, 60_000);
afterAll(() => bot?.dispose());

const play = (...commands: string[]): Promise<BotEvent[]> => bot.play(["new 1", ...commands]);

const playAndRead = (...commands: string[]) => bot.playAndRead(["new 1", ...commands]);

const kinds = (events: readonly BotEvent[]) => events.map(({ event }) => event);
const settings = (text: string) => `put SMILEC.CFG ${Buffer.from(text).toString("hex")}`;

describe("holding the button for ten seconds", () => {
  it("closes everything, unmounts, and says that the card may be taken out", async () => {
    const { events, records } = await playAndRead("press 100", "press 11000", "wait 60000", "state");
    expect(ofKind(events, "ejected")).toMatchObject([{ opens: 0, mounted: false }]);
    // Looking for the card does not put it in use, and is no fault.
    expect(ofKind(events, "mounted")).toHaveLength(1);
    expect(faultsOf(events)).toEqual([]);
    expect(capturesOf(records)).toHaveLength(3);
    expect(problemsOf(records)).toEqual([]);
  });

  it("writes nothing more, whatever is pressed for long", async () => {
    const events = await play(
      ...["press 100", "press 11000", "state", "wait 20000", "press 4000", "press 12000", "wait 20000", "state"],
    );
    const [before, after] = ofKind(events, "state").map(({ writes }) => writes);
    expect(after).toBe(before);
    expect(ofKind(events, "ejected")).toHaveLength(1);
    expect(ofKind(events, "withdrawn")).toMatchObject([{ count: 0, error: ERROR.noCard }]);
    expect(faultsOf(events)).toEqual([]);
  });

  it("looks for another card every two seconds at first, and no more than every minute later on", async () => {
    const events = await play(
      "press 11000",
      "state",
      "wait 240000",
      "state",
      "wait 3600000",
      "state",
      "wait 3600000",
      "state",
    );
    const mounts = ofKind(events, "state").map((state) => state.mounts!);
    expect(mounts[1] - mounts[0]).toBeGreaterThan(110);
    expect(mounts[3] - mounts[2]).toBeLessThanOrEqual(60);
    expect(mounts[3] - mounts[2]).toBeGreaterThan(50);
  });

  it("is ended by a press, which is answered and logged on the card that is there", async () => {
    const { events, records } = await playAndRead("press 100", "press 11000", "wait 5000", "press 100", "press 100");
    expect(kinds(events)).toEqual([
      ...["ready", "mounted", "scored", "done", "scored", "ejected", "scored", "mounted", "done"],
      ...["scored", "done"],
    ]);
    expect(logged(events)).toEqual([3, 3, 3]);
    expect(capturesOf(records).map(({ header }) => header.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it("is ended by putting a card in, once the other was seen to be gone", async () => {
    const { events, records } = await playAndRead(
      ...["press 100", "press 11000", "wait 3000", "card out", "wait 5000", "card in", "wait 5000", "press 100"],
    );
    expect(kinds(events)).toEqual([
      ...["ready", "mounted", "scored", "done", "scored", "ejected", "mounted", "scored", "done"],
    ]);
    expect(faultsOf(events)).toEqual([]);
    expect(capturesOf(records)).toHaveLength(6);
  });

  it("and a press without a card is answered, and the fault told", async () => {
    const events = await play("press 11000", "card out", "wait 5000", "press 100", "card in", "wait 8000", "press 100");
    expect(logged(events)).toEqual([0, 3]);
    expect(faultsOf(events)).toEqual([FAULT.noCard, 0]);
  });

  it("leaves a card that goes on after power was taken away", async () => {
    const { events, records } = await playAndRead("press 100", "press 11000", "wait 1000", "reboot", "press 100");
    expect(logged(events)).toEqual([3, 3]);
    expect(problemsOf(records)).toEqual([]);
  });

  it("shows it by the light, also over the fault of before", async () => {
    const watch = Array.from({ length: 400 }, () => ["wait 10", "state"]).flat();
    const events = await play("card out", "press 100", "press 11000", "wait 1000", ...watch);
    const levels = ofKind(events, "state").map(({ status }) => status);
    expect(levels.filter((level) => level).length).toBeGreaterThan(350);
    expect(levels.filter((level, i) => level && levels[i - 1] === false)).toHaveLength(2);
  });
});

describe("a card that was not there for a while", () => {
  it("gets the next press when it is back by then, however far the next look by the clock is", async () => {
    const events = await play("card out", "press 100", "wait 300000", "card in", "wait 100", "press 100", "press 100");
    expect(logged(events)).toEqual([0, 3, 3]);
    expect(faultsOf(events)).toEqual([FAULT.noCard, 0]);
  });
});

describe("SMILEC.CFG", () => {
  it("counts from the mount on: fewer frames, another threshold, which the captures tell", async () => {
    const { events, records } = await playAndRead(settings("burst=2\r\nthreshold=-256\r\n"), "reboot", "press 100");
    expect(ofKind(events, "settings")).toMatchObject([{ burst: 2, threshold: -256, count: 0 }]);
    expect(ofKind(events, "scored")).toMatchObject([{ frames: 2, threshold: -512, smile: true }]);
    const captures = capturesOf(records);
    expect(captures.map(({ metadata }) => metadata.burstCount)).toEqual([2, 2]);
    expect(captures.map(({ metadata }) => metadata.threshold)).toEqual([-512, -512]);
    expect(faultsOf(events)).toEqual([]);
  });

  it("with a bad line is used but for it, told once, and shown as a blink code until it is mended", async () => {
    const events = await play(
      ...[settings("burst=9\nthreshold=255\n"), "reboot", "press 100", "press 11000", settings("threshold=254\n")],
      ...["press 100", "press 100"],
    );
    expect(ofKind(events, "settings")).toMatchObject([
      { burst: 3, threshold: 255, count: 1 },
      { burst: 3, threshold: 254, count: 0 },
    ]);
    expect(faultsOf(events)).toEqual([FAULT.settings, 0]);
    expect(ofKind(events, "scored").map(({ threshold }) => threshold)).toEqual([765, 765, 765, 762]);
  });

  it("no longer counts with a card without it", async () => {
    const events = await play(settings("burst=1\n"), "reboot", "press 100", "wipe 0", "reboot", "press 100");
    expect(ofKind(events, "scored").map(({ frames }) => frames)).toEqual([1, 3]);
  });

  it.each([
    ["a picture", Buffer.alloc(3000, 0x89)],
    ["empty", Buffer.alloc(0)],
    ["of just two blocks", Buffer.from(`burst=1\n${"#".repeat(1016)}`)],
    ["one byte over two blocks", Buffer.from(`burst=1\n${"#".repeat(1017)}`)],
  ])("that is %s does not keep the card from being used", async (name, bytes) => {
    const { events, records } = await playAndRead(`put SMILEC.CFG ${bytes.toString("hex")}`, "reboot", "press 100");
    const frames = name.includes("block") ? 1 : 3;
    expect(logged(events)).toEqual([frames]);
    expect(capturesOf(records)).toHaveLength(frames);
    expect(faultsOf(events)).toEqual(name === "a picture" ? [FAULT.settings] : []);
  });
});

describe("a bot with a strip and no status LED", () => {
  let ring: Bot;
  beforeAll(async () => {
    const config = { LIGHTS: "SM_LIGHTS_WS2812", LIGHT_COUNT: "12", STATUS_LED: "0", BRIGHTNESS_MAX: "50" };
    ring = await Bot.build({ flags: SANITIZED, config });
  }, 60_000);
  afterAll(() => ring?.dispose());

  const colours = async (...commands: string[]) =>
    ofKind(await ring.play(["new 1", ...commands]), "leds").map(({ leds }) => leds!);
  const all = (...colour: [number, number, number]) => Array(12).fill(colour);

  it("answers with all of them, as bright as the card says and the supply stands", async () => {
    const smile = ["press 100", "leds"];
    const always = (more: string) => [settings(`threshold=-256\n${more}`), "reboot", ...smile];
    expect(await colours(...always(""))).toEqual([all(0, 51, 0)]);
    expect(await colours(...always("brightness=2"))).toEqual([all(0, 5, 0)]);
    expect(await colours(...always("brightness=100"))).toEqual([all(0, 127, 0)]);
    const [dark, pulse, over] = await colours(
      ...[settings("threshold=255"), "reboot", "leds", "press 100", "wait 400", "leds", "wait 1500", "leds"],
    );
    expect(dark).toEqual(all(0, 0, 0));
    expect(pulse[0][0]).toBeGreaterThan(0);
    expect(pulse).toEqual(all(...(pulse[0] as [number, number, number])));
    expect(over).toEqual(all(0, 0, 0));
  });

  it("lights up when it is ready, and shows a fault on the first one only", async () => {
    const watch = Array.from({ length: 60 }, () => ["wait 100", "leds"]).flat();
    const shown = await colours("card out", "press 100", "wait 3000", ...watch);
    const red = shown.filter((leds) => leds[0][0] > 0);
    expect(red.length).toBeGreaterThan(8);
    for (const leds of red) expect(leds).toEqual([[51, 0, 0], ...Array(11).fill([0, 0, 0])]);
  });
});

describe("the self-test", () => {
  it("passes with the board's camera, and tells another one without minding", async () => {
    expect(await play()).toMatchObject([{ event: "ready", error: 0, memory: 0, camera: 0, sensor: 0x2642 }, {}]);
    const events = await play("sensor 3660", "reboot", "press 100");
    expect(ofKind(events, "ready").at(-1)).toMatchObject({ camera: ERROR.notFound, sensor: 0x3660 });
    expect(faultsOf(events)).toEqual([]);
    expect(logged(events)).toEqual([3]);
    // A later version of the same sensor is the same.
    expect(ofKind(await play("sensor 2641", "reboot"), "ready").at(-1)).toMatchObject({ camera: 0 });
  });

  it("finds a camera that does not run before anyone presses, and starts it again", async () => {
    const events = await play("sensor none", "reboot", "wait 3000", "press 100", "state");
    expect(ofKind(events, "ready").at(-1)).toMatchObject({ camera: ERROR.camera });
    expect(faultsOf(events)).toEqual([FAULT.camera, 0]);
    expect(logged(events)).toEqual([3]);
    expect(ofKind(events, "state")).toMatchObject([{ restarts: 1 }]);
  });

  it("finds a network that fails on anything but its golden input", async () => {
    const events = await play("model 1", "reboot", "press 100");
    expect(ofKind(events, "ready").at(-1)).toMatchObject({ error: -4 });
    expect(faultsOf(events)).toEqual([FAULT.model]);
    expect(ofKind(events, "scored")).toEqual([]);
  });

  it("finds memory that does not keep what is written, and then judges nothing", async () => {
    const events = await play("fold frames", "reboot", "press 100", "press 100");
    expect(ofKind(events, "ready").at(-1)).toMatchObject({ error: 0, memory: ERROR.memory });
    expect(faultsOf(events)).toEqual([FAULT.memory]);
    expect(ofKind(events, "scored")).toEqual([]);
  });

  it("finds a network's working memory that does not keep what is written, blinks its own code, and judges nothing", async () => {
    const events = await play("fold arena", "reboot", "press 100", "press 100", "wait 60000", "state");
    expect(ofKind(events, "ready").at(-1)).toMatchObject({ error: ERROR.memory, memory: 0 });
    expect(faultsOf(events)).toEqual([FAULT.arena]);
    expect(ofKind(events, "scored")).toEqual([]);
  });

  it("of the card leaves no trace in the log", async () => {
    const { records } = await playAndRead(...Array(4).fill(["reboot", "press 100"]).flat());
    expect(capturesOf(records).map(({ header }) => header.sequence)).toEqual(
      Array.from({ length: 12 }, (_, i) => i + 1),
    );
    expect(problemsOf(records)).toEqual([]);
  });

  it.each([1, 2])("finds a card that keeps something else, in the %i. of its writes", async (n) => {
    // With room in the segment they are the first of a start.
    const events = await play("press 100", `lie 1 ${n - 1}`, "reboot", "wait 3000", "press 100");
    expect(ofKind(events, "tested")).toMatchObject([{ error: ERROR.corrupt }]);
    expect(faultsOf(events)).toEqual([FAULT.cardFails, 0]);
    expect(logged(events)).toEqual([3, 3]);
  });

  it("writes nothing to a full card", async () => {
    const presses = Array(3).fill("press 100") as string[];
    const events = await play("files 1", ...presses, "reboot", "state", "wait 5000", "state");
    const [before, after] = ofKind(events, "state").map(({ writes }) => writes);
    expect(after).toBe(before);
  });
});

describe("a camera or a card that keeps failing", () => {
  it("is tried again at most every minute, for as long as it takes", async () => {
    const events = await play(
      "press 100",
      "card out",
      "press 100",
      "wait 3600000",
      "card in",
      "wait 61000",
      "press 100",
    );
    expect(logged(events)).toEqual([3, 0, 3]);
    expect(faultsOf(events)).toEqual([FAULT.noCard, 0]);
  });
});

describe("the wrap of the clock after 49.7 days", () => {
  const day = [
    ...["press 100", "press 3500", "card out", "press 100", "wait 4000", "card in", "wait 9000", "press 100"],
    ...["camera 3", "press 100", "wait 2500", "press 100", "press 11000", "wait 3000", "press 200", "press 31000"],
  ];

  it("changes nothing of what the bot does, wherever it falls", async () => {
    const usual = await play("reboot", ...day);
    expect(ofKind(usual, "done").length).toBeGreaterThanOrEqual(4);
    expect(new Set(kinds(usual))).toEqual(
      new Set(["ready", "mounted", "scored", "done", "withdrawn", "faults", "failed", "ejected"]),
    );
    for (let before = 500; before < 90_000; before += 1777) {
      expect(await play(`clock ${2 ** 32 - before}`, "reboot", ...day)).toEqual(usual);
    }
  }, 60_000);

  it("is not seen in the captures' times", async () => {
    const { records } = await playAndRead(`clock ${2 ** 32 - 2000}`, "reboot", "press 100", "press 100", "press 100");
    const times = capturesOf(records).map(({ metadata }) => metadata.uptimeMs);
    expect(times[0]).toBeLessThan(2 ** 32);
    expect(times.at(-1)).toBeGreaterThan(2 ** 32);
    expect([...times].sort((a, b) => a - b)).toEqual(times);
  });
});
