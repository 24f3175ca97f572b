/** A stored picture is used only when it is the one that was pulled, and lies where pictures lie. */
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "@jest/globals";
import type { CatalogueCapture } from "#smilec/captures/catalogue/types.js";
import { readStoredCapture, storedPath } from "#smilec/captures/stored.js";
import { runOrThrow } from "#smilec/process/run.js";
import { makeCard } from "../support/card.js";
import { lookInto, pullFolder } from "../support/pulling.js";
import { temporaryFolders } from "../support/temporary-folder.js";

const folder = temporaryFolders();

describe("a stored capture", () => {
  let dir: string;
  let row: CatalogueCapture;
  let picture: string;

  beforeEach(async () => {
    const work = folder();
    dir = join(work, "captures");
    await pullFolder(makeCard(join(work, "card"), [{ segment: 1, captures: 2 }]), dir);
    [row] = lookInto(dir).captures;
    picture = join(dir, row.path);
  });

  const problem = (more: Partial<CatalogueCapture> = {}) => readStoredCapture(dir, { ...row, ...more });

  it("comes back as the segment reader gave it", async () => {
    const capture = await readStoredCapture(dir, row);
    if (typeof capture === "string") throw new Error(capture);
    expect(capture.metadata).toEqual(row.metadata);
    expect(capture.header).toMatchObject({ kind: "capture", sequence: 1, segment: 1, payloadCrc: row.payloadCrc });
    expect(capture.frame).toMatchObject({ width: 40, height: 30 });
    expect(Buffer.from(capture.payload).equals(readFileSync(picture))).toBe(true);
  });

  it("is refused when it is missing, shortened, changed, or of another size than its row says", async () => {
    expect(await problem({ width: 80 })).toBe("the picture is 40 x 30, not 80 x 30");
    const bytes = readFileSync(picture);
    bytes[2000] ^= 1;
    writeFileSync(picture, bytes);
    expect(await problem()).toMatch(/^the picture is damaged: its CRC is [0-9a-f]{8}, not [0-9a-f]{8}$/);
    truncateSync(picture, 1500);
    expect(await problem()).toBe("the picture has 1500 bytes, not 2560");
    rmSync(picture);
    expect(await problem()).toBe("the picture is missing");
    rmSync(dir, { recursive: true });
    expect(await problem()).toBe("the picture is missing");
  });

  it("is never looked for outside of the folder, whatever the catalogue says", async () => {
    const outside = join(dir, "..", "outside.pgm");
    copyFileSync(picture, outside);
    for (const path of ["../outside.pgm", `${row.path}/../../../../../outside.pgm`, ".", "", "..", "../captures"]) {
      expect([path, storedPath(dir, path)]).toEqual([path, undefined]);
      expect([path, await problem({ path })]).toEqual([path, "its path leads out of the captures' folder"]);
    }
    expect(storedPath(dir, outside)).toBe(join(dir, outside));
  });

  it("is not read through a link, of the picture or of a folder, nor from what is no file", async () => {
    const away = join(dir, "..", "away");
    renameSync(join(dir, row.key.device), away);
    symlinkSync(away, join(dir, row.key.device));
    expect(await problem()).toBe("its path leads out of the captures' folder");
    rmSync(join(dir, row.key.device));
    renameSync(away, join(dir, row.key.device));
    const target = join(dir, "..", "target.pgm");
    renameSync(picture, target);
    symlinkSync(target, picture);
    expect(await problem()).toBe("the picture is a link");
    rmSync(picture);
    mkdirSync(picture);
    expect(await problem()).toBe("the picture is no file");
    rmSync(picture, { recursive: true });
    await runOrThrow("mkfifo", [picture], "making a pipe");
    expect(await problem()).toBe("the picture is no file");
  });

  it("is found in a folder that is itself reached through a link", async () => {
    const link = join(dir, "..", "link");
    symlinkSync(dir, link);
    expect(typeof (await readStoredCapture(link, row))).toBe("object");
  });
});
