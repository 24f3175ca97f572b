/** Flashing: the port, what is on it, whether the firmware fits, and then the write. */
import type { Board } from "../board/types.js";
import type { StageContext } from "../pipeline/reporter.js";
import { downloadMode } from "./download-mode.js";
import { chipName, type FirmwareSet } from "./firmware-set.js";
import type { SerialPortInfo } from "./ports.js";
import { checkFit, type DeviceFacts, Programmer } from "./programmer.js";
import { uploadWithPlatformio } from "./upload.js";

export interface FlashRequest {
  readonly firmware: FirmwareSet;
  readonly port: SerialPortInfo;
  /** Absent when only images are given and no board is known. */
  readonly board?: Board;
  /** A built project to write with PlatformIO; absent: directly. */
  readonly project?: { readonly dir: string; readonly board: Board };
  readonly baud: number;
  readonly context: StageContext;
  /** Attempts to reset and sync; default 7. */
  readonly attempts?: number;
}

export interface FlashResult {
  readonly port: string;
  readonly device: DeviceFacts;
  readonly files: readonly { readonly path: string; readonly offset: number; readonly bytes: number }[];
  readonly method: "direct" | "platformio";
  readonly durationMs: number;
}

/** Checks the board against the firmware before anything is written, writes and verifies, and starts the firmware. */
export async function flash(request: FlashRequest): Promise<FlashResult> {
  const { firmware, port, board, project, context } = request;
  const start = performance.now();
  const enter = enterText(board);
  const programmer = new Programmer({ ...request, downloadMode: enter });
  let device: DeviceFacts;
  try {
    context.reporter.stage("connect", port.path);
    device = await programmer.identify();
    context.reporter.info(describeDevice(device));
    for (const note of checkFit(device, firmware, port.path, board)) context.reporter.warn(note);
    if (project === undefined) {
      context.reporter.stage("flash", describeFirmware(firmware));
      await programmer.write(firmware);
      await programmer.restart();
    }
  } finally {
    await programmer.close();
  }
  if (project !== undefined) {
    context.reporter.stage("flash", `${describeFirmware(firmware)}, by PlatformIO`);
    await uploadWithPlatformio({
      projectDir: project.dir,
      board: project.board,
      port: port.path,
      downloadMode: enter,
      context,
    });
  }
  return {
    port: port.path,
    device,
    files: firmware.files.map(({ path, offset, bytes }) => ({ path, offset, bytes: bytes.length })),
    method: project === undefined ? "direct" : "platformio",
    durationMs: Math.round(performance.now() - start),
  };
}

function enterText(board: Board | undefined): string {
  if (board === undefined) return "Put the board into download mode (GPIO0 low at reset) and try again.";
  return `Is it in download mode? ${downloadMode(board).enter.join(" ")}`;
}

function describeDevice({ description, mac, flashBytes }: DeviceFacts): string {
  const size = flashBytes === undefined ? "flash of unknown size" : `${flashBytes / (1024 * 1024)} MB flash`;
  return `${description}, ${size}, MAC ${mac}`;
}

function describeFirmware({ files, app, chipId }: FirmwareSet): string {
  const bytes = files.reduce((sum, file) => sum + file.bytes.length, 0);
  const name = app === undefined ? "firmware" : `${app.name} ${app.version}`.trim();
  return `${name} for ${chipName(chipId)}, ${files.length} files, ${Math.ceil(bytes / 1024)} KB`;
}
