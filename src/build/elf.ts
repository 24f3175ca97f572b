/** Section headers of an ELF file (System V gABI, chapter 4), 32 and 64 bit, little-endian: enough to add up sizes without a toolchain. */
import { open } from "node:fs/promises";
import { UserError } from "../errors.js";

export interface ElfSection {
  readonly name: string;
  readonly address: number;
  /** Bytes in memory. */
  readonly size: number;
  /** SHF_ALLOC: part of the program's memory. */
  readonly allocated: boolean;
  readonly writable: boolean;
  /** SHT_NOBITS: zeroed at start, not stored in the file. */
  readonly zeroed: boolean;
}

const SHT_NOBITS = 8;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
const MAX_TABLE = 16 * 1024 * 1024;

/** The sections of an ELF file, or undefined when the file is of another format (Mach-O). Throws UserError for a damaged one. */
export async function readElfSections(path: string): Promise<readonly ElfSection[] | undefined> {
  const file = await open(path, "r");
  try {
    const read = async (offset: number, length: number) => {
      if (length > MAX_TABLE) throw damaged(path);
      const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
      if (bytesRead !== length) throw damaged(path);
      return buffer;
    };
    const { bytesRead, buffer: magic } = await file.read(Buffer.alloc(16), 0, 16, 0);
    if (bytesRead < 16 || magic.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
    if (magic[5] !== 1 || (magic[4] !== 1 && magic[4] !== 2)) throw damaged(path);
    return await sections(magic[4] === 2, read, path);
  } finally {
    await file.close();
  }
}

async function sections(
  is64: boolean,
  read: (offset: number, length: number) => Promise<Buffer>,
  path: string,
): Promise<ElfSection[]> {
  const header = await read(0, is64 ? 64 : 52);
  const tableOffset = is64 ? Number(header.readBigUInt64LE(40)) : header.readUInt32LE(32);
  const entrySize = header.readUInt16LE(is64 ? 58 : 46);
  const count = header.readUInt16LE(is64 ? 60 : 48);
  const nameIndex = header.readUInt16LE(is64 ? 62 : 50);
  if (entrySize < (is64 ? 64 : 40) || nameIndex >= count) throw damaged(path);
  const table = await read(tableOffset, entrySize * count);
  const entry = (index: number) => table.subarray(index * entrySize, (index + 1) * entrySize);
  const word = (row: Buffer, at32: number, at64: number) =>
    is64 ? Number(row.readBigUInt64LE(at64)) : row.readUInt32LE(at32);
  const offsetOf = (row: Buffer) => word(row, 16, 24);
  const sizeOf = (row: Buffer) => word(row, 20, 32);
  const names = await read(offsetOf(entry(nameIndex)), sizeOf(entry(nameIndex)));
  return Array.from({ length: count }, (_, index) => {
    const row = entry(index);
    const flags = word(row, 8, 8);
    const start = row.readUInt32LE(0);
    return {
      name: names.toString("latin1", start, names.indexOf(0, start)),
      address: word(row, 12, 16),
      size: sizeOf(row),
      allocated: (flags & SHF_ALLOC) !== 0,
      writable: (flags & SHF_WRITE) !== 0,
      zeroed: row.readUInt32LE(4) === SHT_NOBITS,
    };
  });
}

function damaged(path: string): UserError {
  return new UserError("the program file is damaged", { where: path, remedy: "Build it again." });
}
