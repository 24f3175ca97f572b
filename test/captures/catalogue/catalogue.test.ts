import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { openDatabase } from "#smilec/captures/catalogue/database.js";
import { MIGRATIONS } from "#smilec/captures/catalogue/schema.js";
import type { NewCapture } from "#smilec/captures/catalogue/types.js";
import type { CaptureMetadata } from "#smilec/captures/metadata.js";
import { UserError } from "#smilec/errors.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

const makeFolder = temporaryFolders();
let catalogue: Catalogue;

beforeEach(() => {
  catalogue = Catalogue.open(makeFolder());
});
afterEach(() => catalogue.close());

function capture(sequence: number, more: Partial<CaptureMetadata> = {}): NewCapture {
  const metadata = {
    device: 0x1a2b3c4d,
    epoch: 0xe0,
    sequence,
    segment: 1,
    slot: sequence - 1,
    boot: 1,
    press: 1,
    burstIndex: 1,
    uptimeMs: 1000 * sequence,
    model: "0123456789abcdef",
    config: 0xc0,
    engine: "aot",
    sum: 12,
    threshold: 10,
    smile: true,
    ...more,
  } as CaptureMetadata;
  const path = `${metadata.device}/${metadata.epoch}/${sequence}.pgm`;
  return {
    metadata,
    width: 320,
    height: 240,
    payloadCrc: 0xfedcba98,
    payloadBytes: 77824,
    path,
    taken: { ms: 5, errorMs: 7 },
    recovered: false,
  };
}

const key = { device: "1a2b3c4d", epoch: "000000e0" };

describe("a catalogue of captures", () => {
  it("gives back what was put in, by bot and number, after it was closed", () => {
    const pull = catalogue.beginPull("folder", "/media/card", 1);
    for (const one of [capture(3), capture(1), capture(2, { device: 0x11111111 })]) catalogue.add(one, pull);
    catalogue.endPull(pull, 2);
    catalogue.close();
    catalogue = Catalogue.open(catalogue.dir);
    const found = [...catalogue.captures()];
    expect(found.map((one) => [one.key.device, one.key.sequence])).toEqual([
      ["11111111", 2],
      ["1a2b3c4d", 1],
      ["1a2b3c4d", 3],
    ]);
    expect(found[1]).toMatchObject({
      ...capture(1),
      state: "kept",
      consent: "unknown",
      judgements: [undefined, undefined],
      resolution: undefined,
    });
  });

  it("takes a capture once, whatever card it comes from", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    expect(catalogue.add(capture(1), pull)).toBe(true);
    expect(catalogue.add({ ...capture(1), path: "other.pgm" }, pull)).toBe(false);
    expect(catalogue.has({ ...key, sequence: 1 })).toBe(true);
    expect(catalogue.has({ ...key, epoch: "000000e1", sequence: 1 })).toBe(false);
    expect(catalogue.count()).toBe(1);
  });

  it("keeps all of a transaction or nothing", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    const failing = () =>
      catalogue.transaction(() => {
        catalogue.add(capture(1), pull);
        throw new UserError("stop");
      });
    expect(failing).toThrow("stop");
    expect(catalogue.count()).toBe(0);
  });

  it("finds the captures of a press", () => {
    const pull = catalogue.beginPull("serial", "/dev/ttyUSB0", 1);
    for (const one of [capture(1), capture(2, { burstIndex: 2 }), capture(3, { press: 2 }), capture(4, { boot: 2 })])
      catalogue.add(one, pull);
    const [first] = catalogue.captures();
    expect(catalogue.press(first).map((one) => one.key.sequence)).toEqual([1, 2]);
  });

  it("keeps what people say, and what they take back", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    catalogue.add(capture(1), pull);
    const [{ id }] = catalogue.captures();
    const first = catalogue.judge(id, { pass: 1, label: "smile", box: undefined, atMs: 10 });
    const second = catalogue.judge(id, {
      pass: 1,
      label: "neutral",
      box: { x: 1, y: 2, width: 3, height: 4 },
      atMs: 11,
    });
    catalogue.judge(id, { pass: 2, label: "unsure", box: undefined, atMs: 12 });
    expect(catalogue.capture(id)?.judgements).toEqual([
      { event: second, label: "neutral", box: { x: 1, y: 2, width: 3, height: 4 }, atMs: 11 },
      { event: second + 1, label: "unsure", box: undefined, atMs: 12 },
    ]);
    expect(catalogue.undo(second, 13)).toBe(true);
    expect(catalogue.undo(second, 14)).toBe(false);
    expect(catalogue.capture(id)?.judgements[0]).toMatchObject({ event: first, label: "smile" });
    expect(catalogue.undo(first, 15)).toBe(true);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.count({ judged: false })).toBe(1);
  });

  it("counts a stroke once, however often it is sent, and takes it back whole", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    for (const one of [capture(1), capture(2)]) catalogue.add(one, pull);
    const ids = [...catalogue.captures()].map(({ id }) => id);
    const said = { pass: 1, label: "smile", box: undefined, atMs: 1, stroke: "s1" } as const;
    const events = ids.map((id) => catalogue.judge(id, said));
    expect(ids.map((id) => catalogue.judge(id, { ...said, label: "neutral", atMs: 2 }))).toEqual(events);
    expect(catalogue.stroke("s1")).toEqual(ids.map((id, i) => ({ event: events[i], capture: id })));
    expect(catalogue.lastEvent()).toBe(events[1]);
    for (const { event } of catalogue.stroke("s1")) catalogue.undo(event, 3);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.judge(ids[0], said)).toBe(events[0]);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.judgedSince(events[1])).toEqual(ids);
  });

  it("keeps what settles a disagreement apart from both looks", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    catalogue.add(capture(1), pull);
    catalogue.judge(1, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    catalogue.judge(1, { pass: 2, label: "neutral", box: undefined, atMs: 2 });
    catalogue.judge(1, { pass: 3, label: "unsure", box: undefined, atMs: 3 });
    expect(catalogue.capture(1)).toMatchObject({
      judgements: [{ label: "smile" }, { label: "neutral" }],
      resolution: { label: "unsure" },
    });
  });

  it("tells what another process has written", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    catalogue.add(capture(1), pull);
    const before = catalogue.dataVersion();
    const other = Catalogue.open(catalogue.dir);
    other.add(capture(2), pull);
    other.setConsent(1, "given");
    other.close();
    expect(catalogue.dataVersion()).not.toBe(before);
    expect([...catalogue.captures({ afterId: 1 })].map(({ id }) => id)).toEqual([2]);
    expect(catalogue.states().get(1)).toEqual({ state: "kept", consent: "given" });
  });

  it("keeps looks by the revision that measured them, and none of what was deleted", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    for (const one of [capture(1), capture(2)]) catalogue.add(one, pull);
    const look = { measures: { face: 12.5 }, sketch: Uint8Array.of(0, 128, 255) };
    catalogue.setLook(1, 1, { ...look, measures: { face: 1 } });
    catalogue.setLook(1, 2, look);
    catalogue.setLook(2, 2, look);
    catalogue.markDeleted(2);
    expect([...catalogue.looks(2)]).toEqual([[1, look]]);
    expect([...catalogue.looks(1)]).toEqual([]);
  });

  it("does not forget a deleted capture", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    catalogue.add(capture(1), pull);
    const [{ id }] = catalogue.captures();
    catalogue.setConsent(id, "refused");
    catalogue.markDeleted(id);
    expect(catalogue.add(capture(1), pull)).toBe(false);
    expect(catalogue.count({ state: "kept" })).toBe(0);
    expect(catalogue.capture(id)).toMatchObject({ state: "deleted", consent: "refused" });
  });

  it("lists what was put aside once", () => {
    const pull = catalogue.beginPull("image", "card.img", 1);
    const record = {
      file: "SEG00001.TAR",
      slot: undefined,
      offset: 0,
      reason: "foreign",
      message: "no head",
      path: undefined,
    };
    expect([catalogue.quarantine(record, pull), catalogue.quarantine(record, pull)]).toEqual([true, false]);
    expect(catalogue.quarantined()).toEqual([record]);
  });

  it("keeps a label that was acknowledged before the process was killed", () => {
    const pull = catalogue.beginPull("folder", "a", 1);
    catalogue.add(capture(1), pull);
    const module = new URL("../../../dist/captures/catalogue/catalogue.js", import.meta.url).href;
    const script = `import { Catalogue } from ${JSON.stringify(module)};
      const catalogue = Catalogue.open(${JSON.stringify(catalogue.dir)});
      catalogue.judge(1, { pass: 1, label: "smile", box: undefined, atMs: 1 });
      process.kill(process.pid, "SIGKILL");`;
    expect(() => execFileSync(process.execPath, ["--input-type=module", "-e", script], { stdio: "pipe" })).toThrow();
    expect(catalogue.capture(1)?.judgements[0]?.label).toBe("smile");
  });
});

