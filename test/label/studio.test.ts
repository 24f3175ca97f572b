import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from "@jest/globals";
import sharp from "sharp";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { openDatabase } from "#smilec/captures/catalogue/database.js";
import { crc32 } from "#smilec/captures/crc32.js";
import type { ChangeMessage } from "#smilec/label/protocol.js";
import { pressedCard, pullCard } from "../support/captures.js";
import type { HostBot } from "../support/host-bot.js";
import { context, idsOf, LabelRig, stroke } from "../support/label-rig.js";
import { temporaryFolders } from "../support/temporary-folder.js";

jest.setTimeout(240_000);
const makeFolder = temporaryFolders();
const PRESSES = 10;

let bot: HostBot;
let card = "";
beforeAll(async () => {
  ({ bot, card } = await pressedCard(PRESSES));
});
afterAll(() => bot.dispose());

let dir = "";
let rig: LabelRig;
beforeEach(async () => {
  dir = join(makeFolder("label-"), "captures");
  await pullCard(card, dir, Date.UTC(2026, 0, 1));
  rig = await LabelRig.start(dir);
});
afterEach(() => rig.close());

describe("pictures", () => {
  it("are the frame and the int8 input that the device logged, bit for bit", async () => {
    for (const { id, metadata, path } of rig.catalogue.captures()) {
      const frame = await sharp((await rig.get(`/frame/${id}`)).body)
        .extractChannel(0)
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect([frame.info.width, frame.info.height, frame.info.channels]).toEqual([160, 120, 1]);
      expect(frame.data.equals(readFileSync(join(dir, path)).subarray(1024, 1024 + 160 * 120))).toBe(true);
      const input = await sharp((await rig.get(`/input/${id}`)).body)
        .extractChannel(0)
        .raw()
        .toBuffer();
      expect(crc32(Int8Array.from(input, (grey) => grey - 128))).toBe(metadata.inputCrc);
    }
  });

  it("show what another box would make of the input", async () => {
    const [whole, part] = await Promise.all([rig.get("/input/1"), rig.get("/input/1?box=10,10,60,60")]);
    expect(part.headers["content-type"]).toBe("image/png");
    expect(part.body.equals(whole.body)).toBe(false);
  });

  it("that are missing or damaged are told as that, and can still be labelled", async () => {
    const [first, second] = [...rig.catalogue.captures()];
    rmSync(join(dir, first.path));
    const bytes = readFileSync(join(dir, second.path));
    bytes[5000] ^= 1;
    writeFileSync(join(dir, second.path), bytes);
    const missing = await rig.get(`/frame/${first.id}`);
    expect([missing.status, missing.json<{ message: string }>().message]).toEqual([
      422,
      `${first.path}: the picture is missing`,
    ]);
    expect((await rig.get(`/input/${second.id}`)).json<{ message: string }>().message).toMatch(
      /damaged: its CRC is [0-9a-f]{8}, not [0-9a-f]{8}$/,
    );
    expect((await rig.post("/judge", stroke([first.id, second.id], "no-face"))).status).toBe(200);
    await rig.close();
    rig = await LabelRig.start(dir);
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES);
  });

  it("never come from outside of the captures' folder, whatever a damaged catalogue says", async () => {
    const secret = join(dir, "..", "secret.pgm");
    writeFileSync(secret, readFileSync(join(dir, rig.catalogue.capture(1)!.path)));
    await rig.close();
    const database = openDatabase(join(dir, "catalogue.sqlite"));
    database.exec("UPDATE capture SET path = '../secret.pgm' WHERE id = 1");
    database.close();
    rig = await LabelRig.start(dir);
    expect((await rig.get("/frame/1")).status).toBe(422);
    expect((await rig.post("/delete", { captures: [1] })).status).toBe(200);
    expect(existsSync(secret)).toBe(true);
    await rig.close();
    rig = await LabelRig.start(dir);
    expect(existsSync(secret)).toBe(true);
    expect((await rig.get("/frame/1")).status).toBe(409);
  });
});

