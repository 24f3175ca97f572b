/** `smilec monitor [--port P] [--elf FILE]` */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { BacktraceReader, type Call } from "../device/backtrace.js";
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
  const reader = elf === undefined ? undefined : await BacktraceReader.open(elf);
  const port = await portOf(context, options.port);
  // Looking lines up takes a moment; what comes meanwhile waits for its turn.
  let shown = Promise.resolve();
  const onEvent = (event: MonitorEvent) => {
    shown = shown.then(() => show(context, event, reader));
  };
  const request = { port: port.path, baud, context, onEvent, ...(statusMs === undefined ? {} : { statusMs }) };
  await monitor(request).finally(() => shown);
}

/** The project's last build, when there is one. */
async function projectElf(folder: string): Promise<string | undefined> {
  const project = await openProject(folder).catch(() => undefined);
  if (project === undefined) return undefined;
  const { board } = project.config;
  const path = join(buildDir(project, board), ".pio", "build", board, "firmware.elf");
  return (await stat(path).catch(() => undefined)) === undefined ? undefined : path;
}

async function show(context: CommandContext, event: MonitorEvent, reader: BacktraceReader | undefined): Promise<void> {
  const calls = event.event === "backtrace" ? await callsOf(event.addresses, reader) : undefined;
  if (context.json) {
    const named = calls?.map((call) => ({ ...call, address: addressText(call) }));
    context.print(JSON.stringify(named === undefined ? event : { ...event, calls: named }));
    return;
  }
  context.print(paint(event));
  for (const call of calls ?? []) context.print(callText(call));
}

/** Without an ELF file there are only addresses. */
async function callsOf(addresses: readonly number[], reader: BacktraceReader | undefined): Promise<readonly Call[]> {
  return reader === undefined ? addresses.map((address) => ({ address })) : reader.calls(addresses);
}

function addressText({ address }: Call): string {
  return `0x${address.toString(16).padStart(8, "0")}`;
}

function callText(call: Call): string {
  const places = call.places === undefined ? "" : `  ${call.places.join(", inlined at ")}`;
  return `  ${addressText(call)}  ${call.function ?? "?"}${places}`;
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
