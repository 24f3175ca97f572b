/** A card's image or the card itself, opened for reading only; reads are aligned, as raw devices ask for. */
import { constants } from "node:fs";
import { type FileHandle, open, readFile, realpath } from "node:fs/promises";
import { basename } from "node:path";
import { asEnvironmentError, EnvironmentError, UserError } from "../../errors.js";
import type { ReadBytes } from "../read-segment.js";

/** Raw devices of macOS and Windows read whole blocks only; 4,096 is the largest block there is. */
const ALIGNMENT = 4096;

export interface BlockFile {
  readonly path: string;
  /** Fewer bytes only at the end. */
  readonly read: ReadBytes;
  /** Bytes of the file; undefined for a device that does not say. */
  readonly size: number | undefined;
  close(): Promise<void>;
}

/** Throws UserError when it is not there, or no file and no block device; EnvironmentError when it may not be read. */
export async function openBlockFile(path: string): Promise<BlockFile> {
  let file: FileHandle;
  try {
    // Not blocking: opening a pipe would wait for a writer.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw cannotOpen(error, path);
  }
  try {
    const stats = await file.stat();
    // Raw devices of macOS (/dev/rdisk2) are character devices.
    if (!stats.isFile() && !stats.isBlockDevice() && !stats.isCharacterDevice())
      throw new UserError("this is no image and no device", {
        where: path,
        remedy: stats.isDirectory()
          ? "For a mounted card use --from."
          : "Give an image file, or the card's device such as /dev/sdb.",
      });
    const size = stats.isFile() ? stats.size : await deviceBytes(path);
    return { path, size, read: alignedReader(file, path), close: () => file.close() };
  } catch (error) {
    await file.close();
    throw asEnvironmentError(error, path);
  }
}

function alignedReader(file: FileHandle, path: string): ReadBytes {
  return async (offset, length) => {
    const start = offset - (offset % ALIGNMENT);
    const end = Math.ceil((offset + length) / ALIGNMENT) * ALIGNMENT;
    const buffer = Buffer.allocUnsafeSlow(end - start);
    let done = 0;
    try {
      while (done < buffer.length) {
        const { bytesRead } = await file.read(buffer, done, buffer.length - done, start + done);
        if (bytesRead === 0) break;
        done += bytesRead;
      }
    } catch (error) {
      throw asEnvironmentError(error, path);
    }
    const from = Math.min(offset - start, done);
    return buffer.subarray(from, Math.min(from + length, done));
  };
}

/** Linux says how many blocks of 512 bytes a device has, by its own name: those in /dev/disk/by-id and the like are links to it. */
async function deviceBytes(path: string): Promise<number | undefined> {
  const blocks = await readFile(`/sys/class/block/${basename(await realpath(path))}/size`, "utf8").catch(() => "");
  return /^\d+\s*$/.test(blocks) ? Number(blocks) * 512 : undefined;
}

function cannotOpen(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT" || code === "ENOTDIR")
    return new UserError("there is no such image or device", {
      where: path,
      remedy: "Check the path; `lsblk` (macOS: `diskutil list`) lists the devices.",
      cause: error,
    });
  if (code === "EACCES" || code === "EPERM")
    return new EnvironmentError("no right to read this", {
      where: path,
      remedy: "Run the command as a user who may (`sudo`), or mount the card and use --from.",
      cause: error,
    });
  if (code === "ENOMEDIUM" || code === "ENXIO")
    return new EnvironmentError("there is no card in this reader", {
      where: path,
      remedy: "Put the card in and run the command again.",
      cause: error,
    });
  return asEnvironmentError(error, path);
}
