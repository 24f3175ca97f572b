/** Function names of a firmware's ELF file (System V gABI, chapter 4), to read a backtrace without a toolchain. */
import { damaged, type ElfFile, SHT_SYMTAB, withElf } from "../build/elf.js";
import { UserError } from "../errors.js";

export interface FunctionSymbol {
  readonly name: string;
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

const STT_FUNC = 2;
/** Of a 32-bit file. */
const SYMBOL_BYTES = 16;

/** Functions in the order of their addresses. Throws UserError for what is no 32-bit ELF file or a damaged one. */
export async function readFunctions(path: string): Promise<readonly FunctionSymbol[]> {
  const functions = await withElf(path, async (elf) => (elf.is64 ? undefined : functionsOf(elf, path)));
  if (functions === undefined) {
    throw new UserError("this is no ELF file of an ESP32", { where: path, remedy: "Give the build's firmware.elf." });
  }
  return functions.sort((a, b) => a.address - b.address);
}

async function functionsOf({ sections, contents }: ElfFile, path: string): Promise<FunctionSymbol[]> {
  const functions: FunctionSymbol[] = [];
  for (const table of sections.filter(({ type }) => type === SHT_SYMTAB)) {
    const named = sections[table.link];
    if (named === undefined) throw damaged(path);
    const [symbols, names] = [await contents(table), await contents(named)];
    for (let at = 0; at + SYMBOL_BYTES <= symbols.length; at += SYMBOL_BYTES) {
      if ((symbols.readUInt8(at + 12) & 0xf) !== STT_FUNC) continue;
      const start = symbols.readUInt32LE(at);
      const end = names.indexOf(0, start);
      if (start >= names.length || end < 0) throw damaged(path);
      const name = names.toString("latin1", start, end);
      functions.push({ name, address: symbols.readUInt32LE(at + 4), size: symbols.readUInt32LE(at + 8) });
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
