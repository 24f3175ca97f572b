/**
 * What esptool-js talks through: SLIP packets (RFC 1055) over a serial line. It replaces esptool-js's transport for browsers: reading is driven by events,
 * a port that vanishes or a Ctrl-C ends the call under way at once, and what is not a packet is kept, because it tells why a board does not answer.
 */
import { Transport } from "esptool-js";
import { Arrivals } from "./arrivals.js";
import { openLine, type SerialLine } from "./serial-line.js";

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** First byte of an answer. */
const DIRECTION_RESPONSE = 0x01;
const STUB_GREETING = "OHAI";
const NOISE_KEPT = 4096;
const PACKET_MAX = 1 << 20;

/** Attempts to sync repeat quickly and expect silence; any other answer may be late on a busy machine. */
const SYNC_TIMEOUT_MS = 100;
const ANSWER_TIMEOUT_MS = 3000;

export class SerialTransport extends Transport {
  private line: SerialLine | undefined;
  private readonly packets = new Arrivals<Uint8Array>();
  private partial: number[] = [];
  private escaped = false;
  private text = "";

  constructor(
    private readonly path: string,
    private readonly usb: { readonly vendor: number; readonly product: number } | undefined,
    private readonly signal: AbortSignal,
  ) {
    // The base class keeps its device, but every method that would use it is replaced.
    super({} as ConstructorParameters<typeof Transport>[0]);
    signal.addEventListener("abort", this.onAbort, { once: true });
  }

  /** What came that is no packet, at most 4 KB: a boot log, a panic, line noise. */
  get noise(): string {
    return this.text + String.fromCharCode(...this.partial.slice(-NOISE_KEPT));
  }

  /** What a board prints until it is in download mode explains no later failure. */
  forgetNoise(): void {
    this.text = "";
  }

  private readonly onAbort = () => this.packets.fail(this.signal.reason as Error);

  /** The error that ended the line, if one did. */
  get ended(): Error | undefined {
    return this.packets.ended;
  }

  override async connect(baud = 115200): Promise<void> {
    this.signal.throwIfAborted();
    this.line ??= await openLine(this.path, baud, {
      onData: (bytes) => this.receive(bytes),
      onEnd: (error) => this.packets.fail(error),
    });
    this.baudrate = baud;
  }

  override async disconnect(): Promise<void> {
    this.signal.removeEventListener("abort", this.onAbort);
    await this.line?.close();
    this.line = undefined;
    this.flushInput();
  }

  override async readLoop(): Promise<void> {}

  override async write(data: Uint8Array): Promise<void> {
    if (this.ended !== undefined) throw this.ended;
    const bytes: number[] = [END];
    for (const byte of data) {
      if (byte === END) bytes.push(ESC, ESC_END);
      else if (byte === ESC) bytes.push(ESC, ESC_ESC);
      else bytes.push(byte);
    }
    bytes.push(END);
    // A port that takes nothing more must not outlast a Ctrl-C.
    await this.packets.untilFailure(this.line?.write(Uint8Array.from(bytes)) ?? Promise.resolve());
  }

  override async read(timeout: number): Promise<Uint8Array> {
    const patience = timeout <= SYNC_TIMEOUT_MS ? timeout : Math.max(timeout, ANSWER_TIMEOUT_MS);
    const packet = await this.packets.next(performance.now() + patience);
    if (packet === undefined) throw new NoAnswerError(`no answer within ${patience} ms`);
    return packet;
  }

  private receive(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (byte === END) this.endPacket();
      else if (this.escaped) {
        this.escaped = false;
        this.partial.push(byte === ESC_END ? END : byte === ESC_ESC ? ESC : byte);
      } else if (byte === ESC) this.escaped = true;
      else this.partial.push(byte);
      if (this.partial.length > PACKET_MAX) this.endPacket();
    }
  }

  /** Every END ends what came before it: so that noise in front of a packet costs the noise only. */
  private endPacket(): void {
    const packet = Uint8Array.from(this.partial);
    this.partial = [];
    this.escaped = false;
    if (packet.length === 0) return;
    const text = Buffer.from(packet).toString("latin1");
    if (packet[0] === DIRECTION_RESPONSE || text === STUB_GREETING) this.packets.push(packet);
    else this.text = (this.text + text).slice(-NOISE_KEPT);
  }

  override flushInput(): void {
    this.text = this.noise.slice(-NOISE_KEPT);
    this.packets.clear();
    this.partial = [];
    this.escaped = false;
  }

  override inWaiting(): number {
    return this.packets.count;
  }

  override peek(): Uint8Array {
    return Buffer.from(this.noise, "latin1");
  }

  override trace(): void {}

  override async setRTS(state: boolean): Promise<void> {
    await this.setSignals(this._DTR_state, state);
  }

  override async setDTR(state: boolean): Promise<void> {
    await this.setSignals(state, this.rts);
  }

  private rts = false;

  override async setSignals(dtr = this._DTR_state, rts = this.rts): Promise<void> {
    if (this.ended !== undefined) throw this.ended;
    this._DTR_state = dtr;
    this.rts = rts;
    await this.line?.setSignals({ dtr, rts });
  }

  override async changeBaudrate(baud: number): Promise<boolean> {
    await this.line?.setBaudRate(baud);
    this.baudrate = baud;
    return false;
  }

  override getInfo(): string {
    return this.path;
  }

  override getVid(): number | undefined {
    return this.usb?.vendor;
  }

  override getPid(): number | undefined {
    return this.usb?.product;
  }
}

/** The line is open, but nothing that is a packet came in time. */
class NoAnswerError extends Error {}
