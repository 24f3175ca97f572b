/** `smilec device status|last|frame|list|threshold|selftest [--port P]`: asks the running bot. */
import { extname } from "node:path";
import { segmentFileName } from "../captures/format.js";
import { MAX_SEGMENT } from "../captures/layout.js";
import { encodePgm } from "../data/pgm.js";
import { encodeGrayPng } from "../data/png.js";
import { describeError, faultsOf } from "../device/log-lines.js";
import {
  Device,
  type DeviceSegment,
  type DeviceStatus,
  type LastPress,
  type SelfTest,
} from "../device/protocol/device.js";
import { type PullResult, pullSegment } from "../device/protocol/pull.js";
import { UserError } from "../errors.js";
import type { Progress } from "../pipeline/reporter.js";
import { baudOf } from "./console-baud.js";
import type { CommandContext } from "./context.js";
import { writeOutput } from "./output-file.js";
import { portOf } from "./port.js";
import { bytes, textTable, thousands } from "./table.js";

export interface DeviceOptions {
  readonly port?: string;
  readonly baud?: string;
}

export async function deviceStatusCommand(context: CommandContext, options: DeviceOptions): Promise<void> {
  const status = await withDevice(context, options, (device) => device.status());
  context.result(status, () => describeStatus(status));
}

export async function deviceLastCommand(context: CommandContext, options: DeviceOptions): Promise<void> {
  const last = await withDevice(context, options, (device) => device.last());
  context.result(last, () => describeLast(last));
}

export async function deviceListCommand(context: CommandContext, options: DeviceOptions): Promise<void> {
  const segments = await withDevice(context, options, (device) => device.list());
  context.result(segments, () => describeSegments(segments));
}

export async function devicePullCommand(
  context: CommandContext,
  segment: string,
  options: DeviceOptions & { readonly out?: string },
): Promise<void> {
  const number = Number(segment);
  if (!Number.isInteger(number) || number < 1 || number > MAX_SEGMENT) {
    throw new UserError(`no segment: ${segment}`, { remedy: "Give a number that `smilec device list` shows." });
  }
  const file = options.out ?? segmentFileName(number);
  const result = await withDevice(context, options, (device) => copySegment(context, device, number, file));
  context.result({ file, ...result }, () => `${file}: ${bytes(result.bytes)}`);
}

async function copySegment(
  context: CommandContext,
  device: Device,
  segment: number,
  file: string,
): Promise<PullResult> {
  const used = (await device.list()).find((one) => one.segment === segment)?.used;
  let progress: Progress | undefined;
  const onProgress = (done: number, total: number) => {
    progress ??= context.reporter.progress("copy", Math.ceil(total / 1024), "KB", Math.floor(done / 1024));
    progress.update(Math.floor(done / 1024));
  };
  const request = { client: device.client, segment, file, onProgress, ...(used === undefined ? {} : { used }) };
  return pullSegment(request).finally(() => progress?.end());
}

export async function deviceSelfTestCommand(context: CommandContext, options: DeviceOptions): Promise<void> {
  const result = await withDevice(context, options, (device) => device.selfTest());
  context.result(result, () => describeSelfTest(result));
}

export async function deviceThresholdCommand(
  context: CommandContext,
  margin: string | undefined,
  options: DeviceOptions,
): Promise<void> {
  const value = margin === undefined ? undefined : Number(margin);
  if (value !== undefined && (!Number.isInteger(value) || value < -256 || value > 255)) {
    throw new UserError(`no threshold: ${margin}`, {
      remedy: "Give a whole number from -256 to 255: the margin of one frame at which the lights turn green.",
    });
  }
  const threshold = await withDevice(context, options, (device) => device.threshold(value));
  const until =
    threshold.threshold === threshold["built-in"] ? "" : `, until the next start; built in: ${threshold["built-in"]}`;
  context.result(threshold, () => `green from a margin of ${threshold.threshold} per frame${until}`);
}

