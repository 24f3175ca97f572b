/** Sections of an ELF file (System V gABI, chapter 4), 32 and 64 bit, little-endian: enough for sizes and symbols without a toolchain. */
import { type FileHandle, open } from "node:fs/promises";
import { asEnvironmentError, UserError } from "../errors.js";

export interface ElfSection {
  readonly name: string;
  /** SHT_*. */
  readonly type: number;
  readonly address: number;
  /** Bytes in memory. */
  readonly size: number;
  /** Where its contents are in the file. */
  readonly offset: number;
  /** Index of the section it refers to: a symbol table's names. */
  readonly link: number;
  /** SHF_ALLOC: part of the program's memory. */
  readonly allocated: boolean;
  readonly writable: boolean;
  /** SHT_NOBITS: zeroed at start, not stored in the file. */
  readonly zeroed: boolean;
}

export interface ElfFile {
  readonly is64: boolean;
  readonly sections: readonly ElfSection[];
  /** What a section holds. Throws UserError when the file ends before it does. */
  contents(section: ElfSection): Promise<Buffer>;
}

export const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHF_WRITE = 1;
const SHF_ALLOC = 2;
/** Bytes; a firmware's symbol names take a few. */
const MAX_TABLE = 64 * 1024 * 1024;

type Read = (offset: number, length: number) => Promise<Buffer>;

/** What `use` makes of an ELF file; undefined when the file is of another format (Mach-O). Throws UserError for a damaged one. */
export async function withElf<T>(path: string, use: (elf: ElfFile) => Promise<T>): Promise<T | undefined> {
  const file = await open(path, "r").catch((error) => {
    throw asEnvironmentError(error, path);
  });
  try {
    const { bytesRead, buffer: magic } = await file.read(Buffer.alloc(16), 0, 16, 0);
    if (bytesRead < 16 || magic.toString("latin1", 0, 4) !== "\x7fELF") return undefined;
    if (magic[5] !== 1 || (magic[4] !== 1 && magic[4] !== 2)) throw damaged(path);
    const read = reader(file, path);
    const is64 = magic[4] === 2;
    const sections = await readSections(is64, read, path);
    return await use({ is64, sections, contents: ({ offset, size }) => read(offset, size) });
  } finally {
    await file.close();
  }
}

/** The sections of an ELF file, or undefined when the file is of another format (Mach-O). Throws UserError for a damaged one. */
export async function readElfSections(path: string): Promise<readonly ElfSection[] | undefined> {
  return withElf(path, async ({ sections }) => sections);
}

function reader(file: FileHandle, path: string): Read {
  return async (offset, length) => {
    if (length > MAX_TABLE) throw damaged(path);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(length), 0, length, offset);
    if (bytesRead !== length) throw damaged(path);
    return buffer;
  };
}

async function readSections(is64: boolean, read: Read, path: string): Promise<ElfSection[]> {
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
    const type = row.readUInt32LE(4);
    return {
      name: names.toString("latin1", start, names.indexOf(0, start)),
      type,
      address: word(row, 12, 16),
      size: sizeOf(row),
      offset: offsetOf(row),
      link: row.readUInt32LE(is64 ? 40 : 24),
      allocated: (flags & SHF_ALLOC) !== 0,
      writable: (flags & SHF_WRITE) !== 0,
      zeroed: type === SHT_NOBITS,
    };
  });
}

/** Also for what the file's sections say that cannot be. */
export function damaged(path: string): UserError {
  return new UserError("the program file is damaged", { where: path, remedy: "Build it again." });
}
