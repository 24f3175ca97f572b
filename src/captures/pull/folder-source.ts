/** Segments of a mounted card, or a copy of one; a single segment file too. Files are opened for reading only, and links are not followed. */
import { constants } from "node:fs";
import { lstat, open, opendir, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { asEnvironmentError, EnvironmentError, UserError } from "../../errors.js";
import { segmentNumber } from "../format.js";
import { BLOCK_BYTES } from "../layout.js";
import { bytesOf } from "../read-segment.js";
import { type CardSource, type OpenSegment, type SegmentFile, UnreadableSegment } from "./source.js";

/** Throws UserError when there is nothing at the path. */
export async function openFolderSource(given: string): Promise<CardSource> {
  const found = await statOrThrow(given);
  // Links on the way to the card are the user's own.
  const path = await realpath(given);
  if (found.isFile()) await refuseImage(path);
  const segments = found.isFile()
    ? async () => [segmentFile(path, found.size)]
    : async () => Promise.all((await segmentNames(path)).map((name) => listed(join(path, name))));
  return { kind: "folder", origin: path, live: false, segments, close: async () => undefined };
}

/** A boot sector ends in 55 AA; a segment's first block in zeros. */
async function refuseImage(path: string): Promise<void> {
  const { read, close } = await openSegmentFile(path);
  try {
    const block = await read(0, BLOCK_BYTES);
    if (block[BLOCK_BYTES - 2] !== 0x55 || block[BLOCK_BYTES - 1] !== 0xaa) return;
  } finally {
    await close();
  }
  throw new UserError("this is the image of a card, not a folder", {
    where: path,
    remedy: `Read it with --image ${path}`,
  });
}

/** Names of segment files in a folder, ascending; of two that differ in case only, both. */
export async function segmentNames(folder: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) if (segmentNumber(name) !== undefined) names.push(name);
  } catch (error) {
    throw gone(error, folder);
  }
  return names.sort();
}

async function listed(path: string): Promise<SegmentFile> {
  const stats = await lstat(path).catch((error: unknown) => {
    throw gone(error, path);
  });
  return segmentFile(path, stats.size);
}

function segmentFile(path: string, size: number): SegmentFile {
  return { name: basename(path), size, open: () => openSegmentFile(path) };
}

/** Opens a regular file for reading only. */
export async function openSegmentFile(path: string): Promise<OpenSegment> {
  try {
    // Neither through a link nor waiting for the other end of a pipe.
    const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
    const file = await open(path, flags);
    if ((await file.stat()).isFile()) return { read: bytesWithPlace(bytesOf(file), path), close: () => file.close() };
    await file.close();
    throw new UnreadableSegment("this is no regular file");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ELOOP" || code === "EMLINK") throw new UnreadableSegment("this is a link, which a card cannot have");
    if (code === "ENXIO" || code === "EOPNOTSUPP") throw new UnreadableSegment("this is no regular file");
    throw gone(error, path);
  }
}

function bytesWithPlace(read: OpenSegment["read"], path: string): OpenSegment["read"] {
  return (offset, length, space) =>
    read(offset, length, space).catch((error: unknown) => {
      throw gone(error, path);
    });
}

async function statOrThrow(path: string) {
  try {
    const found = await stat(path);
    if (found.isFile() || found.isDirectory()) return found;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR") throw asEnvironmentError(error, path);
    throw new UserError("there is no such folder", {
      where: path,
      remedy: "Check the path of the card.",
      cause: error,
    });
  }
  throw new UserError("this is neither a folder nor a file", {
    where: path,
    remedy: "Use --image for a card's device or image.",
  });
}

/** A card that was taken out while it was read. */
function gone(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOENT" && code !== "ENODEV" && code !== "EIO" && code !== "ENXIO" && code !== "ESTALE")
    return asEnvironmentError(error, path);
  return new EnvironmentError("the card cannot be read any more", {
    where: path,
    remedy:
      "Put it in again and run the command again; what was pulled is kept. If this happens again, use --image with --recover.",
    cause: error,
  });
}
