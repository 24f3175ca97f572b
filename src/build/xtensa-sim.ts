/**
 * The ESP32's instruction set on qemu-system-xtensa: generated C, the kernels and firmware/hal/sim are compiled with clang for the LX6's options,
 * linked and run, and the instructions counted.
 *
 * No core of QEMU has both the LX6's options and its multiply-high. Each `mulsh` and `muluh` is therefore replaced, in the assembly, by a sequence of
 * fixed length on other instructions that counts itself; the counts reported are those of the program with the instruction itself: the rest of the
 * sequence is subtracted. Counted is what CCOUNT shows around the call: under `-icount shift=7` each instruction takes 128 ns, and this machine's
 * CCOUNT runs at 10 MHz, so a count is right to one instruction. The handlers of window overflow and underflow count as they do on the chip.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ToolError } from "../errors.js";
import { packageRoot } from "../files/package-root.js";
import { run, runOrThrow, toolError } from "../process/run.js";
import { readElfSections } from "./elf.js";

export interface SimulationRequest {
  /** Generated sources by name, `.c`, `.h` and `.S`; one of them defines `int <prefix>_invoke(const int8_t *, int8_t *)`. */
  readonly files: Readonly<Record<string, string>>;
  /** Prefix of the generated names. Default: "model". */
  readonly prefix?: string;
  /** Further sources: absolute paths of `.c` and `.S` files. */
  readonly sources?: readonly string[];
  /** More compiler flags; the last -O counts. Default: -O2. */
  readonly flags?: readonly string[];
  /** All of one length; at least one. */
  readonly inputs: readonly Int8Array[];
  /** Output bytes of one run. */
  readonly outputLength: number;
  /** Kernel calls that report to `sim_step`. Default: 0. */
  readonly steps?: number;
}

export interface Simulation {
  readonly outputs: readonly Int8Array[];
  /** Instructions of the ESP32 for each input. */
  readonly instructions: readonly number[];
  /** How many of them are multiply-highs (`mulsh`, `muluh`), which the simulated core does not have. */
  readonly multiplyHighs: readonly number[];
  /** Instructions of each kernel call of the last input. */
  readonly steps: readonly number[];
  /** Bytes of code, and of constants with the inputs taken off. */
  readonly textBytes: number;
}

/** Programs by what they do; found on PATH. */
const TOOLS = {
  clang: ["clang-22", "clang"],
  assembler: ["llvm-mc-22", "llvm-mc"],
  linker: ["xtensa-lx106-elf-ld"],
  qemu: ["qemu-system-xtensa"],
} as const;

export type XtensaTools = Readonly<Record<keyof typeof TOOLS, string>>;

const INSTALL =
  "Install them (Debian: `apt install clang-22 llvm-22 binutils-xtensa-lx106 qemu-system-misc`), or leave the simulator out.";

const simFolder = join(packageRoot, "firmware", "hal", "sim");
const kernelFolder = join(packageRoot, "firmware", "kernels");

/** Options of the ESP32's LX6 that clang knows. */
const LX6 = "windowed mac16 loop mul16 mul32 mul32high div32 sext clamps minmax nsa density miscsr"
  .split(" ")
  .flatMap((option) => ["-Xclang", "-target-feature", "-Xclang", `+${option}`]);

/** Throws ToolError that names every missing program. */
export async function findXtensaTools(): Promise<XtensaTools> {
  const found = await Promise.all(
    Object.entries(TOOLS).map(async ([role, names]) => {
      for (const name of names) {
        if (!(await run(name, ["--version"], { timeoutMs: 20_000 })).notFound) return [role, name];
      }
      return [role, undefined];
    }),
  );
  const missing = found.flatMap(([role, name]) => (name === undefined ? TOOLS[role as keyof typeof TOOLS][0] : []));
  if (missing.length > 0) {
    throw new ToolError(`the Xtensa simulator needs ${missing.join(", ")}`, { where: "PATH", remedy: INSTALL });
  }
  const tools = Object.fromEntries(found) as XtensaTools;
  await requireXtensa(tools.clang);
  return tools;
}

async function requireXtensa(clang: string): Promise<void> {
  const { all } = await run(clang, ["--print-targets"], { timeoutMs: 20_000 });
  if (/^\s*xtensa\s/m.test(all)) return;
  throw new ToolError(`${clang} cannot compile for Xtensa`, { remedy: INSTALL });
}

