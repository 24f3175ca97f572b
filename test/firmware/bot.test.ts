/** What a person sees of the bot, with the whole core under sanitizers in virtual time. */
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Bot, type BotEvent, capturesOf, faultsOf, logged, ofKind, problemsOf, readCard } from "../support/bot.js";
import { SANITIZED } from "../support/compile.js";

const FAULT = { model: 1, camera: 2, noCard: 4, cardFull: 8, cardFails: 16, button: 64 };
const ERROR = { noSlot: -14, camera: -2, model: -4, noCard: -6, cardFull: -7, io: -8 };

let bot: Bot;
beforeAll(async () => {
  bot = await Bot.build({ flags: SANITIZED });
}, 60_000);
afterAll(() => bot?.dispose());

const play = (...commands: string[]): Promise<BotEvent[]> => bot.play(["new 1", ...commands]);

const playAndRead = (...commands: string[]) => bot.playAndRead(["new 1", ...commands]);

describe("a press", () => {
  it("is scored before it is logged, and every frame of the burst is on the card", async () => {
    const { events, records } = await playAndRead("press 100", "press 250");
    expect(events.map(({ event }) => event)).toEqual(["ready", "mounted", "scored", "done", "scored", "done"]);
    const captures = capturesOf(records);
    expect(captures.map(({ header }) => header.sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(captures.map(({ metadata }) => `${metadata.burstIndex}/${metadata.burstCount}`).slice(3)).toEqual([
      "1/3",
      "2/3",
      "3/3",
    ]);
    for (const { metadata } of captures) {
      expect(metadata).toMatchObject({
        sensor: 0x2642,
        sensorStatus: 5,
        gain: 7,
        reset: 1,
        freeMemory: 123456,
        boot: 1,
      });
    }
    expect(captures[5].metadata.pressMs).toBeGreaterThanOrEqual(230);
    expect(captures[5].metadata.pressMs).toBeLessThanOrEqual(300);
  });

  it("counts once however the contact bounces", async () => {
    const events = await play("bounce 12", "press 300", "bounce 3", "press 200");
    expect(logged(events)).toEqual([3, 3]);
  });

  it("of a contact that never is steady is none", async () => {
    expect(ofKind(await play("bounce 60", "press 300"), "scored")).toEqual([]);
  });

  it("shorter than the debounce time is none", async () => {
    expect(ofKind(await play("press 20"), "scored")).toEqual([]);
  });

  it("turns the lights on for a smile, for as long as configured, and off for none", async () => {
    const events = await play(
      "press 100",
      "press 100",
      "press 100",
      "press 100",
      "press 100",
      "press 100",
      "state",
      "wait 3000",
      "state",
    );
    const scored = ofKind(events, "scored");
    expect(new Set(scored.map(({ smile }) => smile))).toEqual(new Set([true, false]));
    for (const { smile, lights, sum, threshold } of scored) {
      expect(lights).toBe(smile);
      expect(smile).toBe(sum! >= threshold!);
    }
    expect(ofKind(events, "state").at(-1)?.lights).toBe(false);
  });
});

describe("holding the button", () => {
  it("for three seconds withdraws the last press, and logs nothing of its own", async () => {
    const { events, records } = await playAndRead("press 100", "press 100", "press 3500");
    expect(ofKind(events, "withdrawn")).toMatchObject([{ count: 3, error: 0 }]);
    expect(records.map(({ kind }) => kind)).toEqual([
      "capture",
      "capture",
      "capture",
      "withdrawn",
      "withdrawn",
      "withdrawn",
    ]);
  });

  it("withdraws a press from before the last start", async () => {
    const { events, records } = await playAndRead("press 100", "press 100", "reboot", "press 3500", "press 100");
    expect(ofKind(events, "withdrawn")).toMatchObject([{ count: 3 }]);
    expect(records.map(({ kind }) => kind)).toEqual([
      ...["capture", "capture", "capture", "withdrawn", "withdrawn", "withdrawn", "capture", "capture", "capture"],
    ]);
  });

  it("withdraws a press in a segment that is no longer the current one", async () => {
    // Two presses fill the first segment of eight slots as far as presses go; the third begins the next.
    const { records } = await playAndRead("press 100", "press 100", "reboot", "press 3500");
    expect(records.filter(({ kind }) => kind === "withdrawn")).toHaveLength(3);
  });

  it("does not withdraw another bot's captures", async () => {
    const { events, records } = await playAndRead("press 100", "device 0000beef", "reboot", "press 3500");
    expect(ofKind(events, "withdrawn")).toMatchObject([{ count: 0, error: -9 }]);
    expect(capturesOf(records)).toHaveLength(3);
  });

  it("with nothing to withdraw says so", async () => {
    expect(ofKind(await play("press 3500"), "withdrawn")).toMatchObject([{ count: 0, error: -9 }]);
  });

  it("for ten seconds lets the card be taken out, for half a minute is a stuck button", async () => {
    const events = await play("press 100", "press 11000", "press 31000", "press 100");
    expect(ofKind(events, "mounted")).toHaveLength(2);
    expect(ofKind(events, "withdrawn")).toHaveLength(0);
    expect(faultsOf(events)).toEqual([FAULT.button, 0]);
    expect(logged(events)).toEqual([3, 3]);
  });
});

describe("without a working card", () => {
  it("scores on and says that there is none, and logs again when it is back", async () => {
    const { events, records } = await playAndRead(
      ...["card out", "press 100", "press 100", "state", "card in", "wait 8000", "press 100"],
    );
    expect(logged(events)).toEqual([0, 0, 3]);
    expect(ofKind(events, "scored")).toHaveLength(3);
    expect(ofKind(events, "done").map(({ error }) => error)).toEqual([ERROR.noCard, ERROR.noCard, 0]);
    expect(faultsOf(events)).toEqual([FAULT.noCard, 0]);
    expect(capturesOf(records)).toHaveLength(3);
    expect(problemsOf(records)).toEqual([]);
  });

  it("scores on when the card is full, and deletes nothing", async () => {
    const presses = Array.from({ length: 6 }, () => "press 100");
    const { events, records } = await playAndRead("new 1", "files 2", ...presses);
    expect(logged(events)).toEqual([3, 3, 3, 3, 0, 0]);
    expect(ofKind(events, "scored")).toHaveLength(6);
    expect(ofKind(events, "done").at(-1)?.error).toBe(ERROR.cardFull);
    expect(faultsOf(events)).toEqual([FAULT.cardFull]);
    expect(capturesOf(records)).toHaveLength(12);
  });

  it("withdraws from a full card", async () => {
    const { events, records } = await playAndRead("files 1", "press 100", "press 100", "press 100", "press 3500");
    expect(logged(events)).toEqual([3, 3, 0]);
    expect(records.filter(({ kind }) => kind === "withdrawn")).toHaveLength(3);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 12])("logs a press all the same when one write fails, its %i.", async (n) => {
    const { events, records } = await playAndRead("press 100", `fail ${n} 1`, "press 100", "press 100");
    expect(logged(events)).toEqual([3, 3, 3]);
    // Mounted again: once, and at once.
    expect(ofKind(events, "mounted")).toHaveLength(2);
    expect(faultsOf(events)).toEqual([]);
    const frames = capturesOf(records).map(({ metadata }) => `${metadata.press}.${metadata.burstIndex}`);
    expect(frames).toEqual([1, 2, 3].flatMap((press) => [1, 2, 3].map((index) => `${press}.${index}`)));
    expect(problemsOf(records)).toEqual([]);
  });

  it("leaves a segment in which two writes in a row fail: the press is logged in the next one", async () => {
    const { events, records } = await playAndRead("press 100", "fail 0 2", "press 100", "press 100");
    expect(logged(events)).toEqual([3, 3, 3]);
    expect(capturesOf(records).map(({ header }) => header.segment)).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 2]);
  });

  it("leaves the rest of a press unlogged that has no place behind its beginning", async () => {
    // Five writes for the first frame; after two failures of the second one its segment is left alone.
    const { events, records } = await playAndRead("press 100", "fail 5 2", "press 100", "press 100");
    expect(logged(events)).toEqual([3, 1, 3]);
    expect(ofKind(events, "done").map(({ error }) => error)).toEqual([0, ERROR.noSlot, 0]);
    expect(capturesOf(records).map(({ header }) => header.segment)).toEqual([1, 1, 1, 1, 2, 2, 2]);
    expect(problemsOf(records)).toEqual([]);
  });

  it("gives a press up after three failures, and logs the next one", async () => {
    const { events, records } = await playAndRead("press 100", "fail 0 3", "press 100", "press 100");
    expect(logged(events)).toEqual([3, 0, 3]);
    expect(faultsOf(events)).toEqual([FAULT.cardFails, 0]);
    expect(capturesOf(records)).toHaveLength(6);
    expect(problemsOf(records)).toEqual([]);
  });

  it("scores on when every write fails", async () => {
    const events = await play("press 100", "fail 0 100000", "press 100", "wait 3000", "press 100", "press 100");
    expect(logged(events)).toEqual([3, 0, 0, 0]);
    expect(ofKind(events, "scored")).toHaveLength(4);
  });
});

