/** What smilec does with a bot that lies, or that is none. */
import { describe, expect, it } from "@jest/globals";
import { DeviceClient, readAll } from "#smilec/device/protocol/client.js";
import { Device } from "#smilec/device/protocol/device.js";
import { COMMANDS, packetOf, REPLY_FLAG, REPLY_HEADER_BYTES, type Reply } from "#smilec/device/protocol/packet.js";
import type { LineHandlers, SerialLine } from "#smilec/device/serial-line.js";
import { EnvironmentError, InterruptedError } from "#smilec/errors.js";
import { Random } from "../support/random.js";

type Respond = (request: { readonly command: number; readonly id: number }, handlers: LineHandlers) => void;

function packet(reply: Partial<Reply>, version = 1): Uint8Array {
  const { command = COMMANDS.status, id = 0, status = 0, tag = 0, offset = 0, total = 0, data = [] } = reply;
  const message = new Uint8Array(REPLY_HEADER_BYTES + data.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, version);
  view.setUint8(1, command | REPLY_FLAG);
  view.setUint16(2, id, true);
  view.setInt16(4, status, true);
  view.setUint16(6, tag, true);
  view.setUint32(8, offset, true);
  view.setUint32(12, total, true);
  message.set(data, REPLY_HEADER_BYTES);
  return packetOf(message);
}

/** A line whose other end answers each request as told. */
function lineOf(respond: Respond) {
  let asked = 0;
  const open = async (path: string, _baud: number, handlers: LineHandlers): Promise<SerialLine> => ({
    path,
    write: async (bytes) => {
      asked++;
      // The request has no zeros in these places: COBS leaves them where they are.
      setImmediate(() => respond({ command: bytes[4], id: bytes[5] | (bytes[6] << 8) }, handlers));
    },
    setSignals: async () => false,
    setBaudRate: async () => undefined,
    close: async () => undefined,
  });
  return { open, asked: () => asked };
}

async function ask(respond: Respond, signal = new AbortController().signal) {
  const { open, asked } = lineOf(respond);
  const client = await DeviceClient.open({ port: "/dev/board", baud: 921600, signal, open });
  // An id without a zero byte, so that the stand-in need not decode COBS.
  Object.assign(client, { id: 0x0101 });
  const plan = { command: COMMANDS.status, argumentsAt: () => [1, 1, 1] as const, largest: 5000, patienceMs: 40 };
  const answer = readAll(client, plan).finally(() => client.close());
  return { answer, asked };
}

describe("a bot that", () => {
  it("answers after garbage, to others, and twice is understood", async () => {
    const random = new Random(3);
    const { answer } = await ask(({ id }, { onData }) => {
      onData(Buffer.from(random.int8s(3000)));
      onData(packet({ id: id + 1, total: 1, data: Uint8Array.of(9) }));
      const first = packet({ id, total: 4, data: Uint8Array.of(1, 2) });
      onData(
        Buffer.concat([
          first,
          first,
          Buffer.from("I (1) a: b\n"),
          packet({ id, total: 4, offset: 2, data: Uint8Array.of(3, 4) }),
        ]),
      );
    });
    expect([...(await answer)]).toEqual([1, 2, 3, 4]);
  });

  it("is silent is asked eight times and given up", async () => {
    const { answer, asked } = await ask(() => undefined);
    await expect(answer).rejects.toThrow("the board does not answer");
    expect(asked()).toBe(8);
  });

  it("prints but does not answer is told from a silent one", async () => {
    const { answer } = await ask((_, { onData }) => onData(Buffer.from("I (12) camera: hello\n")));
    await expect(answer).rejects.toMatchObject({
      message: "the board prints, but does not answer",
      remedy: expect.stringContaining("firmware.serial"),
    });
  });

  it.each<[string, Partial<Reply>]>([
    ["claims more than there can be", { total: 0xffffffff, data: Uint8Array.of(1) }],
    ["sends more than it claims", { total: 1, data: Uint8Array.of(1, 2) }],
  ])("%s is not believed", async (_, reply) => {
    const { answer } = await ask(({ id }, { onData }) => onData(packet({ id, ...reply })));
    await expect(answer).rejects.toThrow("the board's answer contradicts itself");
  });

  it("changes its mind about the size is not believed", async () => {
    const { answer } = await ask(({ id }, { onData }) => {
      onData(packet({ id, total: 9, data: Uint8Array.of(1) }));
      onData(packet({ id, total: 8, offset: 1, data: Uint8Array.of(1) }));
    });
    await expect(answer).rejects.toThrow("contradicts itself");
  });

  it("goes on for ever without getting on is given up", async () => {
    const { answer } = await ask(({ id }, { onData }) => {
      for (let i = 0; i < 5000; i++) onData(packet({ id, total: 10 }));
    });
    await expect(answer).rejects.toBeInstanceOf(EnvironmentError);
  });

  it("speaks another version, knows no such command, or is busy says so", async () => {
    const newer = await ask(({ id }, { onData }) => onData(packet({ id }, 2)));
    await expect(newer.answer).rejects.toThrow("another version of the protocol");
    const older = await ask(({ id }, { onData }) => onData(packet({ id, status: -33 })));
    await expect(older.answer).rejects.toMatchObject({
      status: -33,
      exitCode: 4,
      remedy: expect.stringContaining("flash"),
    });
    const busy = await ask(({ id }, { onData }) => onData(packet({ id, status: -35 })));
    await expect(busy.answer).rejects.toThrow("the bot's button is held down");
    const unknown = await ask(({ id }, { onData }) => onData(packet({ id, status: -8 })));
    await expect(unknown.answer).rejects.toThrow("error -8: a read, write or sync failed");
  });

  it("is unplugged ends the wait at once, and so does Ctrl-C", async () => {
    const gone = await ask((_, { onEnd }) => onEnd(new Error("gone")));
    await expect(gone.answer).rejects.toThrow("gone");
    expect(gone.asked()).toBe(1);
    const stop = new AbortController();
    const stopped = await ask(() => stop.abort(), stop.signal);
    await expect(stopped.answer).rejects.toBeInstanceOf(InterruptedError);
  });

  it("answers nonsense is not taken for a bot", async () => {
    const texts = ["", "protocol=1\n", "protocol=x\ncard=lost\n"];
    for (const text of texts) {
      const data = Buffer.from(text);
      const { open } = lineOf(({ id, command }, { onData }) =>
        onData(packet({ id, command, total: data.length, data })),
      );
      const device = await Device.open({ port: "p", baud: 1, signal: new AbortController().signal, open });
      Object.assign(device.client, { id: 0x0101 });
      await expect(device.status()).rejects.toThrow(/can't be read/);
    }
  });
});
