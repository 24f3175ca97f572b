/** Takes packets and log text apart, which share the bot's serial line. */
import { CRC_BYTES, PACKET_MARK, REPLY_DATA_MAX, REPLY_HEADER_BYTES } from "./packet.js";

/** The longest encoded reply; a longer one is none. */
const ENCODED_MAX = REPLY_HEADER_BYTES + REPLY_DATA_MAX + CRC_BYTES + 5;

export interface LineParts {
  /** Bytes of the log, as soon as they are there. */
  readonly onText: (bytes: Uint8Array) => void;
  /** What was between a packet's mark and its closing zero; valid during the call. */
  readonly onPacket: (encoded: Uint8Array) => void;
  /** A packet was cut or too long. */
  readonly onDamage?: () => void;
}

/** Keeps at most one packet, whatever comes. */
export class Demultiplexer {
  private state: "text" | "zero" | "packet" | "too-long" = "text";
  private readonly packet = new Uint8Array(ENCODED_MAX);
  private length = 0;

  constructor(private readonly parts: LineParts) {}

  push(bytes: Uint8Array): void {
    let textFrom = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at];
      const inText = this.state === "text" || (this.state === "zero" && byte !== PACKET_MARK && byte !== 0);
      if (inText && byte !== 0) {
        this.state = "text";
        continue;
      }
      if (at > textFrom) this.parts.onText(bytes.subarray(textFrom, at));
      textFrom = at + 1;
      this.takeControl(byte);
    }
    if (textFrom < bytes.length) this.parts.onText(bytes.subarray(textFrom));
  }

  /** A zero, or a byte of a packet. */
  private takeControl(byte: number): void {
    if (byte === 0) {
      this.endPacket();
      this.state = "zero";
    } else if (this.state === "zero") {
      this.state = "packet";
      this.length = 0;
    } else if (this.length === ENCODED_MAX) {
      this.state = "too-long";
    } else {
      this.packet[this.length++] = byte;
    }
  }

  private endPacket(): void {
    if (this.state === "packet" && this.length > 0) this.parts.onPacket(this.packet.subarray(0, this.length));
    if (this.state === "too-long") this.parts.onDamage?.();
  }
}
