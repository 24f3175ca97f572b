/** A card as a real block device of the system, not as a file: a loop device, which only root can make. */
import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { imageHaystack } from "#smilec/captures/pull/haystacks.js";
import { pull } from "#smilec/captures/pull/pull.js";
import { RecoveryReading } from "#smilec/captures/pull/recover.js";
import { makeCard } from "../../support/card.js";
import { copyIn, makeImage, noFatTools, segmentPaths } from "../../support/card-image.js";
import { counts, pullImage, quietly } from "../../support/pulling.js";
import { temporaryFolders } from "../../support/temporary-folder.js";

jest.setTimeout(60_000);

const temporary = temporaryFolders();
const devices: string[] = [];
afterEach(() => {
  for (const device of devices.splice(0)) execFileSync("losetup", ["--detach", device]);
});

function missing(): string | undefined {
  try {
    execFileSync("losetup", ["--find"], { stdio: "pipe" });
  } catch {
    return "needs losetup";
  }
  return process.getuid?.() === 0 ? noFatTools() : "needs root";
}

/** A card with three segments of 8 captures each, in a partition; the device refuses writes. */
function card(folder: string): string {
  const [files, image] = [join(folder, "card"), join(folder, "card.img")];
  makeCard(
    files,
    [1, 2, 3].map((segment) => ({ segment })),
  );
  makeImage(image, { start: 2048 });
  copyIn(image, segmentPaths(files, 1, 2, 3), 2048);
  const made = execFileSync("losetup", ["--find", "--show", "--read-only", image], { encoding: "utf8" }).trim();
  devices.push(made);
  return made;
}

const reason = missing();

(reason === undefined ? describe : describe.skip)(`a block device${reason === undefined ? "" : ` (${reason})`}`, () => {
  it("is pulled, and recognised when nothing has changed", async () => {
    const folder = temporary();
    const device = card(folder);
    expect(counts(await pullImage(device, join(folder, "captures")))).toEqual({ added: 24 });
    expect(await pullImage(device, join(folder, "captures"))).toMatchObject({ segments: 3, unchanged: 3 });
  });

  it("is searched to its end, also through a link such as those in /dev/disk", async () => {
    const folder = temporary();
    const link = join(folder, "mmc-SD32G_0x1234");
    symlinkSync(card(folder), link);
    const haystack = await imageHaystack(link);
    const reading = new RecoveryReading("image", link, [haystack]);
    expect(counts(await pull(reading, { into: join(folder, "captures"), context: quietly }))).toEqual({ added: 24 });
    const bytes = Number(execFileSync("blockdev", ["--getsize64", link], { encoding: "utf8" }));
    expect(haystack.size).toBe(bytes);
    expect(reading.searched).toBe(bytes);
  });
});
