/** The bot's commands end to end: smilec on one end of a pseudo-terminal, the firmware under sanitizers on the other. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { parseHead, type SegmentHead, segmentFileName, slotOffset } from "#smilec/captures/format.js";
import { HEAD_BYTES } from "#smilec/captures/layout.js";
import { readSegment } from "#smilec/captures/read-segment.js";
import { Device } from "#smilec/device/protocol/device.js";
import { type PullResult, pullSegment } from "#smilec/device/protocol/pull.js";
import { type LineHandlers, openLine, type SerialLine } from "#smilec/device/serial-line.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { smilec } from "../support/cli.js";
import { SANITIZED } from "../support/compile.js";
import { generatedModel, HostBot, randomPictures, smallBundle } from "../support/host-bot.js";
import { LiveBot } from "../support/live-bot.js";
import { Random } from "../support/random.js";
import { noTerminalsHere } from "../support/serial-peer.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(120_000);
const onTerminals = noTerminalsHere === undefined ? describe : describe.skip;
const temporaryFolder = temporaryFolders();
const SLOTS = 40;
const MAIN = join(packageRoot, "dist", "main.js");

let program: HostBot;
let pictures: string[];
const running: LiveBot[] = [];
const opened: Device[] = [];

beforeAll(async () => {
  // Frames as on the board: a segment of three megabytes takes a while to copy.
  const config = { FRAME_WIDTH: "320", FRAME_HEIGHT: "240", SLOTS_PER_SEGMENT: `${SLOTS}`, BURST: "2" };
  program = await HostBot.build({ flags: SANITIZED, model: await generatedModel(smallBundle(39)), config });
  pictures = program.writePictures(randomPictures(new Random(12), 6, true));
}, 120_000);
afterAll(() => program?.dispose());
afterEach(async () => {
  await Promise.all(opened.splice(0).map((device) => device.close()));
  for (const bot of running.splice(0)) expect(await bot.end()).toBe("");
});

/** The first segment without what lies in its free slots: the bot tries the card there, and never sends it. */
function segmentOn(card: string): Buffer {
  const bytes = readFileSync(join(card, segmentFileName(1)));
  const head = headOf(join(card, segmentFileName(1)));
  for (let slot = 0; slot < head.slots; slot++) {
    const offset = slotOffset(head, slot);
    if (bytes[offset] === 0) bytes.fill(0, offset, offset + head.slotBytes);
  }
  return bytes;
}

/** A bot on a card, after one press for each of `presses` pictures. */
async function startBot(card = program.makeCard(), presses = 0, seed = 1): Promise<{ bot: LiveBot; card: string }> {
  const list = join(temporaryFolder(), "list");
  writeFileSync(list, pictures.slice(0, Math.max(presses, 1)).join("\n"));
  const bot = await LiveBot.start(
    program.path,
    "--card",
    card,
    "--seed",
    `${seed}`,
    ...(presses === 0 ? [] : ["--frames", list]),
  );
  running.push(bot);
  if (presses === 0) bot.say(`picture ${pictures[0]}`);
  if (presses > 0) await bot.event(({ event }) => event === "decision", presses);
  return { bot, card };
}

async function connect(bot: LiveBot, open = openLine): Promise<Device> {
  const signal = new AbortController().signal;
  const device = await Device.open({ port: bot.port, baud: 921600, signal, open });
  opened.push(device);
  return device;
}

async function recordsOf(file: string) {
  const records: string[] = [];
  for await (const record of readSegment(file)) {
    records.push(record.kind === "capture" ? `capture ${record.capture.header.sequence}` : record.kind);
  }
  return records;
}

function headOf(file: string): SegmentHead {
  return parseHead(readFileSync(file)) as SegmentHead;
}

