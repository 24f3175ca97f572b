/** The bot behind its serial line, command by command (docs/serial.md). */
import { z } from "zod";
import { MAX_FRAME_SIDE, MAX_SEGMENT } from "../../captures/layout.js";
import { readNetpbmHeader, readNetpbmSamples } from "../../data/pgm.js";
import type { GrayImage } from "../../data/types.js";
import { EnvironmentError } from "../../errors.js";
import { type ClientOptions, DeviceClient, readAll } from "./client.js";
import { COMMANDS, LIST_ENTRY_BYTES, REPLY_DATA_MAX, REPLY_STATUS } from "./packet.js";
import { DeviceReplyError } from "./reply-error.js";

const count = z.coerce.number().int().min(0);
const integer = z.coerce.number().int();
const card = z.enum(["none", "mounted", "full"]);
/** "3,-4" */
const integers = z
  .string()
  .regex(/^(-?\d+(,-?\d+)*)?$/)
  .transform((text) => (text === "" ? [] : text.split(",").map(Number)));

const statusSchema = z.object({
  protocol: count,
  "log-format": count,
  firmware: z.string(),
  bot: z.string(),
  config: z.string(),
  model: z.string(),
  engine: z.string(),
  "input-size": count,
  burst: count,
  threshold: integer,
  "interval-ms": count,
  device: z.string(),
  boot: count,
  reset: count,
  "uptime-ms": count,
  "free-memory": count,
  faults: count,
  presses: count,
  card,
  segment: count,
  "next-slot": count,
  slots: count,
  "next-sequence": count,
  "damaged-packets": count,
});
const lastSchema = z.object({
  press: count,
  "press-ms": count,
  decision: z.enum(["smile", "no-smile", "none"]),
  frames: count,
  logged: count,
  sum: integer,
  threshold: integer,
  "latency-us": count,
  error: integer,
  "log-error": integer,
  margins: integers,
  outputs: z.string(),
  sequences: integers,
});
const thresholdSchema = z.object({ threshold: integer, "built-in": integer });
const selfTestSchema = z.object({ model: integer, camera: integer, card, "free-memory": count, faults: count });

export type DeviceStatus = z.infer<typeof statusSchema>;
export type LastPress = z.infer<typeof lastSchema>;
export type SelfTest = z.infer<typeof selfTestSchema>;

/** A segment file on the bot's card. */
export interface DeviceSegment {
  readonly segment: number;
  /** Of the file; 0: damaged, or another bot's. */
  readonly bytes: number;
  readonly slots: number;
  readonly slotBytes: number;
  /** Slots up to the last capture. */
  readonly used: number;
  /** 0: there is none. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly epoch: number;
}

/** A picture that a press interrupts is taken again so often. */
const FRAME_ATTEMPTS = 5;
const FRAME_LARGEST = MAX_FRAME_SIDE * MAX_FRAME_SIDE + 20;

export class Device {
  private constructor(
    readonly client: DeviceClient,
    private readonly port: string,
  ) {}

  static async open(options: ClientOptions): Promise<Device> {
    return new Device(await DeviceClient.open(options), options.port);
  }

  close(): Promise<void> {
    return this.client.close();
  }

  status(): Promise<DeviceStatus> {
    return this.text(COMMANDS.status, statusSchema);
  }

  /** The last press since the start. */
  last(): Promise<LastPress> {
    return this.text(COMMANDS.last, lastSchema);
  }

  /** Of one frame, in the network's units; given `margin` (-256 to 255), sets it until the next start. */
  threshold(margin?: number): Promise<z.infer<typeof thresholdSchema>> {
    const set: [number, number, number] = margin === undefined ? [0, 0, 0] : [1, margin >>> 0, 0];
    return this.text(COMMANDS.threshold, thresholdSchema, set);
  }

  selfTest(): Promise<SelfTest> {
    return this.text(COMMANDS.selfTest, selfTestSchema, [0, 0, 0], 15_000);
  }

  /** One picture as the camera sees it now. */
  async frame(): Promise<GrayImage> {
    for (let attempt = 1; ; attempt++) {
      try {
        const bytes = await readAll(this.client, {
          command: COMMANDS.frame,
          // A new frame at first, then the rest of the one that was begun.
          argumentsAt: (offset, tag) => [tag, offset, 0],
          largest: FRAME_LARGEST,
          patienceMs: 3000,
        });
        return this.picture(bytes);
      } catch (error) {
        const again = error instanceof DeviceReplyError && error.status === REPLY_STATUS.interrupted;
        if (!again || attempt === FRAME_ATTEMPTS) throw error;
      }
    }
  }

  /** All segments on the card, ascending. */
  async list(): Promise<DeviceSegment[]> {
    const segments: DeviceSegment[] = [];
    for (;;) {
      const after = segments.at(-1)?.segment ?? 0;
      const bytes = await readAll(this.client, {
        command: COMMANDS.list,
        argumentsAt: () => [after, 0, 0],
        largest: REPLY_DATA_MAX,
        patienceMs: 5000,
      });
      const batch = entriesOf(bytes);
      if (batch.length === 0) return segments;
      for (const entry of batch) {
        if (entry.segment <= (segments.at(-1)?.segment ?? 0) || entry.segment > MAX_SEGMENT)
          throw this.nonsense("list");
        segments.push(entry);
      }
    }
  }

  private async text<T>(
    command: number,
    schema: z.ZodType<T>,
    values: readonly [number, number, number] = [0, 0, 0],
    patienceMs = 1000,
  ): Promise<T> {
    const bytes = await readAll(this.client, {
      command,
      argumentsAt: () => values,
      largest: REPLY_DATA_MAX,
      patienceMs,
    });
    const parsed = schema.safeParse(pairsOf(bytes));
    if (!parsed.success) throw this.nonsense(z.prettifyError(parsed.error));
    return parsed.data;
  }

  private picture(bytes: Uint8Array): GrayImage {
    try {
      const header = readNetpbmHeader(bytes);
      return { width: header.width, height: header.height, pixels: readNetpbmSamples(bytes, header) };
    } catch (error) {
      throw this.nonsense(error instanceof Error ? error.message : String(error));
    }
  }

  private nonsense(detail: string): EnvironmentError {
    return new EnvironmentError("the bot's answer can't be read", {
      where: this.port,
      detail,
      remedy: "Flash the firmware of this version: smilec flash",
    });
  }
}

/** The data of a reply to `status`; undefined when it is none. */
export function readStatus(data: Uint8Array): DeviceStatus | undefined {
  return statusSchema.safeParse(pairsOf(data)).data;
}

/** Lines of key=value. */
function pairsOf(bytes: Uint8Array): Record<string, string> {
  const lines = Buffer.from(bytes).toString("utf8").split("\n");
  return Object.fromEntries(
    lines.flatMap((line) => {
      const equals = line.indexOf("=");
      return equals < 0 ? [] : [[line.slice(0, equals), line.slice(equals + 1)] as const];
    }),
  );
}

function entriesOf(bytes: Uint8Array): DeviceSegment[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: Math.floor(bytes.length / LIST_ENTRY_BYTES) }, (_, i) => {
    const [segment, size, slots, slotBytes, used, firstSequence, lastSequence, epoch] = Array.from(
      { length: 8 },
      (_, k) => view.getUint32(i * LIST_ENTRY_BYTES + 4 * k, true),
    );
    return { segment, bytes: size, slots, slotBytes, used, firstSequence, lastSequence, epoch };
  });
}
