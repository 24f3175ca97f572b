/** The shell beside presses, on a line of 921600 baud in virtual time, with the whole core under sanitizers. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { segmentFileName } from "#smilec/captures/format.js";
import { Demultiplexer } from "#smilec/device/protocol/demultiplex.js";
import { COMMANDS, decodePacket, packetOf, type Reply, requestPacket } from "#smilec/device/protocol/packet.js";
import { Bot, type BotEvent, ofKind } from "../support/bot.js";
import { SANITIZED } from "../support/compile.js";
import { Random } from "../support/random.js";

/** What a read of a block from a card takes, microseconds. */
const READ_US = 1000;

let bot: Bot;
let files = 0;
beforeAll(async () => {
  // A segment of seven frames of 8 KB, the most that the driver's card holds.
  const config = { FRAME_WIDTH: "100", FRAME_HEIGHT: "60", SLOTS_PER_SEGMENT: "8" };
  bot = await Bot.build({ flags: SANITIZED, config });
}, 60_000);
afterAll(() => bot?.dispose());

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const ask = (command: number, id: number, ...values: [number, number, number]) =>
  `feed ${hex(requestPacket({ command, id, arguments: values }))}`;
const pull = (id: number) => ask(COMMANDS.pull, id, 1, 0, 0);

/** Plays on a card with two presses, and gives what came out on the line. */
async function play(...commands: string[]): Promise<{ events: BotEvent[]; replies: Reply[]; segment: Buffer }> {
  const folder = bot.makeFolder(`shell${files++}`);
  const line = join(folder, "line.bin");
  const script = ["new 1", "press 100", "press 100", "say begin", `slow ${READ_US}`, ...commands];
  const events = await bot.play([...script, `line ${line}`, `dump ${folder}`]);
  const replies: Reply[] = [];
  const parts = new Demultiplexer({
    onText: () => undefined,
    onPacket: (encoded) => {
      const decoded = decodePacket(encoded);
      if (decoded.kind !== "reply") throw new Error(`the bot sent something else: ${decoded.kind}`);
      replies.push({ ...decoded.reply, data: decoded.reply.data.slice() });
    },
  });
  parts.push(await readFile(line));
  const begun = events.findIndex(({ event }) => event === "begin");
  return { events: events.slice(begun + 1), replies, segment: await readFile(join(folder, segmentFileName(1))) };
}

const dataOf = (replies: readonly Reply[]) => Buffer.concat(replies.map(({ data }) => data));
const of = (replies: readonly Reply[], id: number) => replies.filter((reply) => reply.id === id);

describe("a press", () => {
  /** From the contact to the lights, microseconds. */
  const scoredAfter = async (...before: string[]) => {
    const { events, replies } = await play(...before, "press 100", "wait 4000");
    return { after: ofKind(events, "scored")[0].sinceUs!, replies };
  };

  it.each([
    // One packet is two reads of blocks and, in a new slot, two to judge it; between two looks at the button.
    ["pull", pull(7), 4],
    // A segment's head, and two reads for each halving of eight slots.
    ["list", ask(COMMANDS.list, 7, 0, 0, 0), 16],
    // One frame of 40 ms.
    ["frame", ask(COMMANDS.frame, 7, 0, 0, 0), 40],
    ["selftest", ask(COMMANDS.selfTest, 7, 0, 0, 0), 40],
    ["status", ask(COMMANDS.status, 7, 0, 0, 0), 0],
  ])(
    "is decided no later by %s than by one piece of it",
    async (_, request, pieceMs) => {
      const { after: undisturbed } = await scoredAfter();
      const worst: number[] = [];
      // The contact closes after 50 ms and is debounced for 30: the request comes in before, meanwhile, and after.
      for (let ms = 0; ms < 100; ms += 3) {
        const { after, replies } = await scoredAfter(request, `late ${ms}`);
        worst.push(after - undisturbed);
        expect(of(replies, 7).length).toBeGreaterThan(0);
      }
      // And one look at the button, which is every 5 ms.
      expect(Math.max(...worst)).toBeLessThanOrEqual((pieceMs + 5) * 1000);
    },
    60_000,
  );

  it("is decided in time while the line is flooded", async () => {
    const { after: undisturbed } = await scoredAfter();
    const random = new Random(4);
    const flood = Array.from({ length: 400 }, () => `feed ${Buffer.from(random.int8s(500)).toString("hex")}`);
    const { after } = await scoredAfter(...flood);
    expect(after - undisturbed).toBeLessThanOrEqual(5_000);
  });

  it("stops an answer, which then goes on where it was, whole", async () => {
    const { events, replies, segment } = await play(pull(3), "press 60", "wait 6000");
    expect(ofKind(events, "done")[0]).toMatchObject({ error: 0 });
    const copy = dataOf(replies);
    expect(copy.length).toBe(segment.length);
    // What was free when it was sent may hold the new captures now.
    const used = 1024 + 6 * ((segment.length - 2048) / 8);
    expect(copy.subarray(0, used).equals(segment.subarray(0, used))).toBe(true);
    for (const [i, reply] of replies.entries()) expect(reply.offset).toBe(i * 1024);
  });

  it("takes a frame's memory, which is said", async () => {
    const { replies } = await play(
      ask(COMMANDS.frame, 3, 0, 0, 0),
      "press 60",
      "wait 2000",
      ask(COMMANDS.frame, 4, 1, 0, 0),
      "wait 100",
    );
    expect(of(replies, 3).at(-1)!.status).toBe(-34);
    expect(of(replies, 4).map(({ status }) => status)).toEqual([-34]);
  });
});