onTerminals("smilec device", () => {
  const ask = async (bot: LiveBot, ...args: string[]) =>
    smilec(["device", ...args, "--port", bot.port], { cwd: temporaryFolder() });

  it("shows what the bot is, for people and as JSON", async () => {
    const { bot } = await startBot(undefined, 2);
    const text = await ask(bot, "status");
    expect(text.stdout).toContain("test-bot, firmware 0.1.0, device 50c00001");
    expect(text.stdout).toContain(`card        mounted, segment 1, 4 of ${SLOTS} slots used, next capture 5`);
    expect(text.stdout).toContain("faults      none");
    expect(text.exitCode).toBe(0);
    const json = JSON.parse((await ask(bot, "status", "--json")).stdout) as Record<string, unknown>;
    const ready = bot.events[0];
    expect(json).toMatchObject({
      ...{ protocol: 1, firmware: ready.firmware, model: ready.model, config: ready.config, device: ready.device },
      ...{ presses: 2, card: "mounted", segment: 1, "next-slot": 4, faults: 0, "damaged-packets": 0 },
    });
  });

  it("shows the last press as the bot decided it, and says when there was none", async () => {
    const { bot } = await startBot();
    const none = await ask(bot, "last");
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain("the bot has nothing of the kind");
    const decision = await bot.press(200);
    const last = JSON.parse((await ask(bot, "last", "--json")).stdout) as Record<string, unknown>;
    const { margins, sum, threshold, sequences, smile, latencyUs } = decision;
    expect(last).toMatchObject({ press: 1, margins, sum, threshold, sequences, frames: 2, logged: 2 });
    expect(last["latency-us"]).toBe(latencyUs);
    expect(last.decision).toBe(smile === true ? "smile" : "no-smile");
    expect(last["press-ms"]).toBeGreaterThanOrEqual(150);
    expect((await ask(bot, "last")).stdout).toContain("2 of 2 frames on the card: 1, 2");
  });

  it("writes the picture that the camera sees, as PGM and as PNG", async () => {
    const { bot } = await startBot();
    const cwd = temporaryFolder();
    const device = await connect(bot);
    const frame = await device.frame();
    const original = readFileSync(pictures[0]);
    expect(Buffer.from(original.subarray(original.length - frame.pixels.length)).equals(frame.pixels)).toBe(true);
    await device.close();
    for (const name of ["frame.png", "frame.pgm"]) {
      const result = await smilec(["device", "frame", "--port", bot.port, "--out", name], { cwd });
      expect(result.stdout).toContain(`${name}: ${frame.width} x ${frame.height} pixels`);
    }
    const png = sharp(join(cwd, "frame.png"));
    expect(await png.metadata()).toMatchObject({ width: frame.width, height: frame.height, channels: 1 });
    const data = await png.extractChannel(0).raw().toBuffer();
    expect(data.equals(frame.pixels)).toBe(true);
    expect(readFileSync(join(cwd, "frame.pgm")).equals(original)).toBe(true);
    const refused = await smilec(["device", "frame", "--port", bot.port, "--out", "frame.jpg"], { cwd });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("ends in .png or .pgm");
  });

  it("lists segments, tests the bot, and changes the threshold until the next start", async () => {
    const { bot, card } = await startBot(undefined, 3);
    const segments = JSON.parse((await ask(bot, "list", "--json")).stdout) as unknown[];
    const file = join(card, segmentFileName(1));
    const { epoch } = headOf(file).header;
    expect(segments[0]).toEqual({
      ...{ segment: 1, bytes: statSync(file).size, slots: SLOTS, slotBytes: headOf(file).slotBytes },
      ...{ used: 6, firstSequence: 1, lastSequence: 6, epoch },
    });
    expect((await ask(bot, "list")).stdout).toMatch(/1\s+6 of 40\s+1\s+6/);
    // More than one answer holds, and files that are none of the bot's segments.
    for (let n = 100; n < 140; n++)
      writeFileSync(join(card, segmentFileName(n)), n % 2 === 0 ? "" : readFileSync(file));
    const many = JSON.parse((await ask(bot, "list", "--json")).stdout) as { segment: number; bytes: number }[];
    expect(many.map(({ segment }) => segment)).toEqual([1, ...Array.from({ length: 40 }, (_, i) => 100 + i)]);
    expect(many.slice(1).every(({ bytes }) => bytes === 0)).toBe(true);
    expect((await ask(bot, "selftest")).stdout).toContain("network     ok\ncamera      ok\ncard        mounted");
    expect((await ask(bot, "threshold", "255")).stdout).toContain("margin of 255 per frame, until the next start");
    expect((await bot.press()).smile).toBe(false);
    expect((await ask(bot, "threshold", "-256")).stdout).toContain("margin of -256");
    expect(await bot.press()).toMatchObject({ smile: true, threshold: -512 });
    expect(JSON.parse((await ask(bot, "threshold", "--json")).stdout)).toEqual({ threshold: -256, "built-in": 35 });
    const refused = await ask(bot, "threshold", "256");
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("from -256 to 255");
  });

  it("is asked for its status between the lines of its log by the monitor", async () => {
    const { bot } = await startBot(undefined, 1);
    const child = spawn(process.execPath, [MAIN, "monitor", "--port", bot.port, "--json", "--status", "1"]);
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    const two = new Promise<void>((resolve) => {
      reader.on("line", (line) => (lines.push(line) === 2 ? resolve() : undefined));
    });
    await two;
    child.kill("SIGINT");
    expect((await once(child, "exit"))[0]).toBe(130);
    expect(JSON.parse(lines[1])).toMatchObject({ event: "status", status: { presses: 1, card: "mounted" } });
    const refused = await smilec(["monitor", "--port", bot.port, "--status", "0"], { cwd: temporaryFolder() });
    expect(refused.exitCode).toBe(2);
  });

  it("says so when nobody answers", async () => {
    const { bot } = await startBot();
    const baud = await ask(bot, "status", "--baud", "fast");
    expect(baud.exitCode).toBe(2);
    bot.suspend();
    const silent = await ask(bot, "status");
    bot.resume();
    expect(silent.exitCode).toBe(4);
    expect(silent.stderr).toContain("the board does not answer");
  });
});

