/** Which blocks of the card a file has: chains of the file allocation table as runs of neighbouring clusters. */
import type { ReadBytes } from "../read-segment.js";
import type { Fat32Layout } from "./boot-sector.js";

/** Neighbouring bytes on the card. */
export interface Extent {
  /** From the start of the device. */
  readonly offset: number;
  readonly bytes: number;
}

/** A segment is one run; a file in more pieces than this was not made by the bot and not by any sane copy. */
const MAX_EXTENTS = 65_536;
/** Bytes of the table read at once: 1,024 clusters. */
const WINDOW_BYTES = 4096;

class ChainProblem extends Error {}

/**
 * The first `bytes` of the chain that starts at `cluster`, or all of it up to `limit` when it may end earlier (folders). Every copy of the table is
 * tried. A sentence
 * says what is wrong: out of range, too short, in a circle, in too many pieces.
 */
export async function readChain(
  read: ReadBytes,
  layout: Fat32Layout,
  cluster: number,
  { bytes, mayEnd = false }: { readonly bytes: number; readonly mayEnd?: boolean },
): Promise<Extent[] | string> {
  let problem = "";
  for (const table of layout.tables) {
    try {
      return await follow(entryReader(read, table), layout, cluster, bytes, mayEnd);
    } catch (error) {
      if (!(error instanceof ChainProblem)) throw error;
      problem ||= error.message;
    }
  }
  return problem;
}

async function follow(
  next: (cluster: number) => Promise<number>,
  { clusterBytes, clusters, dataOffset }: Fat32Layout,
  first: number,
  bytes: number,
  mayEnd: boolean,
): Promise<Extent[]> {
  const extents: { offset: number; bytes: number }[] = [];
  let cluster = first;
  // A circle ends here too: no chain is followed for longer than the file.
  for (let left = Math.ceil(bytes / clusterBytes); left > 0; left--) {
    if (cluster >= 0x0ffffff8) {
      if (mayEnd) break;
      throw new ChainProblem("its chain of clusters ends before the file does");
    }
    if (cluster < 2 || cluster > clusters + 1) throw new ChainProblem("its chain of clusters leads nowhere");
    const offset = dataOffset + (cluster - 2) * clusterBytes;
    const last = extents.at(-1);
    if (last !== undefined && last.offset + last.bytes === offset) last.bytes += clusterBytes;
    else extents.push({ offset, bytes: clusterBytes });
    if (extents.length > MAX_EXTENTS) throw new ChainProblem("it lies in too many pieces");
    if (left > 1 || mayEnd) cluster = await next(cluster);
  }
  return extents;
}

/** Entries of one copy of the table, 28 bits each, read by windows. */
function entryReader(read: ReadBytes, table: number): (cluster: number) => Promise<number> {
  let start = -1;
  let window = Buffer.alloc(0);
  return async (cluster) => {
    const offset = table + cluster * 4;
    const wanted = offset - (offset % WINDOW_BYTES);
    if (wanted !== start) {
      window = Buffer.from(await read(wanted, WINDOW_BYTES));
      start = wanted;
    }
    const at = offset - start;
    if (at + 4 > window.length) throw new ChainProblem("the file allocation table is cut short");
    return window.readUInt32LE(at) & 0x0fffffff;
  };
}

/** Bytes of a file that lies in these extents. */
export function extentReader(read: ReadBytes, extents: readonly Extent[], fileBytes: number): ReadBytes {
  return async (offset, length) => {
    const end = Math.min(offset + length, fileBytes);
    const parts: Uint8Array[] = [];
    let start = 0;
    for (const extent of extents) {
      const [from, to] = [Math.max(offset, start), Math.min(end, start + extent.bytes)];
      if (from < to) {
        const part = await read(extent.offset + from - start, to - from);
        parts.push(part);
        if (part.length < to - from) break;
      }
      start += extent.bytes;
      if (start >= end) break;
    }
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  };
}
