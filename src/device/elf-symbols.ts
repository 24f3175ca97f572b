/** Function names of a firmware's ELF file (System V gABI, chapter 4, 32 bit little-endian), to read a backtrace without a toolchain. */
import { readFile } from "node:fs/promises";
import { asEnvironmentError, UserError } from "../errors.js";

export interface FunctionSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

const SHT_SYMTAB = 2;
const STT_FUNC = 2;
const SYMBOL_BYTES = 16;

/** Functions in the order of their addresses. Throws UserError for what is no 32-bit ELF file or a damaged one. */
export async function readFunctions(path: string): Promise<readonly FunctionSymbol[]> {
  const file = await readFile(path).catch((error) => {
    throw asEnvironmentError(error, path);
  });
  if (file.toString("latin1", 0, 6) !== "\x7fELF\x01\x01") {
    throw new UserError("this is no ELF file of an ESP32", { where: path, remedy: "Give the build's firmware.elf." });
  }
  try {
    return functionsOf(file).sort((a, b) => a.address - b.address);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ERR_OUT_OF_RANGE") throw cause;
    throw new UserError("the program file is damaged", { where: path, remedy: "Build it again.", cause });
  }
}

function functionsOf(file: Buffer): FunctionSymbol[] {
  const [table, size, count] = [file.readUInt32LE(32), file.readUInt16LE(46), file.readUInt16LE(48)];
  const section = (index: number) => ({
    type: file.readUInt32LE(table + index * size + 4),
    offset: file.readUInt32LE(table + index * size + 16),
    size: file.readUInt32LE(table + index * size + 20),
    link: file.readUInt32LE(table + index * size + 24),
  });
  const functions: FunctionSymbol[] = [];
  for (let index = 0; index < count; index++) {
    const symbols = section(index);
    if (symbols.type !== SHT_SYMTAB) continue;
    const names = section(symbols.link).offset;
    for (let at = symbols.offset; at < symbols.offset + symbols.size; at += SYMBOL_BYTES) {
      if ((file.readUInt8(at + 12) & 0xf) !== STT_FUNC) continue;
      const start = names + file.readUInt32LE(at);
      const name = file.toString("latin1", start, file.indexOf(0, start));
      functions.push({ name, address: file.readUInt32LE(at + 4), size: file.readUInt32LE(at + 8) });
    }
  }
  return functions;
}

/** "smk_conv+0x1c", or undefined for an address in no function (ROM, data). */
export function functionAt(functions: readonly FunctionSymbol[], address: number): string | undefined {
  const inside = ({ address: start, size }: FunctionSymbol) => address >= start && address < start + Math.max(size, 1);
  const found = functions.findLast(inside);
  return found === undefined ? undefined : `${found.name}+0x${(address - found.address).toString(16)}`;
}
