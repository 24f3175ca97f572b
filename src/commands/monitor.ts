/** `smilec monitor [--port P] [--elf FILE]` */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type FunctionSymbol, functionAt, readFunctions } from "../device/elf-symbols.js";
import { describeEvent } from "../device/log-lines.js";
import { type MonitorEvent, monitor } from "../device/monitor.js";
import { UserError } from "../errors.js";
import { buildDir, openProject } from "../pipeline/project.js";
import { baudOf } from "./console-baud.js";
import type { CommandContext } from "./context.js";
import { describeStatus } from "./device.js";
import { portOf } from "./port.js";
import { coloursFor } from "./terminal.js";

export interface MonitorOptions {
  readonly port?: string;
  readonly elf?: string;
  readonly baud?: string;
  readonly status?: string;
}

export async function monitorCommand(context: CommandContext, options: MonitorOptions): Promise<void> {
  const baud = await baudOf(context, options.baud);
  const statusMs = options.status === undefined ? undefined : 1000 * Number(options.status);
  if (statusMs !== undefined && !(statusMs >= 1000 && statusMs <= 86_400_000)) {
    throw new UserError(`no time: ${options.status}`, { where: "--status", remedy: "Give seconds, 1 to 86400." });
  }
  const elf = options.elf ?? (await projectElf(context.project));
  const functions = elf === undefined ? [] : await readFunctions(elf);
  const port = await portOf(context, options.port);
  const onEvent = (event: MonitorEvent) => show(context, event, functions);
  await monitor({ port: port.path, baud, context, onEvent, ...(statusMs === undefined ? {} : { statusMs }) });
}

/** The project's last build, when there is one. */
async function projectElf(folder: string): Promise<string | undefined> {
  const project = await openProject(folder).catch(() => undefined);
  if (project === undefined) return undefined;
  const { board } = project.config;
  const path = join(buildDir(project, board), ".pio", "build", board, "firmware.elf");
  return (await stat(path).catch(() => undefined)) === undefined ? undefined : path;
}

function show(context: CommandContext, event: MonitorEvent, functions: readonly FunctionSymbol[]): void {
  const calls =
    event.event === "backtrace"
      ? event.addresses.map((address) => ({
          address: `0x${address.toString(16).padStart(8, "0")}`,
          function: functionAt(functions, address),
        }))
      : undefined;
  if (context.json) {
    context.print(JSON.stringify(calls === undefined ? event : { ...event, calls }));
    return;
  }
  context.print(paint(event));
  for (const call of calls ?? []) context.print(`  ${call.address}  ${call.function ?? "?"}`);
}

function paint(event: MonitorEvent): string {
  if (event.event === "status") return describeStatus(event.status);
  const colours = coloursFor(process.stdout);
  const text = describeEvent(event);
  if (event.event === "press") return event.smile ? colours.green(text) : text;
  if (event.event === "panic" || event.event === "failed") return colours.red(text);
  if (event.event === "faults" && event.faults.length > 0) return colours.yellow(text);
  return text;
}
