/** Where on a card its FAT32 volume lies: in a partition of the master boot record, or from the first block on. */
import { UserError } from "../../errors.js";
import type { ReadBytes } from "../read-segment.js";

const SECTOR_BYTES = 512;
const SIGNATURE_AT = 510;
const ENTRIES_AT = 446;
const ENTRY_BYTES = 16;

/** Partition types (SD Physical Layer, Part 2 "File System"; the IBM PC's list). */
const FAT32 = new Set([0x0b, 0x0c, 0x1b, 0x1c]);
const OTHERS: Readonly<Record<number, string>> = {
  1: "FAT12",
  4: "FAT16",
  6: "FAT16",
  7: "exFAT or NTFS",
  14: "FAT16",
  131: "a Linux file system",
  238: "a GUID partition table",
};

export const NO_FAT32_REMEDY =
  "The bot writes to FAT32 cards only. If this is its card, `--recover` finds the captures without the file system.";

/** Byte offset of the volume. Throws UserError that names what is there instead. */
export async function findVolume(read: ReadBytes, where: string): Promise<number> {
  const sector = Buffer.from(await read(0, SECTOR_BYTES));
  if (sector.length < SECTOR_BYTES || sector.readUInt16LE(SIGNATURE_AT) !== 0xaa55)
    throw new UserError("this is neither a file system nor a card with partitions", {
      where,
      remedy: NO_FAT32_REMEDY,
    });
  // A volume's first sector has the same signature as the master boot record.
  const name = volumeName(sector);
  if (name !== undefined) return refuseOther(name, where);
  const types: number[] = [];
  for (let entry = 0; entry < 4; entry++) {
    const at = ENTRIES_AT + entry * ENTRY_BYTES;
    const [type, start] = [sector[at + 4], sector.readUInt32LE(at + 8)];
    if (FAT32.has(type) && start > 0) return start * SECTOR_BYTES;
    if (type !== 0) types.push(type);
  }
  const names = types.map((type) => OTHERS[type] ?? `type ${type.toString(16).padStart(2, "0")}`);
  throw new UserError(
    names.length === 0 ? "there is no partition on it" : `there is no FAT32 partition on it, but ${names.join(", ")}`,
    { where, remedy: NO_FAT32_REMEDY },
  );
}

/** What a boot sector says it is: "FAT32", "FAT16", "exFAT", "NTFS"; undefined for a master boot record. */
export function volumeName(sector: Buffer): string | undefined {
  const text = (at: number, length: number) => sector.toString("latin1", at, at + length).trim();
  if (text(3, 8) === "EXFAT") return "exFAT";
  if (text(3, 8) === "NTFS") return "NTFS";
  if (text(82, 8) === "FAT32") return "FAT32";
  // No FAT16 without a number of sectors per FAT there; a master boot record has code in its place.
  return /^FAT1?[26]?$/.test(text(54, 8)) && sector.readUInt16LE(22) > 0 ? text(54, 8) : undefined;
}

function refuseOther(name: string, where: string): number {
  if (name === "FAT32") return 0;
  throw new UserError(`this is ${name}, not FAT32`, { where, remedy: NO_FAT32_REMEDY });
}