describe("labelling", () => {
  it("gives a press its label in one stroke, on the disk when it is answered", async () => {
    const [number] = await rig.queue();
    const ids = idsOf(await rig.press(number));
    expect(ids).toHaveLength(2);
    expect((await rig.post("/judge", stroke(ids, "smile"))).status).toBe(200);
    const other = Catalogue.open(dir);
    expect(ids.map((id) => other.capture(id)?.judgements[0])).toMatchObject([
      { label: "smile", atMs: 1234 },
      { label: "smile" },
    ]);
    other.close();
    expect(await rig.queue()).toHaveLength(PRESSES - 1);
    expect(await rig.queue("filter=judged")).toEqual([number]);
  });

  it("lets one picture of a press differ, and takes strokes back one by one", async () => {
    const [number] = await rig.queue();
    const ids = idsOf(await rig.press(number));
    const [all, one] = [stroke(ids, "smile"), stroke(ids.slice(0, 1), "unsure")];
    await rig.post("/judge", all);
    await rig.post("/judge", one);
    const labels = async () => (await rig.press(number)).captures.map(({ label }) => label);
    expect(await labels()).toEqual(["unsure", "smile"]);
    expect(await rig.queue("filter=unsure")).toEqual([number]);
    await rig.post("/undo", { stroke: one.stroke });
    expect(await labels()).toEqual(["smile", "smile"]);
    await rig.post("/undo", { stroke: all.stroke });
    await rig.post("/undo", { stroke: all.stroke });
    expect(await labels()).toEqual([undefined, undefined]);
  });

  it("counts a stroke that is sent again once", async () => {
    const sent = stroke([1, 2], "smile");
    await rig.post("/judge", sent);
    const events = rig.catalogue.labels.lastEvent();
    expect((await rig.post("/judge", sent)).status).toBe(200);
    expect(rig.catalogue.labels.lastEvent()).toBe(events);
  });

  it("keeps a corrected box with later labels, until it is put back", async () => {
    const box = { x: 10, y: 20, width: 64, height: 64 };
    const [view] = (await rig.press(1)).captures;
    await rig.post("/judge", stroke([view.id], "smile", { box }));
    await rig.post("/judge", stroke([view.id], "neutral"));
    expect((await rig.press(1)).captures[0]).toMatchObject({ label: "neutral", box, boxCorrected: true });
    await rig.post("/judge", stroke([view.id], "neutral", { box: null }));
    expect((await rig.press(1)).captures[0]).toMatchObject({ box: view.box, boxCorrected: false });
  });

  it("shows labels of an older configuration as new work", async () => {
    rig.catalogue.labels.judge(1, { pass: 1, label: "grin", box: undefined, atMs: 1 });
    rig.catalogue.labels.judge(2, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    await rig.close();
    rig = await LabelRig.start(dir);
    expect((await rig.press(1)).captures.map(({ label }) => label)).toEqual(["grin", "smile"]);
    expect(await rig.queue()).toHaveLength(PRESSES);
  });

  it("keeps consent, and removes pictures for good", async () => {
    const ids = idsOf(await rig.press(1));
    const paths = ids.map((id) => join(dir, rig.catalogue.capture(id)!.path));
    await rig.post("/consent", { captures: ids, consent: "refused" });
    expect(await rig.queue("filter=refused")).toEqual([1]);
    expect((await rig.post("/delete", { captures: ids })).status).toBe(200);
    expect(paths.filter((path) => existsSync(path))).toEqual([]);
    expect(rig.catalogue.capture(ids[0])).toMatchObject({ state: "deleted", consent: "refused" });
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES - 1);
    const late = await rig.post("/judge", stroke(ids, "smile"));
    expect([late.status, late.json<{ message: string }>().message]).toEqual([
      409,
      expect.stringContaining("was deleted"),
    ]);
    await pullCard(card, dir, undefined);
    expect(paths.length).toBe(2);
  });

  it("finishes at the next start what a crash between the mark and the removal left", async () => {
    rig.catalogue.labels.markDeleted(1);
    const path = join(dir, rig.catalogue.capture(1)!.path);
    expect(existsSync(path)).toBe(true);
    await rig.close();
    rig = await LabelRig.start(dir);
    expect(existsSync(path)).toBe(false);
  });

  it("shows scores, times, lights and what the bot noted", async () => {
    const capture = rig.catalogue.capture(1)!;
    const { metadata: m } = capture;
    const view = await rig.press(1);
    expect(view).toMatchObject({
      device: capture.key.device,
      taken: "2026-01-01T01:00:00.000Z",
      takenErrorMs: 60_000,
      smile: m.smile,
      scored: true,
    });
    expect(view.margin).toBe(m.sum / 2);
    expect(view.probability).toBeCloseTo(1 / (1 + Math.exp((-m.sum / 2) * 0.05)), 12);
    expect((await rig.get("/metadata/1")).json()).toEqual(m);
    const dark = await rig.queue("light=dark&order=time");
    // Every fifth picture was taken in a sixth of the light.
    const fifth = (await rig.queue("order=time")).filter((_, i) => i % 5 === 4);
    expect(dark).toEqual(expect.arrayContaining(fifth));
  });

  it("finds what the person says otherwise than the bot", async () => {
    const view = await rig.press(1);
    await rig.post("/judge", stroke(idsOf(view), view.smile ? "smile" : "neutral"));
    expect(await rig.queue("filter=mistaken")).toEqual([]);
    await rig.post("/judge", stroke(idsOf(view), view.smile ? "neutral" : "smile"));
    expect(await rig.queue("filter=mistaken")).toEqual([1]);
  });

  it("orders by time, or by information, and the same every time", async () => {
    const byTime = await rig.queue("order=time");
    expect(byTime).toEqual([...byTime].sort((a, b) => a - b));
    const informative = await rig.queue();
    expect([...informative].sort((a, b) => a - b)).toEqual(byTime);
    expect(informative).not.toEqual(byTime);
    await rig.close();
    rig = await LabelRig.start(dir);
    expect(await rig.queue()).toEqual(informative);
  });
});

