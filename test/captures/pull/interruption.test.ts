/** Pulls that are killed at every operation on the disk, and disks that fill up; a preloaded library makes the faults (test/support/full-disk.c). */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { findCompiler } from "#smilec/build/compiler.js";
import { HEADER_BYTES } from "#smilec/captures/layout.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { runOrThrow } from "#smilec/process/run.js";
import { makeCard, makeSegment, smallSlot } from "../../support/card.js";
import { smilec } from "../../support/cli.js";
import { damageOf, lookInto } from "../../support/pulling.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

const folder = temporaryFolders();
const noFaults = process.platform === "linux" ? undefined : `LD_PRELOAD is for Linux, this is ${process.platform}`;
const onLinux = noFaults === undefined ? it : it.skip;
const reason = noFaults === undefined ? "" : ` (${noFaults})`;

/** Of how many kills one is tried here; KILL_EVERY=1 tries all. */
const KILL_EVERY = Number(process.env.KILL_EVERY ?? 12);
const CAPTURES = 12;

describe("a pull in trouble", () => {
  let work: string;
  let library: string;
  let card: string;
  const pictures = new Map<number, Uint8Array>();

  beforeAll(async () => {
    work = mkdtempSync(join(tmpdir(), "smilec-fault-"));
    library = join(work, "full-disk.so");
    card = makeCard(join(work, "card"), [{ segment: 1 }, { segment: 2, captures: 4 }]);
    for (const segment of [1, 2])
      for (let slot = 0; slot < 8; slot++)
        pictures.set(
          1 + 8 * (segment - 1) + slot,
          makeSegment({ segment }).subarray(smallSlot(slot) + HEADER_BYTES, smallSlot(slot + 1)),
        );
    if (noFaults !== undefined) return;
    const source = join(packageRoot, "test/support/full-disk.c");
    const { command } = await findCompiler();
    await runOrThrow(command, ["-shared", "-fPIC", "-O1", "-Wall", "-o", library, source, "-ldl"], "compiling");
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  function project(): string {
    const cwd = folder();
    writeFileSync(join(cwd, "smilec.config.json"), "{}");
    return cwd;
  }

  const pull = (cwd: string, from: string, faults: Record<string, string> = {}) =>
    smilec(["pull-captures", "--json", "--quiet", "--from", from], {
      cwd,
      env: { LD_PRELOAD: library, FAULT_FOLDER: join(cwd, "captures"), ...faults },
    });

  async function operations(cwd: string, from: string): Promise<number> {
    const file = join(work, "count");
    expect((await pull(cwd, from, { FAULT_COUNT: file })).exitCode).toBe(0);
    return Number(readFileSync(file, "utf8"));
  }

  onLinux(
    `is killed at any moment and loses nothing, doubles nothing and leaves nothing behind${reason}`,
    async () => {
      const last = await operations(project(), card);
      expect(last).toBeGreaterThan(100);
      for (let at = 1; at <= last; at += KILL_EVERY) {
        const cwd = project();
        const killed = await pull(cwd, card, { FAULT_KILL: String(at) });
        expect(killed.signal).toBe("SIGKILL");
        const next = await pull(cwd, card);
        expect([at, next.exitCode, next.stderr]).toEqual([at, 0, ""]);
        const into = join(cwd, "captures");
        expect([at, damageOf(into, pictures)]).toEqual([at, []]);
        expect(lookInto(into).captures).toHaveLength(CAPTURES);
      }
    },
    600_000,
  );

  onLinux(
    `is killed while it removes what was withdrawn, and the next one removes it${reason}`,
    async () => {
      const withdrawn = makeCard(join(work, "withdrawn"), [{ segment: 1 }, { segment: 2, captures: 4 }]);
      const bytes = makeSegment({ segment: 2, captures: 4 });
      for (const slot of [1, 2, 3]) bytes[smallSlot(slot) + HEADER_BYTES + 34] = 0x31;
      writeFileSync(join(withdrawn, "SEG00002.TAR"), bytes);
      const counted = project();
      await pull(counted, card);
      const last = await operations(counted, withdrawn);
      for (let at = 1; at <= last; at += Math.ceil(KILL_EVERY / 2)) {
        const cwd = project();
        await pull(cwd, card);
        expect((await pull(cwd, withdrawn, { FAULT_KILL: String(at) })).signal).toBe("SIGKILL");
        expect((await pull(cwd, withdrawn)).exitCode).toBe(0);
        const { captures, files } = lookInto(join(cwd, "captures"));
        expect([at, captures.filter(({ state }) => state === "withdrawn").length, files.length]).toEqual([at, 3, 9]);
      }
    },
    600_000,
  );

  onLinux(
    `says that the disk is full wherever it fills up, gives the room back, and goes on when there is some${reason}`,
    async () => {
      const cwd = project();
      let failures = 0;
      for (let budget = 100; failures < 40; budget = Math.round(budget * 1.7)) {
        const result = await pull(cwd, card, { FAULT_BYTES: String(budget) });
        if (result.exitCode === 0) break;
        failures++;
        expect(result.exitCode).toBe(4);
        expect(result.stderr).toContain("the disk is full");
        expect(result.stderr).toContain("Free some space");
        expect(result.stderr).not.toMatch(/^\s+at /m);
      }
      expect(failures).toBeGreaterThanOrEqual(6);
      expect(damageOf(join(cwd, "captures"), pictures)).toEqual([]);
      expect(lookInto(join(cwd, "captures")).captures).toHaveLength(CAPTURES);
    },
    240_000,
  );

  onLinux(`says that the folder cannot be written${reason}`, async () => {
    const cwd = project();
    const result = await pull(cwd, card, { FAULT_READONLY: "1" });
    expect([result.exitCode, result.stderr]).toEqual([4, expect.stringContaining("read-only")]);
  });
});
