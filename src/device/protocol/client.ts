/**
 * Asks the bot over its serial line and gives replies as a stream of bytes in order: lost and damaged packets are asked for again from where the reply was,
 * garbage is stepped over, memory stays at a few hundred packets whatever the other side sends.
 */
import { randomInt } from "node:crypto";
import { EnvironmentError, InterruptedError } from "../../errors.js";
import { Arrivals } from "../arrivals.js";
import { openLine, type SerialLine } from "../serial-line.js";
import { Demultiplexer } from "./demultiplex.js";
import { decodePacket, REPLY_STATUS, type Reply, requestPacket } from "./packet.js";
import { DeviceReplyError } from "./reply-error.js";

/** Requests in a row without progress before the board counts as silent. A press holds an answer up for a few seconds. */
const ATTEMPTS = 8;

/** Replies that have come in and are not yet used; what does not fit is asked for again. */
const REPLIES_KEPT = 256;

export interface ReadPlan {
  readonly command: number;
  /** The request that makes the reply go on from `offset`; `tag` is the last reply's. */
  readonly argumentsAt: (offset: number, tag: number) => readonly [number, number, number];
  /** Where to begin and, if not at the reply's end, to stop. */
  readonly from?: number;
  readonly to?: number;
  /** A larger reply is none that the bot would give. */
  readonly largest: number;
  /** Longest time without progress before the request is repeated, milliseconds. */
  readonly patienceMs?: number;
}

export interface ClientOptions {
  readonly port: string;
  readonly baud: number;
  readonly signal: AbortSignal;
  /** Bytes of the log that come in between. */
  readonly onText?: (bytes: Uint8Array) => void;
  /** Opens the port; default: as a serial port. */
  readonly open?: typeof openLine;
}

export class DeviceClient {
  private readonly inbox = new Arrivals<Reply | "foreign">(REPLIES_KEPT);
  private readonly demultiplexer: Demultiplexer;
  private line: SerialLine | undefined;
  /** Not where another program began: what it left on the line is not ours. */
  private id = randomInt(0x10000);
  private textBytes = 0;
  private readonly stop: () => void;

  private constructor(private readonly options: ClientOptions) {
    this.demultiplexer = new Demultiplexer({
      onText: (bytes) => {
        this.textBytes += bytes.length;
        options.onText?.(bytes);
      },
      onPacket: (encoded) => this.take(encoded),
    });
    this.stop = () => this.inbox.fail(new InterruptedError("stopped"));
  }

  /** Opens the port with the reset lines off. Throws what opening it throws. */
  static async open(options: ClientOptions): Promise<DeviceClient> {
    options.signal.throwIfAborted();
    const client = new DeviceClient(options);
    const line = await (options.open ?? openLine)(options.port, options.baud, {
      onData: (bytes) => client.demultiplexer.push(bytes),
      onEnd: (error) => client.inbox.fail(error),
    });
    client.line = line;
    options.signal.addEventListener("abort", client.stop, { once: true });
    await line.setSignals({ dtr: false, rts: false });
    return client;
  }

  async close(): Promise<void> {
    this.options.signal.removeEventListener("abort", this.stop);
    await this.line?.close();
  }

  private take(encoded: Uint8Array): void {
    const decoded = decodePacket(encoded);
    if (decoded.kind === "foreign") this.inbox.push("foreign");
    if (decoded.kind === "reply" && decoded.reply.id === this.id) this.inbox.push(decoded.reply);
  }

  /**
   * The reply's bytes in order, piece by piece. Throws DeviceReplyError for what the bot answers instead, EnvironmentError when it does not answer or the
   * port is gone, InterruptedError when the user stops.
   */
  async *read(
    plan: ReadPlan,
  ): AsyncGenerator<{ readonly offset: number; readonly data: Uint8Array; readonly total: number }> {
    const place = { offset: plan.from ?? 0, tag: 0, total: undefined as number | undefined };
    for (let silent = 0; silent < ATTEMPTS; silent++) {
      await this.ask(plan, place.offset, place.tag);
      for await (const reply of this.answers(plan, place)) {
        silent = -1;
        place.offset += reply.data.length;
        yield { offset: reply.offset, data: reply.data, total: reply.total };
        if (place.offset >= Math.min(plan.to ?? Number.POSITIVE_INFINITY, reply.total)) return;
      }
    }
    throw this.silence();
  }

  private async ask(plan: ReadPlan, offset: number, tag: number): Promise<void> {
    this.id = (this.id % 0xffff) + 1;
    this.inbox.clear();
    const bytes = requestPacket({ command: plan.command, id: this.id, arguments: plan.argumentsAt(offset, tag) });
    await this.line?.write(bytes);
  }

  /** Replies that go on at the place, until one is missing or nothing comes for too long. */
  private async *answers(
    plan: ReadPlan,
    place: { offset: number; tag: number; total: number | undefined },
  ): AsyncGenerator<Reply> {
    for (;;) {
      const deadline = performance.now() + (plan.patienceMs ?? 1000);
      const reply = await this.nextAt(plan, place, deadline);
      if (reply === undefined) return;
      place.tag = reply.tag;
      place.total = reply.total;
      yield reply;
    }
  }

  private async nextAt(
    plan: ReadPlan,
    place: { readonly offset: number; readonly total: number | undefined },
    deadline: number,
  ): Promise<Reply | undefined> {
    for (;;) {
      const reply = await this.inbox.next(deadline);
      if (reply === undefined) return undefined;
      if (reply === "foreign") throw new DeviceReplyError(REPLY_STATUS.version, this.options.port);
      if (reply.command !== plan.command) continue;
      if (reply.status !== 0) throw new DeviceReplyError(reply.status, this.options.port);
      if (reply.offset > place.offset) return undefined;
      if (reply.offset < place.offset) continue;
      const end = reply.offset + reply.data.length;
      const possible =
        reply.total <= plan.largest && end <= reply.total && (place.total ?? reply.total) === reply.total;
      if (!possible) throw this.contradiction();
      if (reply.data.length > 0 || reply.total === reply.offset) return reply;
    }
  }

  private contradiction(): EnvironmentError {
    return new EnvironmentError("the board's answer contradicts itself", {
      where: this.options.port,
      remedy: "Is this a bot with smilec's firmware? Flash it again: smilec flash",
    });
  }

  private silence(): EnvironmentError {
    const speaks = this.textBytes > 0;
    return new EnvironmentError(speaks ? "the board prints, but does not answer" : "the board does not answer", {
      where: this.options.port,
      remedy: speaks
        ? "Is `firmware.serial` enabled in smilec.config.json, and is --baud its rate? Then flash again: smilec flash"
        : "Is the firmware running (smilec monitor), is --baud the rate it was built with, and does a wire lead to the board's RX?",
    });
  }
}

/** The bytes of a whole reply. */
export async function readAll(client: DeviceClient, plan: ReadPlan): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of client.read(plan)) pieces.push(data);
  return Buffer.concat(pieces);
}
