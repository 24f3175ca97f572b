/** The capture log's bytes: written by C and by TypeScript from the same values, compared, and read back by each. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { crc32 } from "#smilec/captures/crc32.js";
import {
  formatHead,
  formatHeader,
  parseHead,
  parseHeader,
  payloadCrc,
  segmentFileName,
  segmentNumber,
  slotBytes,
} from "#smilec/captures/format.js";
import { HEADER_BYTES, MAX_LABELS, MAX_SEGMENT, WITHDRAWN_OFFSET } from "#smilec/captures/layout.js";
import { ENGINES, formatMetadata, parseMetadata, STAGES } from "#smilec/captures/metadata.js";
import { packageRoot } from "#smilec/files/package-root.js";
import { LOCATOR_KINDS } from "#smilec/locate/types.js";
import { SANITIZED } from "../support/compile.js";
import { compileFirmware } from "../support/firmware.js";
import { Random } from "../support/random.js";
import { randomSample, type Sample } from "../support/random-capture.js";

/** One line of the driver's input. */
function record({ header, metadata: m, width, height, slots }: Sample): string {
  const { locator, box, stages } = m;
  const outputs = Array.from({ length: MAX_LABELS }, (_, i) => m.outputs[i] ?? 0);
  return [
    ...[m.firmware, m.model, locator.model, header.device, header.epoch, header.segment, header.sequence, header.boot],
    ...[header.payloadBytes, header.payloadCrc],
    ...[m.config, ENGINES.indexOf(m.engine) + 1, m.preprocess.normalize === "standardize" ? 1 : 0, m.preprocess.size],
    ...[LOCATOR_KINDS.indexOf(locator.kind) + 1, locator.threshold],
    ...[locator.center.x, locator.center.y, locator.center.size, m.positive],
    ...[m.slot, m.uptimeMs, m.press, m.pressMs, m.burstIndex, m.burstCount, width, height],
    ...[box.x, box.y, box.width, box.height, m.confidence, m.inputCrc, m.outputs.length, ...outputs],
    ...[m.margin, m.faces, m.sum, m.threshold, m.smile ? 1 : 0, m.sensor, m.sensorStatus, m.exposure, m.gain, m.reset],
    ...[m.freeMemory, ...STAGES.map((stage) => stages[stage]), slots],
  ].join(" ");
}

async function formatInC(samples: readonly Sample[]): Promise<Buffer> {
  const driver = await readFile(join(packageRoot, "test/firmware/c/format_driver.c"), "utf8");
  const program = await compileFirmware({ flags: SANITIZED, files: { "driver.c": driver } });
  try {
    await writeFile(join(program.folder, "in.txt"), samples.map(record).join("\n"));
    await program.run(["in.txt", "out.bin"]);
    return await readFile(join(program.folder, "out.bin"));
  } finally {
    await program.dispose();
  }
}

const LARGEST: Sample = (() => {
  const random = new Random(1);
  const { header, metadata } = randomSample(random);
  const u32 = 0xffffffff;
  return {
    header,
    width: 4096,
    height: 4096,
    slots: 255,
    metadata: {
      ...metadata,
      ...{ uptimeMs: Number.MAX_SAFE_INTEGER, press: u32, pressMs: u32, slot: 4095, outputs: Array(16).fill(-128) },
      ...{
        firmware: "x".repeat(15),
        engine: "tflm",
        exposure: u32,
        gain: u32,
        freeMemory: u32,
        reset: 255,
        positive: 15,
      },
      box: { x: 1000, y: 1000, width: 3096, height: 3096 },
      locator: {
        kind: "classic",
        model: "f".repeat(16),
        threshold: 1000,
        center: { kind: "center", x: 1000, y: 1000, size: 1000 },
      },
      ...{ confidence: 1000, faces: 8, sum: -2040, threshold: -2048, margin: -255, smile: false },
      stages: { acquireUs: u32, locateUs: u32, preprocessUs: u32, invokeUs: u32, latencyUs: u32, logUs: u32 },
    },
  };
})();

