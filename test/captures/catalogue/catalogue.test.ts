import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { Catalogue } from "#smilec/captures/catalogue/catalogue.js";
import { openDatabase } from "#smilec/captures/catalogue/database.js";
import { MIGRATIONS } from "#smilec/captures/catalogue/schema.js";
import type { Look, NewCapture } from "#smilec/captures/catalogue/types.js";
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
    const pull = catalogue.pulls.beginPull("folder", "/media/card", 1);
    for (const one of [capture(3), capture(1), capture(2, { device: 0x11111111 })]) catalogue.pulls.add(one, pull);
    catalogue.pulls.endPull(pull, 2);
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
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    expect(catalogue.pulls.add(capture(1), pull)).toBe(true);
    expect(catalogue.pulls.add({ ...capture(1), path: "other.pgm" }, pull)).toBe(false);
    expect(catalogue.pulls.has({ ...key, sequence: 1 })).toBe(true);
    expect(catalogue.pulls.has({ ...key, epoch: "000000e1", sequence: 1 })).toBe(false);
    expect(catalogue.count()).toBe(1);
  });

  it("keeps all of a transaction or nothing", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    const failing = () =>
      catalogue.transaction(() => {
        catalogue.pulls.add(capture(1), pull);
        throw new UserError("stop");
      });
    expect(failing).toThrow("stop");
    expect(catalogue.count()).toBe(0);
  });

  it("finds the captures of a press", () => {
    const pull = catalogue.pulls.beginPull("serial", "/dev/ttyUSB0", 1);
    for (const one of [capture(1), capture(2, { burstIndex: 2 }), capture(3, { press: 2 }), capture(4, { boot: 2 })])
      catalogue.pulls.add(one, pull);
    const [first] = catalogue.captures();
    expect(catalogue.press(first).map((one) => one.key.sequence)).toEqual([1, 2]);
  });

  it("keeps what people say, and what they take back", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    const [{ id }] = catalogue.captures();
    const first = catalogue.labels.judge(id, { pass: 1, label: "smile", box: undefined, atMs: 10 });
    const second = catalogue.labels.judge(id, {
      pass: 1,
      label: "neutral",
      box: { x: 1, y: 2, width: 3, height: 4 },
      atMs: 11,
    });
    catalogue.labels.judge(id, { pass: 2, label: "unsure", box: undefined, atMs: 12 });
    expect(catalogue.capture(id)?.judgements).toEqual([
      { event: second, label: "neutral", box: { x: 1, y: 2, width: 3, height: 4 }, atMs: 11 },
      { event: second + 1, label: "unsure", box: undefined, atMs: 12 },
    ]);
    expect(catalogue.labels.undo(second, 13)).toBe(true);
    expect(catalogue.labels.undo(second, 14)).toBe(false);
    expect(catalogue.capture(id)?.judgements[0]).toMatchObject({ event: first, label: "smile" });
    expect(catalogue.labels.undo(first, 15)).toBe(true);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.count({ judged: false })).toBe(1);
  });

  it("counts a stroke once, however often it is sent, and takes it back whole", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    for (const one of [capture(1), capture(2)]) catalogue.pulls.add(one, pull);
    const ids = [...catalogue.captures()].map(({ id }) => id);
    const said = { pass: 1, label: "smile", box: undefined, atMs: 1, stroke: "s1" } as const;
    const events = ids.map((id) => catalogue.labels.judge(id, said));
    expect(ids.map((id) => catalogue.labels.judge(id, { ...said, label: "neutral", atMs: 2 }))).toEqual(events);
    expect(catalogue.labels.stroke("s1")).toEqual(ids.map((id, i) => ({ event: events[i], capture: id })));
    expect(catalogue.labels.lastEvent()).toBe(events[1]);
    for (const { event } of catalogue.labels.stroke("s1")) catalogue.labels.undo(event, 3);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.labels.judge(ids[0], said)).toBe(events[0]);
    expect(catalogue.count({ judged: true })).toBe(0);
    expect(catalogue.labels.judgedSince(events[1])).toEqual(ids);
  });

  it("keeps what settles a disagreement apart from both looks", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    catalogue.labels.judge(1, { pass: 1, label: "smile", box: undefined, atMs: 1 });
    catalogue.labels.judge(1, { pass: 2, label: "neutral", box: undefined, atMs: 2 });
    catalogue.labels.judge(1, { pass: 3, label: "unsure", box: undefined, atMs: 3 });
    expect(catalogue.capture(1)).toMatchObject({
      judgements: [{ label: "smile" }, { label: "neutral" }],
      resolution: { label: "unsure" },
    });
  });

  it("tells what another process has written", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    const before = catalogue.labels.dataVersion();
    const other = Catalogue.open(catalogue.dir);
    other.pulls.add(capture(2), pull);
    other.labels.setConsent(1, "given");
    other.close();
    expect(catalogue.labels.dataVersion()).not.toBe(before);
    expect([...catalogue.captures({ afterId: 1 })].map(({ id }) => id)).toEqual([2]);
    expect(catalogue.labels.states().get(1)).toEqual({ state: "kept", consent: "given" });
  });

  it("keeps looks by the revision that measured them, and none of what was deleted", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    for (const one of [capture(1), capture(2)]) catalogue.pulls.add(one, pull);
    const look = { measures: { face: 12.5 }, sketch: Uint8Array.of(0, 128, 255) };
    catalogue.labels.setLook(1, 1, { ...look, measures: { face: 1 } });
    catalogue.labels.setLook(1, 2, look);
    catalogue.labels.setLook(2, 2, look);
    catalogue.labels.markDeleted(2);
    expect([...catalogue.labels.looks(2)]).toEqual([[1, look]]);
    expect([...catalogue.labels.looks(1)]).toEqual([]);
  });

  it("does not forget a deleted capture", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    const [{ id }] = catalogue.captures();
    catalogue.labels.setConsent(id, "refused");
    catalogue.labels.markDeleted(id);
    expect(catalogue.pulls.add(capture(1), pull)).toBe(false);
    expect(catalogue.count({ state: "kept" })).toBe(0);
    expect(catalogue.capture(id)).toMatchObject({ state: "deleted", consent: "refused" });
  });

  it("never takes again what was withdrawn on the bot, and says which files have to go", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    const aside = { file: "SEG00001.TAR", slot: 0, offset: 1024, reason: "conflict", message: "", crc: 1 };
    catalogue.pulls.quarantine({ ...aside, key: { ...key, sequence: 1 }, path: "quarantine/a.bin" }, pull);
    const [{ id }] = catalogue.captures();
    catalogue.labels.setLook(id, 1, { measures: { face: 1 }, sketch: Uint8Array.of(1, 2) } as Look);
    expect(catalogue.pulls.withdraw({ ...key, sequence: 1 }, pull)).toEqual([capture(1).path, "quarantine/a.bin"]);
    expect(catalogue.pulls.withdraw({ ...key, sequence: 1 }, pull)).toEqual([]);
    expect(catalogue.pulls.withdraw({ ...key, sequence: 2 }, pull)).toEqual([]);
    const known = { payloadCrc: 0xfedcba98, state: "withdrawn", path: capture(1).path };
    expect(catalogue.pulls.known({ ...key, sequence: 1 })).toEqual(known);
    expect(catalogue.pulls.known({ ...key, sequence: 2 })).toEqual({
      ...known,
      payloadCrc: undefined,
      path: undefined,
    });
    expect(catalogue.pulls.known({ ...key, sequence: 3 })).toBeUndefined();
    // What was measured of it has a sketch of the face.
    expect([...catalogue.labels.looks(1)]).toEqual([]);
    expect([...catalogue.pulls.paths()]).toEqual([]);
    expect(catalogue.count({ state: "kept" })).toBe(0);
  });

  it("counts what there is of each bot", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    const other = { device: 0x11111111, press: 2, smile: false };
    for (const one of [capture(1), capture(2), capture(3, { press: 2 }), capture(4, other), capture(5, { press: 3 })])
      catalogue.pulls.add(one, pull);
    const ids = [...catalogue.captures()].map(({ id }) => id);
    for (const pass of [1, 2] as const)
      catalogue.labels.judge(ids[1], { pass, label: "smile", box: undefined, atMs: 1 });
    catalogue.labels.markDeleted(ids[4]);
    catalogue.pulls.withdraw({ ...key, sequence: 3 }, pull);
    const times = { firstMs: 5, lastMs: 5 };
    expect(catalogue.bots()).toEqual([
      { device: "11111111", captures: 1, presses: 1, smiles: 0, judged: 0, deleted: 0, withdrawn: 0, ...times },
      { device: "1a2b3c4d", captures: 2, presses: 1, smiles: 2, judged: 1, deleted: 1, withdrawn: 1, ...times },
    ]);
  });

  it("knows of pulls that did not end", () => {
    catalogue.pulls.endPull(catalogue.pulls.beginPull("folder", "a", 1), 2);
    expect(catalogue.pulls.hasUnfinishedPull()).toBe(false);
    catalogue.pulls.beginPull("folder", "a", 3);
    expect(catalogue.pulls.hasUnfinishedPull()).toBe(true);
    catalogue.pulls.endUnfinishedPulls(4);
    expect(catalogue.pulls.hasUnfinishedPull()).toBe(false);
  });

  it("lists what was put aside once", () => {
    const pull = catalogue.pulls.beginPull("image", "card.img", 1);
    const record = {
      file: "SEG00001.TAR",
      slot: undefined,
      offset: 0,
      reason: "foreign",
      message: "no head",
      key: undefined,
      crc: 0x01020304,
      path: undefined,
    };
    expect([catalogue.pulls.quarantine(record, pull), catalogue.pulls.quarantine(record, pull)]).toEqual([true, false]);
    expect(catalogue.pulls.quarantined()).toEqual([record]);
  });

  it("keeps a label that was acknowledged before the process was killed", () => {
    const pull = catalogue.pulls.beginPull("folder", "a", 1);
    catalogue.pulls.add(capture(1), pull);
    const module = new URL("../../../dist/captures/catalogue/catalogue.js", import.meta.url).href;
    const script = `import { Catalogue } from ${JSON.stringify(module)};
      const catalogue = Catalogue.open(${JSON.stringify(catalogue.dir)});
      catalogue.labels.judge(1, { pass: 1, label: "smile", box: undefined, atMs: 1 });
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