describe("the status LED", () => {
  /** Flashes in a time, looked at every 10 ms. */
  async function flashes(seconds: number, ...commands: string[]): Promise<number> {
    const watch = Array.from({ length: seconds * 100 }, () => ["wait 10", "state"]).flat();
    const levels = ofKind(await play(...commands, "wait 5000", ...watch), "state").map(({ status }) => status);
    expect(levels).toHaveLength(seconds * 100);
    return levels.filter((level, i) => level && !levels[i - 1]).length;
  }

  it("gives a heartbeat every five seconds while all is well", async () => {
    expect(await flashes(10, "press 100")).toBe(2);
  });

  it("repeats three flashes, half a second each, and a pause of a second and a half without a card", async () => {
    expect(await flashes(6, "card out", "press 100")).toBe(6);
  });

  it("repeats one flash when the network failed", async () => {
    expect(await flashes(6, "model 1", "press 100")).toBe(3);
  });
});

describe("a card's past", () => {
  it("is continued: numbers go on, the start is counted", async () => {
    const { records } = await playAndRead("press 100", "reboot", "reboot", "press 100", "reboot", "press 100");
    const captures = capturesOf(records);
    expect(captures.map(({ header }) => header.sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(captures.map(({ header }) => header.boot)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3]);
  });

  it("of another bot is left alone", async () => {
    const { records } = await playAndRead("press 100", "device 0000beef", "reboot", "press 100");
    const captures = capturesOf(records);
    expect(captures.map(({ header }) => header.device)).toEqual([
      ...Array(3).fill(0x1a2b3c4d),
      ...Array(3).fill(0xbeef),
    ]);
    expect(captures.map(({ header }) => header.segment).at(-1)).toBeGreaterThan(captures[2].header.segment);
  });

  it("does not repeat numbers after all files were deleted, when the bot keeps them", async () => {
    const { records } = await playAndRead(
      "marks on",
      "reboot",
      "press 100",
      "press 100",
      "press 100",
      "wipe 0",
      "reboot",
      "press 100",
    );
    const captures = capturesOf(records);
    expect(captures).toHaveLength(3);
    expect(captures[0].header.sequence).toBeGreaterThan(9);
    expect(captures[0].header.segment).toBeGreaterThan(2);
    expect(problemsOf(records).filter((reason) => reason !== "stale")).toEqual([]);
  });

  it("with a damaged header keeps what lies behind it", async () => {
    // A bit in the header of slot 1 of file 0, of six captures.
    const { records } = await playAndRead(
      "press 100",
      "press 100",
      `flip 0 ${1024 + 3072 + 300}`,
      "reboot",
      "press 100",
      "press 100",
    );
    const sequences = capturesOf(records).map(({ header }) => header.sequence);
    expect(sequences).toEqual([1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(problemsOf(records)).toEqual(["torn"]);
  });

  it("whose last header is damaged is not written over", async () => {
    const { records, events } = await playAndRead(
      "press 100",
      `flip 0 ${1024 + 2 * 3072 + 300}`,
      "reboot",
      "press 100",
    );
    expect(ofKind(events, "mounted").at(-1)).toMatchObject({ segment: 1, slot: 3 });
    expect(capturesOf(records)).toHaveLength(5);
    expect(problemsOf(records)).toEqual(["torn"]);
  });
});

describe("camera and network", () => {
  it("asks again for a frame that did not come", async () => {
    expect(logged(await play("camera 2", "press 100"))).toEqual([3]);
  });

  it("decides on the frames there are when the others do not come", async () => {
    // One frame is dropped and one taken before the camera fails.
    const { events, records } = await playAndRead("camera 3 2", "press 100", "press 100");
    expect(ofKind(events, "scored")).toMatchObject([
      { frames: 1, threshold: 3 },
      { frames: 3, threshold: 9 },
    ]);
    expect(capturesOf(records).map(({ metadata }) => metadata.burstCount)).toEqual([1, 3, 3, 3]);
  });

  it("says when no frame comes at all, starts the camera again, and goes on", async () => {
    const events = await play("press 100", "camera 3", "press 100", "wait 2000", "press 100", "state");
    expect(ofKind(events, "failed")).toMatchObject([{ error: ERROR.camera, frames: 0 }]);
    expect(faultsOf(events)).toEqual([FAULT.camera, 0]);
    expect(logged(events)).toEqual([3, 3]);
    expect(ofKind(events, "state")).toMatchObject([{ restarts: 1 }]);
  });

  it("is never asked again after an inference failed", async () => {
    const events = await play("press 100", "model 1", "press 100", "press 100", "state");
    expect(ofKind(events, "failed")).toMatchObject([{ error: ERROR.model }]);
    expect(ofKind(events, "scored")).toHaveLength(1);
    expect(ofKind(events, "state")).toMatchObject([{ faults: FAULT.model }]);
  });
});

describe("chance instead of a network", () => {
  it("answers with the configured probability and logs everything", async () => {
    const coin = await Bot.build({
      flags: SANITIZED,
      config: { ENGINE: "SM_ENGINE_COIN", COIN_PER_MILLE: "250", BURST: "1", SLOTS_PER_SEGMENT: "16" },
      model: { "model.h": "#error the coin has no model\n" },
    });
    try {
      const folder = coin.makeFolder("card");
      const events = await coin.play(["new 3", ...Array.from({ length: 300 }, () => "press 100"), `dump ${folder}`]);
      const smiles = ofKind(events, "scored").filter(({ smile }) => smile).length;
      expect(ofKind(events, "scored")).toHaveLength(300);
      // Within four standard deviations of 75.
      expect(Math.abs(smiles - 75)).toBeLessThan(30);
      const captures = capturesOf(await readCard(folder));
      expect(captures).toHaveLength(300);
      expect(captures.filter(({ metadata }) => metadata.smile)).toHaveLength(smiles);
      for (const { metadata } of captures)
        expect(metadata).toMatchObject({ engine: "coin", outputs: [], margin: 0, sum: 0 });
    } finally {
      await coin.dispose();
    }
  }, 60_000);
});