describe("the capture log's bytes", () => {
  const random = new Random(21);
  const samples = [LARGEST, ...Array.from({ length: 1500 }, () => randomSample(random))];

  it("are the same from C and from TypeScript, and C reads them back", async () => {
    const bytes = await formatInC(samples);
    let at = 0;
    let equal = 0;
    for (const { header, metadata, width, height, slots } of samples) {
      const geometry = { slots, slotBytes: slotBytes(width, height) };
      const parts = [
        formatMetadata({ metadata, width, height }),
        formatHeader(header),
        formatHead({ header, ...geometry }),
      ];
      for (const part of parts) {
        const written = bytes.subarray(at, at + part.length);
        if (!written.equals(part)) expect(written.toString("latin1")).toBe(Buffer.from(part).toString("latin1"));
        expect(bytes[at + part.length]).toBe(1);
        at += part.length + 1;
        equal++;
      }
    }
    expect(at).toBe(bytes.length);
    expect(equal).toBe(3 * 1501);
  }, 60_000);

  it("are read back by TypeScript", () => {
    for (const { header, metadata, width, height, slots } of samples) {
      expect(parseMetadata(formatMetadata({ metadata, width, height }))).toEqual({ metadata, width, height });
      expect(parseHeader(formatHeader(header))).toEqual({ state: "valid", header });
      const head = { header, slots, slotBytes: slotBytes(width, height) };
      expect(parseHead(formatHead(head))).toMatchObject({
        slots,
        slotBytes: head.slotBytes,
        header: { kind: "head", epoch: header.epoch },
      });
    }
  });

  it("put the withdrawn mark where the format says", () => {
    const { metadata, width, height } = samples[5];
    const plain = formatMetadata({ metadata, width, height });
    const marked = formatMetadata({ metadata: { ...metadata, withdrawn: true }, width, height });
    const different = [...plain.keys()].filter((i) => plain[i] !== marked[i]);
    expect(different).toEqual([WITHDRAWN_OFFSET]);
    expect(payloadCrc(marked)).toBe(crc32(plain));
    expect(payloadCrc(plain)).toBe(crc32(plain));
  });
});

describe("a header", () => {
  const { header } = randomSample(new Random(3));
  const block = formatHeader(header);

  it("with any single bit changed is not valid", () => {
    let refused = 0;
    for (let bit = 0; bit < 8 * HEADER_BYTES; bit++) {
      const changed = block.slice();
      changed[bit >> 3] ^= 1 << (bit & 7);
      const parsed = parseHeader(changed);
      // The last bytes and those behind the checksum's digits are covered by the sum only.
      if (parsed.state === "valid") expect(parsed.header).toEqual(header);
      else refused++;
    }
    expect(refused).toBeGreaterThan(8 * HEADER_BYTES - 17);
  });

  it("of zeros is an empty slot, a cut one is not", () => {
    expect(parseHeader(new Uint8Array(HEADER_BYTES))).toEqual({ state: "zero" });
    expect(parseHeader(block.subarray(0, 511)).state).toBe("invalid");
  });
});

describe("metadata", () => {
  const { metadata, width, height } = randomSample(new Random(4));
  const text = Buffer.from(formatMetadata({ metadata, width, height })).toString("latin1");
  /** Replaces a line's value and keeps the length by taking from or adding to the filling. */
  const changed = (key: string, value: string) => {
    const edited = text.replace(new RegExp(`\n# ${key}=[^\n]*\n`), `\n# ${key}=${value}\n`);
    const difference = edited.length - text.length;
    const padded =
      difference > 0
        ? edited.replace(".".repeat(difference), "")
        : edited.replace("#.", `#.${".".repeat(-difference)}`);
    return parseMetadata(Buffer.from(padded, "latin1"));
  };

  it.each([
    ["box", "0,0,0,1"],
    ["box", "0,0,4097,1"],
    ["box", `${width},0,1,1`],
    ["box", "1,2,3"],
    ["outputs", "1"],
    ["outputs", "128,0"],
    ["outputs", "1,,2"],
    ["burst", "3/2"],
    ["burst", "9/9"],
    ["burst", "0/1"],
    ["engine", "abacus"],
    ["normalize", ""],
    ["input-size", "129"],
    ["input-size", "1e1"],
    ["smilec-capture", "2"],
    ["device", "XYZ"],
    ["model", "0123"],
    ["sequence", "-1"],
    ["sequence", "4294967296"],
    ["uptime-ms", "99999999999999999"],
    ["stage-us", "1,2,3,4"],
    ["decision", "maybe"],
  ])("with %s=%s is refused", (key, value) => {
    expect(typeof changed(key, value)).toBe("string");
  });

  it("takes anything but 0 for withdrawn", () => {
    for (const mark of ["1", "2", "x", " "])
      expect(changed("withdrawn", mark)).toMatchObject({ metadata: { withdrawn: true } });
  });

  it("ignores keys it does not know", () => {
    const line = "# from-the-future=yes\n";
    const edited = text.replace("\n# gain=", `\n${line}# gain=`).replace(".".repeat(line.length), "");
    expect(parseMetadata(Buffer.from(edited, "latin1"))).toEqual({ metadata, width, height });
  });
});

describe("segment names", () => {
  it("are 8.3 and come back as their number", () => {
    for (const number of [1, 42, MAX_SEGMENT]) expect(segmentNumber(segmentFileName(number))).toBe(number);
    expect(segmentFileName(42)).toBe("SEG00042.TAR");
    expect(segmentNumber("seg00042.tar")).toBe(42);
  });

  it.each(["SEG00000.TAR", "SEG0042.TAR", "SEG000042.TAR", "SEG0004x.TAR", "SEG00042.TAR.1", "xSEG00042.TAR", ""])(
    "do not include %j",
    (name) => expect(segmentNumber(name)).toBeUndefined(),
  );
});

describe("crc32", () => {
  it("is the one of zip", () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(crc32(Buffer.from("6789"), crc32(Buffer.from("12345")))).toBe(0xcbf43926);
  });
});