/** Throws ToolError when a tool is missing or refuses the sources, or the program stops on an exception. */
export async function simulateXtensa(request: SimulationRequest): Promise<Simulation> {
  const tools = await findXtensaTools();
  const folder = await mkdtemp(join(tmpdir(), "smilec-xtensa-"));
  try {
    await writeFiles(folder, request);
    const own = Object.keys(request.files).filter((name) => /\.[cS]$/.test(name));
    const parts = ["sim_main.c", "sim_inputs.S"].map((name) => join(simFolder, name));
    const sources = [...parts, ...(request.sources ?? []), ...own];
    const program = await linkXtensa(tools, folder, sources, request.flags);
    const stdout = await runXtensa(tools, program);
    return { ...parse(stdout, request), textBytes: await textBytes(program) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFiles(folder: string, request: SimulationRequest): Promise<void> {
  const { files, inputs, outputLength, prefix = "model", steps = 0 } = request;
  if (inputs.length === 0) throw new RangeError("at least one input");
  const model = [
    `#include "${prefix}.h"`,
    `#define SIM_INPUTS ${inputs.length}`,
    `#define SIM_INPUT_LENGTH ${inputs[0].length}`,
    `#define SIM_OUTPUT_LENGTH ${outputLength}`,
    `#define SIM_STEPS ${steps}`,
    `#define sim_invoke ${prefix}_invoke`,
    "",
  ].join("\n");
  const all: Record<string, string | Uint8Array> = {
    ...files,
    "sim_model.h": model,
    "inputs.bin": Buffer.concat(
      inputs.map(({ buffer, byteOffset, length }) => Buffer.from(buffer, byteOffset, length)),
    ),
  };
  await Promise.all(Object.entries(all).map(([name, content]) => writeFile(join(folder, name), content)));
}

/**
 * Compiles and links a program that starts at `sim_main` (firmware/hal/sim/sim_calls.h), in `folder`, which is on the include path. `sources`: absolute,
 * or relative to the folder. Returns the ELF file's path.
 */
export async function linkXtensa(
  tools: XtensaTools,
  folder: string,
  sources: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  const parts = ["sim_start.S", "sim_string.c", "sim_divide.c"].map((name) => join(simFolder, name));
  const objects: string[] = [];
  for (const [index, source] of [...parts, ...sources].entries()) {
    const object = `${index}.o`;
    await assemble(tools, folder, source, object, flags);
    objects.push(object);
  }
  const script = join(simFolder, "sim.ld");
  const program = join(folder, "program.elf");
  const args = ["--no-relax", "--gc-sections", "-T", script, "-o", program, ...objects];
  await runOrThrow(tools.linker, args, "linking for the Xtensa simulator", { cwd: folder });
  return program;
}

/** Runs a linked program to its end and returns what it wrote to its standard output. */
export async function runXtensa(tools: XtensaTools, program: string): Promise<string> {
  const machine =
    "-M sim -cpu dc233c -semihosting -nographic -monitor none -serial none -icount shift=7,sleep=off -singlestep -kernel";
  const what = "running on the Xtensa simulator";
  const { stdout } = await runOrThrow(tools.qemu, [...machine.split(" "), program], what, { timeoutMs: 600_000 });
  return stdout;
}

/** Through text: clang's own objects have misaligned literals, and the multiply-highs are replaced in the assembly. */
async function assemble(
  tools: XtensaTools,
  folder: string,
  source: string,
  object: string,
  flags: readonly string[],
): Promise<void> {
  const text = `${object}.s`;
  const includes = [join(simFolder, "include"), folder, kernelFolder, join(kernelFolder, "lx6"), simFolder].map(
    (path) => `-I${path}`,
  );
  const stage = source.endsWith(".S") ? ["-E", "-P"] : ["-S", "-ffreestanding", "-ffunction-sections"];
  const options = ["--target=xtensa", ...LX6, "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", ...flags];
  const what = `compiling ${source} for Xtensa`;
  await runOrThrow(tools.clang, [...options, ...includes, ...stage, source, "-o", text], what, { cwd: folder });
  const assembly = await readFile(join(folder, text), "utf8");
  await writeFile(join(folder, text), replaceMultiplyHighs(assembly));
  const args = ["-triple=xtensa", "-mcpu=esp32", "-filetype=obj", text, "-o", object];
  for (;;) {
    const result = await run(tools.assembler, args, { cwd: folder });
    if (result.exitCode === 0) return;
    const relaxed = relaxBranches(await readFile(join(folder, text), "utf8"), result.all);
    if (relaxed === undefined) throw toolError(result, tools.assembler, `assembling ${source}`);
    await writeFile(join(folder, text), relaxed);
  }
}

const OPPOSITES: Readonly<Record<string, string>> = Object.fromEntries(
  "beq bne,blt bge,bltu bgeu,beqz bnez,bltz bgez,beqi bnei,blti bgei,bltui bgeui,bbci bbsi,bbc bbs,ball bnall,bany bnone"
    .split(",")
    .flatMap((pair) => {
      const [a, b] = pair.split(" ");
      return [
        [a, b],
        [b, a],
      ];
    }),
);

/**
 * Writes each branch the assembler could not reach with as the opposite one over a jump, as GNU as does. Undefined when `errors` names anything else.
 * The replacements of multiply-highs are longer than clang reckons with.
 */
function relaxBranches(assembly: string, errors: string): string | undefined {
  const lines = assembly.split("\n");
  const far = [...errors.matchAll(/^[^:\n]+:(\d+):\d+: error: (.*)$/gm)];
  if (far.length === 0 || far.some(([, , what]) => what !== "fixup value out of range")) return undefined;
  for (const [, number] of far) {
    const at = Number(number) - 1;
    const branch = /^\s*(b\w+)(?:\.n)?\s+(.*,)\s*(\S+)/.exec(lines[at]);
    const opposite = branch === null ? undefined : OPPOSITES[branch[1]];
    if (branch === null || opposite === undefined) return undefined;
    lines[at] = `${opposite} ${branch[2]} .Lsim_near_${at}; j ${branch[3]}; .Lsim_near_${at}:`;
  }
  return lines.join("\n");
}

/** Instructions that stand for one multiply-high, as replaceMultiplyHighs writes them. */
const REPLACEMENT = callOf("mulsh").length + highProduct("mulsh", "a2", "a3", "a4").length;

/** Each becomes a call of a routine at the file's end, so that branches around it still reach. Exported for the tests. */
export function replaceMultiplyHighs(assembly: string): string {
  const routines = new Map<string, string>();
  const text = assembly.replaceAll(
    /\b(mulsh|muluh)\s+(a\d+)\s*,\s*(a\d+)\s*,\s*(a\d+)/g,
    (_, name: string, to: string, a: string, b: string) => {
      const label = `.Lsim_${name}_${to}_${a}_${b}`;
      routines.set(label, highProduct(name, to, a, b).join("\n"));
      return callOf(label).join("; ");
    },
  );
  if (routines.size === 0) return assembly;
  const bodies = [...routines].map(([label, body]) => `.align 4\n${label}:\n${body}\n`);
  return `${text}\n.section .text.sim_multiply, "ax"\n${bodies.join("")}`;
}

function callOf(label: string): string[] {
  return ["wsr a0, excsave1", `call0 ${label}`, "rsr a0, excsave1"];
}

/** The high half of a product from products of 16 bits; changes no register but `to`, excsave and misc0, which counts. */
function highProduct(name: string, to: string, a: string, b: string): string[] {
  const [p, q, u, v, w] = Array.from({ length: 14 }, (_, i) => `a${i + 2}`).filter((r) => ![to, a, b].includes(r));
  const kept = [p, q, u, v, w].map((register, i) => [register, `excsave${i + 2}`] as const);
  const high = (r: string, from: string) =>
    name === "mulsh" ? `srai ${r}, ${from}, 16` : `extui ${r}, ${from}, 16, 16`;
  return [
    ...kept.map(([register, save]) => `wsr ${register}, ${save}`),
    `rsr ${p}, misc0`,
    `addi ${p}, ${p}, 1`,
    `wsr ${p}, misc0`,
    `extui ${p}, ${a}, 0, 16`,
    `extui ${q}, ${b}, 0, 16`,
    high(u, a),
    high(v, b),
    `mull ${w}, ${p}, ${q}`,
    `extui ${w}, ${w}, 16, 16`,
    `mull ${q}, ${u}, ${q}`,
    `mull ${p}, ${p}, ${v}`,
    `mull ${u}, ${u}, ${v}`,
    `add ${q}, ${q}, ${w}`,
    `extui ${w}, ${q}, 0, 16`,
    `add ${p}, ${p}, ${w}`,
    high(q, q),
    high(p, p),
    `add ${u}, ${u}, ${q}`,
    `add ${u}, ${u}, ${p}`,
    `wsr ${u}, excsave7`,
    ...kept.map(([register, save]) => `rsr ${register}, ${save}`),
    `rsr ${to}, excsave7`,
    "ret",
  ];
}

/** An instruction takes 2^7 ns of virtual time, and CCOUNT counts it at 10 MHz. */
const TICKS_PER_INSTRUCTION = 1.28;

/** Instructions of the ESP32 in so many ticks of CCOUNT, of which `highs` multiply-highs were replaced. */
export function instructionsOf(ticks: number, highs: number): number {
  return Math.round(ticks / TICKS_PER_INSTRUCTION) - highs * (REPLACEMENT - 1);
}

function parse(stdout: string, request: SimulationRequest): Omit<Simulation, "textBytes"> {
  const lines = stdout.split("\n").map((line) => line.trim().split(" "));
  const count = (ticks: string, highs: string) => instructionsOf(Number(ticks), Number(highs));
  const runs = lines.filter(([first]) => /^\d+$/.test(first));
  const steps = lines.filter(([first]) => first === "k");
  if (runs.length !== request.inputs.length || steps.length !== (request.steps ?? 0)) {
    throw new ToolError("the Xtensa simulator's program did not report every run", { detail: stdout.slice(-2000) });
  }
  return {
    outputs: runs.map(([, , hex]) => Int8Array.from(Buffer.from(hex, "hex"))),
    instructions: runs.map(([ticks, highs]) => count(ticks, highs)),
    multiplyHighs: runs.map(([, highs]) => Number(highs)),
    steps: steps.map(([, , ticks, highs]) => count(ticks, highs)),
  };
}

/** Sum of the sections that hold instructions or literals. */
async function textBytes(program: string): Promise<number> {
  const sections = (await readElfSections(program)) ?? [];
  const code = sections.filter(({ name }) => name === ".text" || name === ".literal");
  return code.reduce((sum, { size }) => sum + size, 0);
}
