/** Stage `pull-captures`: opens what is to be read and pulls it into the project's captures. */
import { resolve } from "node:path";
import { openFolderSource } from "../captures/pull/folder-source.js";
import { folderHaystacks, imageHaystack } from "../captures/pull/haystacks.js";
import { openImageSource } from "../captures/pull/image-source.js";
import { type PullResult, pull, type Reading } from "../captures/pull/pull.js";
import { CardReading } from "../captures/pull/pull-card.js";
import { RecoveryReading } from "../captures/pull/recover.js";
import type { CardSource } from "../captures/pull/source.js";
import type { Project } from "./project.js";
import type { StageContext } from "./reporter.js";

/** Exactly one of them. */
export type PullFrom = { readonly folder: string } | { readonly image: string } | BotPort;

/** The serial port of a running bot. */
export interface BotPort {
  readonly port: string;
  readonly baud: number;
}

const isPort = (from: PullFrom): from is BotPort => "port" in from;

export interface CardPull extends PullResult {
  readonly kind: string;
  readonly origin: string;
  /** Undefined for a recovery, which knows no segments. */
  readonly card: { readonly segments: number; readonly unchanged: number } | undefined;
  /** Undefined for a plain pull. Bytes. */
  readonly recovery: { readonly searched: number; readonly unreadable: number } | undefined;
}

export async function pullCaptures(
  project: Project,
  from: PullFrom,
  recover: boolean,
  context: StageContext,
): Promise<CardPull> {
  if (isPort(from)) return pullOver(project, from, context);
  return recover ? recoverFrom(project, from, context) : pullFrom(project, await openCard(from), context);
}

function openCard(from: Exclude<PullFrom, BotPort>): Promise<CardSource> {
  return "folder" in from ? openFolderSource(resolve(from.folder)) : openImageSource(resolve(from.image));
}

async function pullOver(project: Project, { port, baud }: BotPort, context: StageContext): Promise<CardPull> {
  // Only here: loading what speaks to serial ports takes as long as pulling a thousand captures.
  const { Device } = await import("../device/protocol/device.js");
  const { serialSource } = await import("../captures/pull/serial-source.js");
  const device = await Device.open({ port, baud, signal: context.signal });
  return pullFrom(project, serialSource(device, port), context).finally(() => device.close());
}

async function pullFrom(project: Project, source: CardSource, context: StageContext): Promise<CardPull> {
  try {
    const reading = new CardReading(source);
    context.reporter.stage("pull", source.origin);
    return { ...(await run(project, reading, context)), card: reading.counts, recovery: undefined };
  } finally {
    await source.close();
  }
}

async function recoverFrom(
  project: Project,
  from: Exclude<PullFrom, BotPort>,
  context: StageContext,
): Promise<CardPull> {
  const path = resolve("folder" in from ? from.folder : from.image);
  const haystacks = "folder" in from ? await folderHaystacks(path) : [await imageHaystack(path)];
  const reading = new RecoveryReading("folder" in from ? "folder" : "image", path, haystacks);
  context.reporter.stage("recover", path);
  const result = await run(project, reading, context);
  const { searched, unreadable } = reading;
  return { ...result, card: undefined, recovery: { searched, unreadable } };
}

async function run(project: Project, reading: Reading, context: StageContext) {
  const result = await pull(reading, { into: project.capturesDir, context });
  return { ...result, kind: reading.kind, origin: reading.origin };
}
