/** The one place that touches the serial port. The native binding is loaded when a port is opened, so that nothing else depends on it. */
import type { SerialPort } from "serialport";
import { portGroup } from "../doctor/serial.js";
import { ToolError } from "../errors.js";
import { messageOf, openError, vanished } from "./port-error.js";

/** An open port, 8 data bits, no parity, no flow control. */
export interface SerialLine {
  readonly path: string;
  write(bytes: Uint8Array): Promise<void>;
  /** Sets the modem lines; returns false where the port has none (a pseudo-terminal, a network port). */
  setSignals(signals: { readonly dtr: boolean; readonly rts: boolean }): Promise<boolean>;
  setBaudRate(baud: number): Promise<void>;
  /** Idempotent; after it no handler is called. */
  close(): Promise<void>;
}

export interface LineHandlers {
  readonly onData: (bytes: Uint8Array) => void;
  /** The port is gone (never called after close()). */
  readonly onEnd: (error: Error) => void;
}

/** Throws ToolError where npm has no prebuilt binding for this machine. */
export async function loadSerialPort(
  load: () => Promise<typeof import("serialport")> = () => import("serialport"),
): Promise<typeof import("serialport")> {
  try {
    return await load();
  } catch (cause) {
    throw new ToolError("serial ports can't be used here: the package serialport has no binding for this machine", {
      detail: messageOf(cause).split("\n")[0],
      remedy: "Run `npm rebuild @serialport/bindings-cpp` (needs a C++ compiler and Python); everything else works.",
      cause,
    });
  }
}

/** Opens the port exclusively. Throws UserError or EnvironmentError (see port-error.ts). */
export async function openLine(path: string, baud: number, handlers: LineHandlers): Promise<SerialLine> {
  const { SerialPort } = await loadSerialPort();
  const port = new SerialPort({ path, baudRate: baud, autoOpen: false, hupcl: false });
  try {
    await settle((done) => port.open(done));
  } catch (thrown) {
    throw openError(thrown, path, await portGroup(path));
  }
  return new PortLine(port, handlers);
}

class PortLine implements SerialLine {
  private closed = false;

  constructor(
    private readonly port: SerialPort,
    handlers: LineHandlers,
  ) {
    const end = (error?: unknown) => {
      if (this.closed) return;
      this.closed = true;
      handlers.onEnd(vanished(port.path, error));
    };
    port.on("data", (bytes: Buffer) => {
      if (!this.closed) handlers.onData(bytes);
    });
    port.on("close", end);
    port.on("error", end);
  }

  get path(): string {
    return this.port.path;
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.closed) throw vanished(this.path);
    await settle((done) => this.port.write(Buffer.from(bytes), done)).catch((error: unknown) => {
      throw vanished(this.path, error);
    });
  }

  async setSignals({ dtr, rts }: { readonly dtr: boolean; readonly rts: boolean }): Promise<boolean> {
    if (this.closed) throw vanished(this.path);
    return settle((done) => this.port.set({ dtr, rts }, done)).then(
      () => true,
      () => false,
    );
  }

  async setBaudRate(baudRate: number): Promise<void> {
    await settle((done) => this.port.update({ baudRate }, done));
  }

  async close(): Promise<void> {
    this.closed = true;
    if (this.port.isOpen) await settle((done) => this.port.close(done)).catch(() => undefined);
  }
}

/** A call that reports through a callback, as a promise. */
function settle(call: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}
