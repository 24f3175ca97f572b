/** Where a capture's files lie below the captures' folder. Names are made from checked numbers only, never from names on a card. */
import { lstat, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { asEnvironmentError, EnvironmentError } from "../../errors.js";
import { makeFolder } from "../../files/write.js";
import type { CaptureKey } from "../catalogue/types.js";
import { type EntryHeader, hex32 } from "../format.js";

export const QUARANTINE = "quarantine";

/** Folders of pictures: device, epoch, segment; and the pictures in them. Nothing else below the captures' folder is smilec's to remove. */
export const PICTURE_PATH = /^[0-9a-f]{8}\/[0-9a-f]{8}\/\d{5}\/\d{10}\.pgm$/;

export function keyOf({ device, epoch, sequence }: Pick<EntryHeader, "device" | "epoch" | "sequence">): CaptureKey {
  return { device: hex32(device), epoch: hex32(epoch), sequence };
}

/** `1a2b3c4d/910a2dec/00042/0000005377.pgm` */
export function picturePath(header: Pick<EntryHeader, "device" | "epoch" | "segment" | "sequence">): string {
  const { device, epoch, sequence } = keyOf(header);
  return `${device}/${epoch}/${String(header.segment).padStart(5, "0")}/${String(sequence).padStart(10, "0")}.pgm`;
}

/** Makes folders below `dir`, each once; refuses links, which would lead out of it. */
export class FolderMaker {
  private readonly made = new Set<string>();

  constructor(private readonly dir: string) {}

  /** `folder` with forward slashes. */
  async make(folder: string): Promise<void> {
    if (this.made.has(folder)) return;
    // Hostile cards have many devices and epochs: what is remembered stays small.
    if (this.made.size > 10_000) this.made.clear();
    const parts = folder.split("/");
    for (let depth = 1; depth <= parts.length; depth++) await makeReal(join(this.dir, ...parts.slice(0, depth)));
    this.made.add(folder);
  }
}

async function makeReal(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return makeFolder(path);
    if (code !== "EEXIST") throw asEnvironmentError(error, path);
    if ((await lstat(path)).isDirectory()) return;
    throw new EnvironmentError("something that is no folder is in the way of the pictures", {
      where: path,
      remedy: "Move it away and run the command again.",
    });
  }
}
