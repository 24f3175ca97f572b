/** The calls of a backtrace: functions from the ELF's symbols, and source lines from the toolchain's addr2line where it is installed. */
import { readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { coreDir } from "../build/platformio.js";
import { run } from "../process/run.js";
import { type FunctionSymbol, functionAt, readFunctions } from "./elf-symbols.js";

export interface Call {
  readonly address: number;
  /** "smk_conv+0x1c"; absent for an address in no function (ROM, data). */
  readonly function?: string;
  /** "src/sm_app.c:120", from the innermost inlined call outwards; absent without addr2line, or for code built without -g. */
  readonly places?: readonly string[];
}

/** GNU addr2line of the ESP32 toolchains, under any of the names it has had. */
const ADDR2LINE = /^xtensa-esp(32|32s3)?-elf-addr2line$/;
const TOOLCHAIN = /^toolchain-xtensa-esp/;
const TIMEOUT_MS = 10_000;

export class BacktraceReader {
  private constructor(
    private readonly elf: string,
    private readonly functions: readonly FunctionSymbol[],
    private readonly addr2line: string | undefined,
  ) {}

  /** Throws UserError for what is no ELF file. `packages`: PlatformIO's folder of packages; default: where boards' are. */
  static async open(elf: string, packages?: string): Promise<BacktraceReader> {
    const functions = await readFunctions(elf);
    return new BacktraceReader(elf, functions, await findAddr2line(packages ?? (await boardPackages())));
  }

  async calls(addresses: readonly number[]): Promise<readonly Call[]> {
    const places = await this.places(addresses);
    return addresses.map((address, index) => {
      const name = functionAt(this.functions, address);
      const found = places[index] ?? [];
      return {
        address,
        ...(name === undefined ? {} : { function: name }),
        ...(found.length === 0 ? {} : { places: found }),
      };
    });
  }

  /** Of each address; a tool that fails costs the lines only. */
  private async places(addresses: readonly number[]): Promise<readonly (readonly string[])[]> {
    if (this.addr2line === undefined) return [];
    const words = addresses.map((address) => `0x${address.toString(16)}`);
    const result = await run(this.addr2line, ["-a", "-i", "-e", this.elf, ...words], { timeoutMs: TIMEOUT_MS });
    return result.exitCode === 0 ? placesIn(result.stdout) : [];
  }
}

/** An address on a line of its own begins each group of `file:line (discriminator n)`. */
function placesIn(output: string): string[][] {
  const groups: string[][] = [];
  for (const line of output.split("\n")) {
    if (/^0x[0-9a-f]+$/.test(line)) groups.push([]);
    else if (!/^\?\?|:(0|\?)$/.test(line) && line !== "")
      groups.at(-1)?.push(line.replace(/ \(discriminator \d+\)$/, ""));
  }
  return groups;
}

async function boardPackages(): Promise<string> {
  return join(await coreDir({ dir: homedir(), environment: "esp32" }), "packages");
}

async function findAddr2line(packages: string): Promise<string | undefined> {
  for (const toolchain of (await namesIn(packages)).filter((name) => TOOLCHAIN.test(name))) {
    const bin = join(packages, toolchain, "bin");
    const name = (await namesIn(bin)).find((candidate) => ADDR2LINE.test(candidate));
    if (name !== undefined) return join(bin, name);
  }
  return undefined;
}

/** Sorted; none where there is no such folder. */
async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}