describe("opening a catalogue", () => {
  it("says what to do when there is none yet", () => {
    const dir = makeFolder();
    expect(() => Catalogue.open(dir, { mustExist: true })).toThrow(
      expect.objectContaining({ exitCode: 2, remedy: expect.stringContaining("smilec pull-captures") }),
    );
  });

  it("refuses a file that is not SQLite, another program's and a newer smilec's", () => {
    const dir = makeFolder();
    const text = join(dir, "text.sqlite");
    writeFileSync(text, "x".repeat(4096));
    expect(() => openDatabase(text)).toThrow(
      expect.objectContaining({ exitCode: 2, message: "the catalogue is damaged" }),
    );
    const foreign = join(dir, "foreign.sqlite");
    const database = openDatabase(foreign, { migrations: ["CREATE TABLE other (x)"] });
    database.exec("PRAGMA application_id = 1");
    database.close();
    expect(() => openDatabase(foreign)).toThrow(/not a catalogue/);
    const newer = join(dir, "newer.sqlite");
    openDatabase(newer, { migrations: [...MIGRATIONS, "CREATE TABLE later (x)"] }).close();
    expect(() => openDatabase(newer)).toThrow(/newer smilec/);
  });

  it("says that the folder is missing or cannot be written", () => {
    expect(() => openDatabase("/nonexistent/folder/catalogue.sqlite")).toThrow(
      expect.objectContaining({ exitCode: 4, message: "the catalogue cannot be opened" }),
    );
  });

  it("brings an older one up to date, each step whole or not at all", () => {
    const path = join(makeFolder(), "old.sqlite");
    const steps = [
      "CREATE TABLE a (x); INSERT INTO a VALUES (7)",
      "CREATE TABLE b (y); INSERT INTO b SELECT x + 1 FROM a",
    ];
    openDatabase(path, { migrations: steps.slice(0, 1) }).close();
    expect(() =>
      openDatabase(path, { migrations: [steps[0], "CREATE TABLE b (y); INSERT INTO c VALUES (1)"] }),
    ).toThrow();
    const database = openDatabase(path, { migrations: steps });
    expect(database.prepare("SELECT y FROM b").get()).toMatchObject({ y: 8 });
    database.close();
  });
});
