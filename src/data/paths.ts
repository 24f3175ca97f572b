/**
 * File names as bytes. A name may hold anything but `/` and NUL: names are kept as Buffers, opened as Buffers, and shown escaped, so that a
 * name in Latin-1, with a newline or with a terminal's control sequence is imported like any other and harms nothing.
 */
import type { Dirent } from "node:fs";
import { lstat, readdir, realpath, stat } from "node:fs/promises";
import type { RejectedPicture } from "./types.js";

const SLASH = Buffer.from("/");
const MAX_DEPTH = 32;
/** Backslash, control characters, line separators and characters that reorder text. */
const UNSHOWABLE = /[\\\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;
const SHORT_ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A file below an import's root. */
export interface FoundFile {
  /** Absolute path. */
  readonly path: Buffer;
  /** Names from the root down, the file's own last. */
  readonly parts: readonly Buffer[];
  /** Bytes. */
  readonly size: number;
}

export interface Found {
  readonly files: FoundFile[];
  readonly rejected: RejectedPicture[];
  /** Hidden files and folders. */
  ignored: number;
}

/** A path as text that is safe to print and different for different paths: bytes that are not UTF-8 as \xNN, the unshowable as \u{N}. */
export function showPath(path: Buffer): string {
  try {
    return escapeText(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(path));
  } catch {
    const shown = Array.from(path, (byte) =>
      byte < 0x80 ? escapeText(String.fromCharCode(byte)) : `\\x${byte.toString(16).padStart(2, "0")}`,
    );
    return shown.join("");
  }
}

/** A folder's name as a label: as it is where it is UTF-8, else escaped. */
export function labelText(name: Buffer): string {
  const text = name.toString("utf8");
  return Buffer.from(text, "utf8").equals(name) ? text : showPath(name);
}

/** Text with everything unshowable escaped. */
export function escapeText(text: string): string {
  return text.replace(UNSHOWABLE, (c) => SHORT_ESCAPES[c] ?? `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

export function joinPath(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [SLASH, part])));
}

/** Whether a resolved path is the resolved folder or lies below it. */
export function isInside(folder: Buffer, path: Buffer): boolean {
  const prefix = Buffer.concat([folder, SLASH]);
  return path.equals(folder) || path.subarray(0, prefix.length).equals(prefix) || folder.equals(SLASH);
}

/**
 * Every file below `root`, ordered by the bytes of its path. A link is followed to a file inside the root only; links that leave it, links to
 * folders, dangling links and things that are no files (pipes, devices) are rejected, hidden names are counted as ignored.
 */
export async function findFiles(root: Buffer): Promise<Found> {
  const found: Found = { files: [], rejected: [], ignored: 0 };
  const resolved = await realpath(root, { encoding: "buffer" });
  await walk(resolved, resolved, [], found);
  return found;
}

async function walk(root: Buffer, folder: Buffer, parts: readonly Buffer[], found: Found): Promise<void> {
  const reject = (names: readonly Buffer[], reason: RejectedPicture["reason"], message: string) =>
    found.rejected.push({ original: showPath(joinPath(...names)), reason, message });
  const entries = (await readdir(folder, { encoding: "buffer", withFileTypes: true })) as unknown as Dirent<Buffer>[];
  entries.sort((a, b) => Buffer.compare(a.name, b.name));
  for (const entry of entries) {
    const names = [...parts, entry.name];
    const path = joinPath(folder, entry.name);
    if (entry.name[0] === 0x2e) {
      found.ignored++;
    } else if (entry.isDirectory()) {
      if (names.length > MAX_DEPTH) reject(names, "outside", `folders are nested more than ${MAX_DEPTH} deep`);
      else await walk(root, path, names, found);
    } else if (entry.isSymbolicLink()) {
      await followLink(root, path, names, found, reject);
    } else if (entry.isFile()) {
      found.files.push({ path, parts: names, size: (await lstat(path)).size });
    } else {
      reject(names, "unreadable", "is not a regular file");
    }
  }
}

async function followLink(
  root: Buffer,
  path: Buffer,
  names: readonly Buffer[],
  found: Found,
  reject: (names: readonly Buffer[], reason: RejectedPicture["reason"], message: string) => void,
): Promise<void> {
  const target = await realpath(path, { encoding: "buffer" }).catch(() => undefined);
  if (target === undefined) return void reject(names, "missing", "is a link that leads nowhere");
  if (!isInside(root, target)) return void reject(names, "outside", "is a link that leaves the folder");
  const info = await stat(target);
  if (info.isDirectory()) return void reject(names, "duplicate", "is a link to a folder that is imported anyway");
  if (!info.isFile()) return void reject(names, "unreadable", "is not a regular file");
  found.files.push({ path: target, parts: names, size: info.size });
}