onTerminals("pulling a segment", () => {
  const pull = async (bot: LiveBot, file: string, device?: Device, used?: number): Promise<PullResult> => {
    const { client } = device ?? (await connect(bot));
    return pullSegment({ client, segment: 1, file, ...(used === undefined ? {} : { used }) });
  };

  it("gives the file that is on the card", async () => {
    const { bot, card } = await startBot(undefined, 6);
    const [copy, part] = ["copy", "part"].map((name) => join(temporaryFolder(), name));
    const device = await connect(bot);
    const result = await pull(bot, copy, device);
    const original = segmentOn(card);
    expect(readFileSync(copy).equals(original)).toBe(true);
    expect(result).toEqual({ bytes: original.length, copied: expect.any(Number), resumedAt: HEAD_BYTES });
    const used = await pull(bot, part, device, 12);
    expect(readFileSync(part).equals(original)).toBe(true);
    expect(used.copied).toBe(slotOffset(headOf(copy), 12) - HEAD_BYTES);
    expect(existsSync(`${copy}.part`)).toBe(false);
  });

  it("gives nothing of what was withdrawn, nor of what an earlier card left", async () => {
    const { bot, card } = await startBot(undefined, 2);
    const original = join(card, segmentFileName(1));
    bot.say("press 3200");
    // Long enough to be held, then the mark is on the card.
    const device = await connect(bot);
    const head = headOf(original);
    const marked = () => readFileSync(original)[slotOffset(head, 2) + 512 + 34] === 0x31;
    while (!marked()) await device.status();
    const bytes = readFileSync(original);
    bytes.fill(0xab, slotOffset(head, 10) + 512, slotOffset(head, 12));
    writeFileSync(original, bytes);
    const copy = join(temporaryFolder(), "copy");
    await pull(bot, copy, device);
    expect(await recordsOf(copy)).toEqual(["capture 1", "capture 2", "withdrawn", "withdrawn"]);
    const copied = readFileSync(copy);
    expect(copied.subarray(slotOffset(head, 2) + 512, slotOffset(head, 3)).every((byte) => byte === 0)).toBe(true);
    expect(copied.includes(0xab, slotOffset(head, 10))).toBe(false);
  });

  it("is held up by a press, which is decided first, and then goes on", async () => {
    const { bot, card } = await startBot(undefined, 2);
    const device = await connect(bot);
    const copy = join(temporaryFolder(), "copy");
    const order: string[] = [];
    let decided: Promise<unknown> | undefined;
    const { client } = device;
    const onProgress = () => {
      decided ??= bot.press(60).then((decision) => {
        order.push("decided");
        expect(decision.logged).toBe(true);
      });
    };
    // As often as it takes until the press is over: a copy on this machine is quicker than a finger.
    do {
      const before = readFileSync(join(card, segmentFileName(1)));
      await pullSegment({ client, segment: 1, file: copy, onProgress });
      order.push("pulled");
      expect(
        readFileSync(copy)
          .subarray(0, slotOffset(headOf(copy), 4))
          .equals(before.subarray(0, slotOffset(headOf(copy), 4))),
      ).toBe(true);
    } while (!order.includes("decided"));
    await decided;
    await pullSegment({ client, segment: 1, file: copy });
    expect(readFileSync(copy).equals(segmentOn(card))).toBe(true);
  });

  it("goes on where it was after the bot was unplugged, and begins anew with another card", async () => {
    const { bot, card } = await startBot(undefined, 4);
    const copy = join(temporaryFolder(), "copy");
    const device = await connect(bot);
    let killed: Promise<void> | undefined;
    const failed = pullSegment({
      client: device.client,
      segment: 1,
      file: copy,
      onProgress: (done) => {
        if (done > 500_000) killed ??= bot.kill();
      },
    });
    await expect(failed).rejects.toThrow(/the port vanished|does not answer/);
    running.splice(running.indexOf(bot), 1);
    await killed;
    const there = statSync(`${copy}.part`).size;
    expect(there).toBeGreaterThan(400_000);
    expect(existsSync(copy)).toBe(false);
    const again = await startBot(card);
    const result = await pull(again.bot, copy);
    expect(result.resumedAt).toBe(Math.floor(there / 512) * 512);
    expect(readFileSync(copy).equals(segmentOn(card))).toBe(true);
    // The same number on another card.
    writeFileSync(`${copy}.part`, readFileSync(copy).subarray(0, there));
    const other = await startBot(undefined, 1, 2);
    const bytes = segmentOn(other.card);
    const fresh = await pull(other.bot, copy);
    expect(bytes.subarray(0, HEAD_BYTES).equals(segmentOn(card).subarray(0, HEAD_BYTES))).toBe(false);
    expect(fresh.resumedAt).toBe(HEAD_BYTES);
    expect(readFileSync(copy).equals(bytes)).toBe(true);
  });

  it("is whole although bytes are lost and changed in both directions", async () => {
    const { bot, card } = await startBot(undefined, 3);
    const noise = noisyLine(41);
    const device = await connect(bot, noise.open);
    const copy = join(temporaryFolder(), "copy");
    await pull(bot, copy, device, 6);
    expect(readFileSync(copy).equals(segmentOn(card))).toBe(true);
    expect(noise.damaged()).toBeGreaterThan(20);
    expect((await device.frame()).width).toBe(40);
    expect((await device.list())[0].used).toBe(6);
  });

  it("of a segment that is not there is refused", async () => {
    const { bot } = await startBot(undefined, 1);
    const { client } = await connect(bot);
    const file = join(temporaryFolder(), "copy");
    await expect(pullSegment({ client, segment: 77, file })).rejects.toMatchObject({ exitCode: 2, status: -9 });
    await expect(pullSegment({ client, segment: 0, file })).rejects.toMatchObject({ exitCode: 2, status: -1 });
    expect(readdirSync(join(file, ".."))).toEqual([]);
  });
});