describe("the second look", () => {
  it("does not know the first one's labels, and settles what differs", async () => {
    const numbers = (await rig.queue("order=time")).slice(0, 3);
    const ids = await Promise.all(numbers.map(async (number) => idsOf(await rig.press(number))));
    for (const one of ids) await rig.post("/judge", stroke(one, "smile"));
    await rig.close();
    rig = await LabelRig.start(dir, 2);
    expect(await rig.queue("order=time")).toEqual(numbers);
    const text = JSON.stringify([await rig.press(numbers[0]), await rig.press(numbers[0], "&reveal=1")]);
    expect(text).not.toContain('"label"');
    await rig.post("/judge", stroke(ids[0], "smile"));
    await rig.post("/judge", stroke(ids[1], "neutral"));
    expect(await rig.queue("order=time")).toEqual([numbers[2]]);
    expect(await rig.queue("filter=disagreement")).toEqual([numbers[1]]);
    expect((await rig.press(numbers[1])).captures[0].looks).toBeUndefined();
    const revealed = await rig.press(numbers[1], "&reveal=1");
    expect(revealed.captures[0].looks).toEqual({ first: "smile", second: "neutral" });
    await rig.post("/judge", stroke(ids[1], "unsure", { settle: true }));
    expect(await rig.queue("filter=disagreement")).toEqual([]);
    expect(rig.catalogue.capture(ids[1][0])).toMatchObject({
      judgements: [{ label: "smile" }, { label: "neutral" }],
      resolution: { label: "unsure" },
    });
  });
});

describe("several at work", () => {
  /** Events of the live line until one of a kind has come. */
  async function nextEvent(kind: string, cause: () => Promise<unknown> | unknown): Promise<unknown> {
    const headers = { Authorization: `Bearer ${rig.token}` };
    const response = await fetch(`http://127.0.0.1:${rig.server.port}/events`, { headers });
    let text = "";
    for await (const part of response.body as unknown as AsyncIterable<Uint8Array>) {
      if (text === "") await cause();
      text += Buffer.from(part).toString();
      const found = new RegExp(`event: ${kind}\ndata: (.*)\n`).exec(text);
      if (found === null) continue;
      return JSON.parse(found[1]);
    }
    throw new Error("the line ended");
  }

  it("see each other's strokes at once", async () => {
    const message = (await nextEvent("change", () => rig.post("/judge", stroke([1], "smile")))) as ChangeMessage;
    expect(message).toEqual({ presses: [1], progress: { presses: PRESSES, done: 0, disagreements: 0 } });
  });

  it("see what another process says, and captures it pulls", async () => {
    const other = Catalogue.open(dir);
    other.labels.judge(2, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    other.labels.setConsent(5, "given");
    const message = (await nextEvent("change", () => rig.studio.refresh(context))) as ChangeMessage;
    expect([...message.presses].sort()).toEqual([1, 5]);
    expect((await rig.press(1)).captures[1].label).toBe("smile");
    const metadata = { ...other.capture(1)!.metadata, sequence: 500, press: 77 };
    const pull = other.pulls.beginPull("folder", "x", 1);
    other.pulls.add({ ...other.capture(1)!, metadata, path: "new.pgm" }, pull);
    other.close();
    await nextEvent("captures", () => rig.studio.refresh(context));
    expect(await rig.queue("filter=all")).toHaveLength(PRESSES + 1);
  });
});
