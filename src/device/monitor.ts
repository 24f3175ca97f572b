/** Follows a board's serial port: lines, decoded, for as long as nobody stops it; a port that vanishes is waited for. */
import { setTimeout as delay } from "node:timers/promises";
import { InterruptedError } from "../errors.js";
import type { StageContext } from "../pipeline/reporter.js";
import { decodeLine, type LogEvent } from "./log-lines.js";
import { Demultiplexer } from "./protocol/demultiplex.js";
import { type DeviceStatus, readStatus } from "./protocol/device.js";
import { COMMANDS, decodePacket, requestPacket } from "./protocol/packet.js";
import { openLine, type SerialLine } from "./serial-line.js";

const RECONNECT_MS = 300;
/** A line that does not end is cut: a wrong baud rate gives none. */
const LINE_MAX = 4096;

export type MonitorEvent = LogEvent | { readonly event: "status"; readonly status: DeviceStatus };

export interface MonitorRequest {
  readonly port: string;
  readonly baud: number;
  readonly context: StageContext;
  /** Also asks for the bot's status so often. */
  readonly statusMs?: number;
  readonly onEvent: (event: MonitorEvent) => void;
}

/** Runs until the signal is aborted, and then throws InterruptedError. Throws what opening the port for the first time throws. */
export async function monitor(request: MonitorRequest): Promise<never> {
  const { port, context } = request;
  let line = await follow(request);
  context.reporter.stage("monitor", `${port} (Ctrl-C ends)`);
  for (;;) {
    await line.ended;
    context.reporter.warn(`${port} vanished; waiting for it`);
    line = await again(request);
    context.reporter.stage("monitor", `${port} is back`);
  }
}

interface Followed {
  /** Resolves when the port is gone; rejects when the user stops. */
  readonly ended: Promise<void>;
}

async function follow({ port, baud, context, statusMs, onEvent }: MonitorRequest): Promise<Followed> {
  const { signal } = context;
  signal.throwIfAborted();
  const lines = new LineSplitter((text) => onEvent(decodeLine(text)));
  const parts = new Demultiplexer({
    onText: (bytes) => lines.push(bytes),
    onPacket: (encoded) => showStatus(encoded, onEvent),
  });
  let gone: () => void = () => undefined;
  const vanished = new Promise<void>((resolve) => {
    gone = resolve;
  });
  const line = await openLine(port, baud, { onData: (bytes) => parts.push(bytes), onEnd: () => gone() });
  // Opening raises both lines; on boards with the two-transistor circuit either alone would reset the chip or hold GPIO0 down.
  await line.setSignals({ dtr: false, rts: false });
  const asking = statusMs === undefined ? undefined : askStatus(line, statusMs);
  const ended = untilStopped(vanished, line, signal).finally(() => {
    clearInterval(asking);
    lines.flush();
  });
  return { ended };
}

/** Whoever is not answered is asked again in time; a line that is gone says so itself. */
function askStatus(line: SerialLine, everyMs: number): NodeJS.Timeout {
  let id = 0;
  const ask = () => {
    id = (id % 0xffff) + 1;
    line.write(requestPacket({ command: COMMANDS.status, id, arguments: [0, 0, 0] })).catch(() => undefined);
  };
  ask();
  return setInterval(ask, everyMs);
}

function showStatus(encoded: Uint8Array, onEvent: MonitorRequest["onEvent"]): void {
  const decoded = decodePacket(encoded);
  if (decoded.kind !== "reply" || decoded.reply.command !== COMMANDS.status || decoded.reply.status !== 0) return;
  const status = readStatus(decoded.reply.data);
  if (status !== undefined) onEvent({ event: "status", status });
}

async function untilStopped(vanished: Promise<void>, line: SerialLine, signal: AbortSignal): Promise<void> {
  let onAbort: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    onAbort = resolve;
  });
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  await Promise.race([vanished, stopped]);
  signal.removeEventListener("abort", onAbort);
  await line.close();
  if (signal.aborted) throw stoppedByUser();
}

/** The port may come back without rights at first (udev sets them a moment later), so every failure is waited out. */
async function again(request: MonitorRequest): Promise<Followed> {
  const { signal } = request.context;
  for (;;) {
    await delay(RECONNECT_MS, undefined, { signal }).catch(() => {
      throw stoppedByUser();
    });
    const line = await follow(request).catch(() => undefined);
    if (line !== undefined) return line;
  }
}

function stoppedByUser(): InterruptedError {
  return new InterruptedError("the monitor was stopped");
}

/** Bytes to lines; what is no UTF-8 becomes replacement characters. */
export class LineSplitter {
  private readonly decoder = new TextDecoder();
  private rest = "";

  constructor(private readonly onLine: (text: string) => void) {}

  push(bytes: Uint8Array): void {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split("\n");
    this.rest = lines.pop() ?? "";
    for (const line of lines) this.onLine(line.replace(/\r$/, ""));
    if (this.rest.length >= LINE_MAX) this.flush();
  }

  flush(): void {
    if (this.rest !== "") this.onLine(this.rest);
    this.rest = "";
  }
}
