/** Files of a FAT32 volume's top folder, by their 8.3 names (Microsoft "FAT: General Overview of On-Disk Format" 1.03, "FAT Directory Structure"). */
import { UserError } from "../../errors.js";
import type { ReadBytes } from "../read-segment.js";
import type { Fat32Layout } from "./boot-sector.js";
import { extentReader, readChain } from "./cluster-chain.js";
import { NO_FAT32_REMEDY } from "./partition.js";

export interface FatFile {
  /** `SEG00042.TAR`: eight and three characters, trailing spaces taken off. */
  readonly name: string;
  readonly bytes: number;
  readonly firstCluster: number;
}

const ENTRY_BYTES = 32;
/** A folder has at most 65,536 entries. */
const MAX_FOLDER_BYTES = 65_536 * ENTRY_BYTES;
const READ_BYTES = 65_536;
const DELETED = 0xe5;
/** Volume label, subfolder; a long name's piece has the first of them too. */
const NO_FILE = 0x08 | 0x10;

/** Throws UserError when the folder's chain is damaged from its first cluster on. */
export async function* readTopFolder(
  read: ReadBytes,
  layout: Fat32Layout,
  where: string,
): AsyncGenerator<FatFile, void, undefined> {
  const extents = await readChain(read, layout, layout.rootCluster, { bytes: MAX_FOLDER_BYTES, mayEnd: true });
  if (typeof extents === "string")
    throw new UserError(`the card's top folder is damaged: ${extents}`, { where, remedy: NO_FAT32_REMEDY });
  const folderBytes = extents.reduce((sum, { bytes }) => sum + bytes, 0);
  const readFolder = extentReader(read, extents, folderBytes);
  for (let offset = 0; offset < folderBytes; offset += READ_BYTES) {
    const bytes = Buffer.from(await readFolder(offset, READ_BYTES));
    for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
      const entry = bytes.subarray(at, at + ENTRY_BYTES);
      if (entry[0] === 0) return;
      if (entry[0] !== DELETED && (entry[11] & NO_FILE) === 0) yield fileOf(entry);
    }
  }
}

function fileOf(entry: Buffer): FatFile {
  const [stem, extension] = [entry.toString("latin1", 0, 8), entry.toString("latin1", 8, 11)].map((text) =>
    text.trimEnd(),
  );
  return {
    name: extension === "" ? stem : `${stem}.${extension}`,
    bytes: entry.readUInt32LE(28),
    firstCluster: ((entry.readUInt16LE(20) << 16) | entry.readUInt16LE(26)) & 0x0fffffff,
  };
}
