/** `smilec pull-captures [--from PATH | --image FILE|DEVICE | --port [PORT]] [--recover]` */
import { askForCard, chooseCard } from "../captures/pull/choose-card.js";
import { openProject } from "../pipeline/project.js";
import { type CardPull, type PullFrom, pullCaptures } from "../pipeline/pull-captures.js";
import type { CommandContext } from "./context.js";
import { textTable, thousands } from "./table.js";
import { asksOnTerminal } from "./terminal.js";

export interface PullCapturesOptions {
  readonly from?: string;
  readonly image?: string;
  /** true: the board's, without a name. */
  readonly port?: string | true;
  readonly baud?: string;
  readonly recover: boolean;
}

/** Problems and segments listed on the terminal; --json has more. */
const SHOWN = 20;

export async function pullCapturesCommand(context: CommandContext, options: PullCapturesOptions): Promise<void> {
  const project = await openProject(context.project);
  const result = await pullCaptures(project, await placeOf(context, options), options.recover, context);
  context.result(asJson(result), () => describe(result));
}

async function placeOf(context: CommandContext, { from, image, port, baud }: PullCapturesOptions): Promise<PullFrom> {
  if (port !== undefined) {
    // As in pullCaptures: only where there is a port.
    const { portOf } = await import("./port.js");
    const { baudOf } = await import("./console-baud.js");
    const { path } = await portOf(context, port === true ? undefined : port);
    return { port: path, baud: await baudOf(context, baud) };
  }
  if (image !== undefined) return { image };
  if (from !== undefined) return { folder: from };
  return { folder: await chooseCard(asksOnTerminal(context) ? { ask: askForCard } : {}) };
}

function asJson({ tally, ...result }: CardPull) {
  const { added, bytes, known, withdrawn, removed, skipped, problems, reasons, devices, segments } = tally;
  return {
    ...result,
    captures: { new: added, known, withdrawn, removed, skipped },
    bytes,
    bots: Object.fromEntries(devices),
    ...(result.recovery === undefined ? {} : { recovered: [...segments.values()] }),
    problems: { counts: reasons, list: problems },
  };
}

function describe(result: CardPull): string {
  const { tally, card, recovery } = result;
  const seconds = result.milliseconds / 1000;
  const rate = tally.bytes / 1e6 / Math.max(seconds, 0.001);
  const bots = [...tally.devices].map(([device, count]) => `bot ${device}: ${thousands(count)}`);
  const lines = [
    `${thousands(tally.added)} new captures${bots.length === 0 ? "" : ` (${bots.join(", ")})`}, ${thousands(result.total)} in all`,
    ...countLines(result),
  ];
  if (card !== undefined)
    lines.push(`segments  ${thousands(card.segments)}, of which ${thousands(card.unchanged)} unchanged`);
  if (recovery !== undefined) lines.push(...recoveryLines(result));
  lines.push(...problemLines(result));
  if (tally.added > 0)
    lines.push(`${(tally.bytes / 1e6).toFixed(1)} MB in ${seconds.toFixed(1)} s, ${rate.toFixed(0)} MB/s`);
  return lines.join("\n");
}

function countLines({ tally, tidied }: CardPull): string[] {
  const lines: [count: number, text: string][] = [
    [tally.known, "known     # were here already"],
    [tally.withdrawn, "withdrawn # were withdrawn on the bot and left on the card"],
    [tally.removed, "removed   # were withdrawn on the bot since they were pulled: their pictures were removed here"],
    [tally.skipped, "skipped   # were deleted here or withdrawn before"],
    [tidied, "tidied    # files that an interrupted pull had left were removed"],
  ];
  return lines.filter(([count]) => count > 0).map(([count, text]) => text.replace("#", thousands(count)));
}

function recoveryLines({ tally, recovery }: CardPull): string[] {
  const lines = [`searched  ${thousands((recovery?.searched ?? 0) / 1e6)} MB`];
  if (recovery !== undefined && recovery.unreadable > 0)
    lines.push(`          ${thousands(recovery.unreadable)} bytes of it could not be read`);
  const segments = [...tally.segments.values()];
  if (segments.length === 0) return lines;
  const rows = segments
    .slice(0, SHOWN)
    .map(({ device, epoch, segment, captures }) => [device, epoch, `SEG${String(segment).padStart(5, "0")}`, captures]);
  lines.push("recovered", textTable(["bot", "epoch", "segment", "captures"], rows));
  if (segments.length > SHOWN) lines.push(`and ${thousands(segments.length - SHOWN)} more segments`);
  return lines;
}

function problemLines({ tally }: CardPull): string[] {
  const total = Object.values(tally.reasons).reduce((sum, count) => sum + count, 0);
  if (total === 0) return [];
  const counts = Object.entries(tally.reasons).map(([reason, count]) => `${reason} ${thousands(count)}`);
  const shown = tally.problems.slice(0, SHOWN).map(({ file, offset, reason, message, path }) => {
    const kept = path === undefined ? "" : ` -> captures/${path}`;
    return `  ${file} at ${offset}: ${reason}: ${message}${kept}`;
  });
  const lines = [`not taken ${thousands(total)} (${counts.join(", ")})`, ...shown];
  if (total > shown.length) lines.push(`  and ${thousands(total - shown.length)} more`);
  return lines;
}
