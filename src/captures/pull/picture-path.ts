/** Where a capture's files lie below the captures' folder. Names are made from checked numbers only, never from names on a card. */
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { asEnvironmentError, EnvironmentError } from "../../errors.js";
import type { CaptureKey } from "../catalogue/types.js";
import { type EntryHeader, hex32 } from "../format.js";

export const QUARANTINE = "quarantine";

/** Folders of pictures: device, epoch, segment; and the pictures in them. Nothing else below the captures' folder is smilec's to remove. */
export const PICTURE_PATH = /^[0-9a-f]{8}\/[0-9a-f]{8}\/\d{5}\/\d{10}\.pgm$/;

export function keyOf({ device, epoch, sequence }: Pick<EntryHeader, "device" | "epoch" | "sequence">): CaptureKey {
  return { device: hex32(device), epoch: hex32(epoch), sequence };
}

/** `1a2b3c4d/910a2dec/00042` */
export function pictureFolder({ device, epoch, segment }: Pick<EntryHeader, "device" | "epoch" | "segment">): string {
  return `${hex32(device)}/${hex32(epoch)}/${String(segment).padStart(5, "0")}`;
}

/** `0000005377.pgm` */
export function pictureName({ sequence }: Pick<EntryHeader, "sequence">): string {
  return `${String(sequence).padStart(10, "0")}.pgm`;
}

/** Makes folders below `dir`, each once; refuses links, which would lead out of it. Synchronous: waking a thread takes longer than making a folder. */
export class FolderMaker {
  private readonly made = new Set<string>();

  constructor(private readonly dir: string) {}

  /** `folder` with forward slashes. */
  make(folder: string): void {
    if (this.made.has(folder)) return;
    // Hostile cards have many devices and epochs: what is remembered stays small.
    if (this.made.size > 10_000) this.made.clear();
    const above = folder.lastIndexOf("/");
    if (above > 0) this.make(folder.slice(0, above));
    makeReal(join(this.dir, folder));
    this.made.add(folder);
  }
}

function makeReal(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EEXIST") throw asEnvironmentError(error, path);
    if (lstatSync(path).isDirectory()) return;
    throw new EnvironmentError("something that is no folder is in the way of the pictures", {
      where: path,
      remedy: "Move it away and run the command again.",
    });
  }
}