/** Loses and changes about one byte in 20,000, each way. */
function noisyLine(seed: number): { readonly open: typeof openLine; readonly damaged: () => number } {
  const random = new Random(seed);
  let damaged = 0;
  const noisy = (bytes: Uint8Array): Uint8Array => {
    const kept: number[] = [];
    for (const byte of bytes) {
      const hit = random.chance(1 / 20_000);
      if (hit) damaged++;
      if (!hit) kept.push(byte);
      else if (random.chance(0.5)) kept.push(byte ^ (1 << random.integer(0, 7)));
    }
    return Uint8Array.from(kept);
  };
  const open = async (path: string, baud: number, handlers: LineHandlers): Promise<SerialLine> => {
    const line = await openLine(path, baud, { ...handlers, onData: (bytes) => handlers.onData(noisy(bytes)) });
    return {
      path,
      write: (bytes) => line.write(noisy(bytes)),
      setSignals: (signals) => line.setSignals(signals),
      setBaudRate: (rate) => line.setBaudRate(rate),
      close: () => line.close(),
    };
  };
  return { open, damaged: () => damaged };
}

onTerminals("the bot", () => {
  it("takes a flood of anything, goes on answering presses, and then requests", async () => {
    const { bot } = await startBot(undefined, 1);
    const random = new Random(77);
    const line = await openLine(bot.port, 921600, { onData: () => undefined, onEnd: () => undefined });
    const decided = bot.press();
    for (let i = 0; i < 64; i++) {
      const bytes = Buffer.from(random.int8s(4096));
      for (let at = 0; at < bytes.length; at += 40) bytes.set([0, 0x16], at);
      await line.write(bytes);
    }
    await decided;
    await line.close();
    const device = await connect(bot);
    expect((await device.status())["damaged-packets"]).toBeGreaterThan(1000);
    expect(bot.decisions).toHaveLength(2);
  });

  it("drops an answer that nobody takes, and answers the next request", async () => {
    const { bot } = await startBot(undefined, 4);
    const device = await connect(bot);
    const reading = device.client.read({
      command: 5,
      argumentsAt: (offset) => [1, offset, 0],
      largest: 0xffffffff,
    });
    await reading.next();
    await device.close();
    expect((await bot.press()).logged).toBe(true);
    expect((await (await connect(bot)).status()).presses).toBe(5);
  });
});