export async function deviceFrameCommand(
  context: CommandContext,
  options: DeviceOptions & { readonly out: string },
): Promise<void> {
  const kind = extname(options.out).toLowerCase();
  if (kind !== ".png" && kind !== ".pgm") {
    throw new UserError(`no picture format: ${options.out}`, {
      where: "--out",
      remedy: "Give a name that ends in .png or .pgm.",
    });
  }
  const frame = await withDevice(context, options, (device) => device.frame());
  const { width, height } = frame;
  await writeOutput(options.out, kind === ".pgm" ? Buffer.from(encodePgm(frame)) : await encodeGrayPng(frame));
  context.result({ file: options.out, width, height }, () => `${options.out}: ${width} x ${height} pixels`);
}

async function withDevice<T>(
  context: CommandContext,
  options: DeviceOptions,
  ask: (device: Device) => Promise<T>,
): Promise<T> {
  const baud = await baudOf(context, options.baud);
  const { path } = await portOf(context, options.port);
  const device = await Device.open({ port: path, baud, signal: context.signal });
  return ask(device).finally(() => device.close());
}

const RESETS = ["unknown", "power on", "reset pin", "software", "PANIC", "WATCHDOG", "BROWNOUT", "deep sleep"];

function describeFaults(set: number): string {
  const faults = faultsOf(set);
  return faults.length === 0
    ? "none"
    : faults.map(({ blinks, meaning }) => `blink code ${blinks}: ${meaning}`).join("; ");
}

/** Some lines for people. */
export function describeStatus(status: DeviceStatus): string {
  const { card, segment, slots } = status;
  const place = segment === 0 ? "" : `, segment ${segment}, ${status["next-slot"]} of ${slots} slots used`;
  const interval = status["interval-ms"] === 0 ? "" : `, one every ${status["interval-ms"] / 1000} s without a press`;
  return [
    ["bot", `${status.bot}, firmware ${status.firmware}, device ${status.device}`],
    ["model", `${status.model}, engine ${status.engine}, configuration ${status.config}`],
    ["decision", `green from a margin of ${status.threshold} per frame, ${status.burst} frames a press${interval}`],
    [
      "running",
      `${(status["uptime-ms"] / 1000).toFixed(0)} s, start ${status.boot}, reason: ${RESETS[status.reset] ?? "?"}`,
    ],
    ["faults", describeFaults(status.faults)],
    ["card", `${card}${place}, next capture ${status["next-sequence"]}`],
    ["presses", thousands(status.presses)],
    ["free memory", bytes(status["free-memory"])],
  ]
    .map(([name, value]) => `${name.padEnd(12)}${value}`)
    .join("\n");
}

function describeLast(last: LastPress): string {
  const frames = last.margins.length === 0 ? "" : `, margins ${last.margins.join(", ")}`;
  const how = last["press-ms"] === 0 ? "without a press" : `held ${last["press-ms"]} ms`;
  const errors = [last.error, last["log-error"]].filter((error) => error !== 0).map(describeError);
  const lines = [
    `press ${last.press}, ${how}: ${last.decision === "smile" ? "SMILE" : last.decision}, sum ${last.sum} (green from ${last.threshold})${frames}`,
    `${last.logged} of ${last.frames} frames on the card${last.sequences.length === 0 ? "" : `: ${last.sequences.join(", ")}`}`,
    `${(last["latency-us"] / 1000).toFixed(0)} ms from the press to the lights`,
  ];
  return [...lines, ...errors].join("\n");
}

function describeSegments(segments: readonly DeviceSegment[]): string {
  if (segments.length === 0) return "no segments on the card";
  const header = ["segment", "captures", "first", "last", "size"];
  const rows = segments.map(({ segment, bytes: size, slots, used, firstSequence, lastSequence }) =>
    size === 0
      ? [segment, "damaged, or another bot's", "-", "-", "-"]
      : [segment, `${used} of ${slots}`, firstSequence, lastSequence, bytes(size)],
  );
  return textTable(header, rows);
}

function describeSelfTest(result: SelfTest): string {
  const verdict = (error: number) => (error === 0 ? "ok" : describeError(error));
  return [
    `network     ${verdict(result.model)}`,
    `camera      ${verdict(result.camera)}`,
    `card        ${result.card}`,
    `free memory ${bytes(result["free-memory"])}`,
    `faults      ${describeFaults(result.faults)}`,
  ].join("\n");
}