describe("a frame", () => {
  it("that was begun goes on by its number, and another one is another", async () => {
    const { replies } = await play(
      ...[ask(COMMANDS.frame, 3, 0, 0, 0), "wait 300", ask(COMMANDS.frame, 4, 1, 1024, 0), "wait 300"],
      ...[ask(COMMANDS.frame, 5, 0, 0, 0), "wait 300", ask(COMMANDS.frame, 6, 1, 0, 0), "wait 300"],
    );
    const first = dataOf(of(replies, 3));
    expect(first.subarray(0, 14).toString("latin1")).toBe("P5\n100 60\n255\n");
    expect(first.length).toBe(14 + 6000);
    expect(dataOf(of(replies, 4)).equals(first.subarray(1024))).toBe(true);
    expect(of(replies, 4).every(({ tag }) => tag === 1)).toBe(true);
    expect(of(replies, 5)[0].tag).toBe(2);
    expect(dataOf(of(replies, 5)).equals(first)).toBe(false);
    expect(of(replies, 6).map(({ status }) => status)).toEqual([-34]);
  });

  it("that the camera does not give is said", async () => {
    const { replies } = await play("camera 1 0", ask(COMMANDS.frame, 3, 0, 0, 0), "wait 300");
    expect(replies.map(({ status }) => status)).toEqual([-2]);
  });
});

describe("a request", () => {
  it("takes the place of the one being answered", async () => {
    const { replies } = await play(pull(3), "wait 60", ask(COMMANDS.status, 4, 0, 0, 0), "wait 500");
    expect(of(replies, 3).length).toBeGreaterThan(2);
    expect(dataOf(of(replies, 3)).length).toBeLessThan(of(replies, 3)[0].total);
    expect(replies.at(-1)).toMatchObject({ id: 4, status: 0 });
  });

  it("of another version, for an unknown command or with impossible values is answered so", async () => {
    const foreign = packetOf(Uint8Array.of(2, 1, 9, 0, 1, 1));
    const cases: [string, number][] = [
      [`feed ${hex(foreign)}`, -32],
      [ask(99, 3, 0, 0, 0), -33],
      [ask(COMMANDS.pull, 3, 1, 1, 0), -1],
      [ask(COMMANDS.pull, 3, 1, 0, 100), -1],
      [ask(COMMANDS.pull, 3, 1, 0xfffffe00, 0), -1],
      [ask(COMMANDS.pull, 3, 100_000, 0, 0), -1],
      [ask(COMMANDS.pull, 3, 9, 0, 0), -9],
      [ask(COMMANDS.frame, 3, 0, 0xffffffff, 0), -1],
      [ask(COMMANDS.threshold, 3, 1, 256, 0), -1],
      [ask(COMMANDS.threshold, 3, 1, -257 >>> 0, 0), -1],
      [ask(COMMANDS.threshold, 3, 2, 0, 0), -1],
    ];
    const { replies } = await play(...cases.flatMap(([request]) => [request, "wait 200"]));
    expect(replies.map(({ status }) => status)).toEqual(cases.map(([, status]) => status));
  });

  it("without a card is answered so, and the bot goes on", async () => {
    const { replies, events } = await play(
      ...["card out", "press 60", "wait 500", pull(3), "wait 200", ask(COMMANDS.list, 4, 0, 0, 0), "wait 200"],
      ...["card in", "wait 70000", "press 60", pull(5), "wait 3000"],
    );
    expect([...of(replies, 3), ...of(replies, 4)].map(({ status }) => status)).toEqual([-6, -6]);
    expect(of(replies, 5).at(-1)!.status).toBe(0);
    expect(ofKind(events, "done").map(({ error }) => error)).toEqual([-6, 0]);
  });

  it("waits for the button to be up, and is refused when that takes too long", async () => {
    const short = await play(pull(3), "press 4000", "wait 4000");
    expect(dataOf(of(short.replies, 3)).length).toBe(short.segment.length);
    const long = await play(pull(3), "press 9000", "wait 4000");
    expect(of(long.replies, 3).at(-1)!.status).toBe(-35);
  });

  it("survives ten thousand of anything", async () => {
    const random = new Random(31);
    const value = () => random.pick([0, 1, 2, 512, 1024, 0xffffffff, random.integer(0, 0xffffffff)]);
    const commands = Array.from({ length: 10_000 }, (_, i) => {
      const request = ask(random.integer(0, 9), (i % 0xffff) + 1, value(), value(), value());
      if (random.chance(0.01)) return "press 60";
      return random.chance(0.2) ? `wait ${random.integer(1, 40)}` : request;
    });
    const { events, replies } = await play(...commands, "wait 500", ask(COMMANDS.status, 65535, 0, 0, 0), "wait 500");
    expect(replies.at(-1)).toMatchObject({ id: 65535, command: COMMANDS.status, status: 0 });
    expect(ofKind(events, "done").length).toBeGreaterThan(30);
    expect(new Set(replies.map(({ status }) => status)).size).toBeGreaterThan(3);
  }, 60_000);
});