onTerminals("pull-captures --port", () => {
  it("takes from the running bot what it would take from its card, without what was withdrawn, and once", async () => {
    const { bot, card } = await startBot(undefined, 5);
    bot.say("press 3500");
    await bot.event(({ event }) => event === "withdrawn");
    const project = temporaryFolder();
    writeFileSync(join(project, "smilec.config.json"), "{}");
    const pull = async (...args: string[]) =>
      JSON.parse((await smilec(["pull-captures", "--json", "--quiet", ...args], { cwd: project })).stdout);
    const first = await pull("--port", bot.port);
    expect(first).toMatchObject({ kind: "serial", captures: { new: 8, withdrawn: 2 } });
    expect(await pull("--port", bot.port)).toMatchObject({ captures: { new: 0, known: 0 } });
    // The same card by hand: nothing is new, and every picture is the one on it.
    expect(await pull("--from", card)).toMatchObject({ kind: "folder", captures: { new: 0 } });
    const other = temporaryFolder();
    writeFileSync(join(other, "smilec.config.json"), "{}");
    await smilec(["pull-captures", "--quiet", "--from", card], { cwd: other });
    const pictures = readdirSync(join(other, "captures"), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".pgm"),
    );
    expect(pictures).toHaveLength(8);
    for (const name of pictures)
      expect(readFileSync(join(project, "captures", name)).equals(readFileSync(join(other, "captures", name)))).toBe(
        true,
      );
  });

  it("copies a segment to a file", async () => {
    const { bot, card } = await startBot(undefined, 2);
    const cwd = temporaryFolder();
    const { exitCode } = await smilec(["device", "pull", "1", "--port", bot.port, "--quiet"], { cwd });
    expect(exitCode).toBe(0);
    expect(readFileSync(join(cwd, segmentFileName(1))).equals(segmentOn(card))).toBe(true);
    expect((await smilec(["device", "pull", "x", "--port", bot.port], { cwd })).exitCode).toBe(2);
  });
});
