/**
 * What the firmware will take on a board, before it is built: the model, the buffers of a press, the camera's, task stacks. What is certain and does not fit
 * is an error at once; the rest is what to expect. After the build the ELF file says what is static (size.ts).
 */
import type { Board } from "../board/types.js";
import { ToolError } from "../errors.js";
import type { EngineMemory, Figure } from "../inspect/memory.js";
import { appPartitionBytes, FRAME } from "../template/context.js";

export type EstimatedMemory = "flash" | "RAM" | "internal RAM" | "PSRAM";

export interface MemoryEstimate {
  /** `RAM`: static data; `internal RAM`: that and what is taken from the heap when the firmware starts. */
  readonly memory: EstimatedMemory;
  readonly figures: readonly Figure[];
  /** Sum of all, and of those that are exact. */
  readonly bytes: number;
  readonly certainBytes: number;
  readonly limit: number;
}

export interface MemoryRequest {
  readonly board: Board;
  /** Frames of a press. */
  readonly burst: number;
  /** Side of the network's input. */
  readonly inputSize: number;
  readonly cores: 1 | 2;
  /** Working memory of the face detector, bytes; default none. */
  readonly detectorBytes?: number;
  /** Of the engine that will be built (src/inspect/memory.ts); undefined for engine coin. */
  readonly engine: EngineMemory | undefined;
}

/** Bytes. sizeof(esp32_hal_t) with ESP-IDF 5.5.3's FatFs and SDMMC, and sizeof(sm_app_t) + sizeof(sm_hal_t): test/esp32/headers.test.ts, test/build/memory-estimate.test.ts. */
export const LAYER_BYTES = 10_160;
export const STATE_BYTES = 6_848;
/** firmware/hal/esp32: esp32_main.c, esp32_cores.c. */
export const BOT_STACK = 12_288;
export const SECOND_CORE_STACK = 4_096;
/** sizeof(StaticTask_t), ESP-IDF 5.5.3. */
const TASK_BYTES = 1_168;

/** esp32-camera 2.1.5: CONFIG_CAMERA_DMA_BUFFER_SIZE_MAX is what its buffer is cut from, CONFIG_CAMERA_TASK_STACK_SIZE its task's. */
const CAMERA_DMA = 32_768;
const CAMERA_STACK = 4_096;
/** Frame buffers of esp32_camera.c, and what its allocation is longer by. */
const CAMERA_FRAMES = 2;
const CAMERA_ALIGNMENT = 16;
/** ESP-IDF 5.5.3's defaults: main 3,584, esp_timer 3,584, FreeRTOS' timers 2,048, on each core idle 1,536 and inter-processor calls 1,280. */
const IDF_STACKS = 3_584 + 3_584 + 2_048 + 2 * (1_536 + 1_280);

/** Of ESP-IDF, camera, card and log drivers: nobody has measured them for this firmware. */
const IDF_FLASH = 350 * 1024;
const IDF_RAM = 24 * 1024;

/**
 * Internal RAM that data can be in: ESP-IDF 5.5.3, components/heap/port/CHIP/memory_layout.c, the pools less what the ROM keeps. On the ESP32-S3 code in RAM
 * beyond its first 16 KB comes out of it.
 */
const INTERNAL_RAM: Readonly<Record<Board["chip"], number>> = {
  esp32: 0x32000 - 0x6e0 + 0x20000 - 0x440 - 0x430,
  esp32s3: 0x68000 + 0x8000,
};

export function estimateMemory(request: MemoryRequest): readonly MemoryEstimate[] {
  const { board, engine } = request;
  const ram = [...(engine?.ram ?? []), ...staticFigures(request)];
  const flash = [...(engine?.flash ?? []), estimate("ESP-IDF and drivers", IDF_FLASH)];
  return [
    sum("flash", flash, appPartitionBytes(board)),
    sum("RAM", ram, board.ramBytes),
    sum("internal RAM", [...ram, ...heapFigures()], INTERNAL_RAM[board.chip]),
    sum("PSRAM", psramFigures(request), board.psramBytes),
  ];
}

function staticFigures({ inputSize, cores, detectorBytes = 0 }: MemoryRequest): Figure[] {
  return [
    ...(detectorBytes === 0 ? [] : [exact("face detector", detectorBytes, "its working memory")]),
    exact("network input", inputSize * inputSize, "one byte a pixel"),
    exact("state of bot and drivers", STATE_BYTES + LAYER_BYTES, "sm_app_t and esp32_hal_t"),
    exact("the bot's task", BOT_STACK + TASK_BYTES, "stack and control block"),
    ...(cores === 2
      ? [exact("the second core's task", SECOND_CORE_STACK + TASK_BYTES, "stack and control block")]
      : []),
    estimate("ESP-IDF and drivers", IDF_RAM),
  ];
}

function heapFigures(): Figure[] {
  return [
    { what: "camera's DMA buffer", bytes: CAMERA_DMA, exact: false, origin: "largest that it takes" },
    exact("camera's task", CAMERA_STACK + TASK_BYTES, "stack and control block"),
    { what: "ESP-IDF's tasks", bytes: IDF_STACKS, exact: false, origin: "stacks by its default options" },
  ];
}

function psramFigures({ burst }: MemoryRequest): Figure[] {
  const frame = FRAME.width * FRAME.height;
  return [
    exact(
      "frames of a press",
      burst * frame,
      `${burst} of ${FRAME.width} x ${FRAME.height}, kept until they are logged`,
    ),
    exact("camera's frames", CAMERA_FRAMES * (frame + CAMERA_ALIGNMENT), "two, so that the newest is always there"),
  ];
}

function exact(what: string, bytes: number, origin: string): Figure {
  return { what, bytes, exact: true, origin };
}

function estimate(what: string, bytes: number): Figure {
  return { what, bytes, exact: false, origin: "assumed" };
}

function sum(memory: EstimatedMemory, figures: readonly Figure[], limit: number): MemoryEstimate {
  const total = (list: readonly Figure[]) => list.reduce((bytes, figure) => bytes + figure.bytes, 0);
  return {
    memory,
    figures,
    bytes: total(figures),
    certainBytes: total(figures.filter((figure) => figure.exact)),
    limit,
  };
}

/** Throws ToolError when what is certain does not fit: no build can. */
export function refuseTooLarge(estimates: readonly MemoryEstimate[], where: string): void {
  const over = estimates.filter(({ certainBytes, limit }) => certainBytes > limit);
  if (over.length === 0) return;
  const detail = over.flatMap(({ memory, certainBytes, limit, figures }) => [
    `${memory}: ${certainBytes} bytes, ${certainBytes - limit} more than the board's ${limit}`,
    ...figures.filter((figure) => figure.exact).map(({ what, bytes }) => `  ${what}: ${bytes}`),
  ]);
  throw new ToolError(`the firmware cannot fit: not enough ${over.map(({ memory }) => memory).join(" and ")}`, {
    where,
    detail: detail.join("\n"),
    remedy: "Train a smaller network (train.architecture), reduce input.size, or set firmware.cores to 1.",
  });
}

/** Lines of a table: what to expect at run time, with the largest parts of each memory. */
export function estimateTable(estimates: readonly MemoryEstimate[]): string[] {
  return estimates.map(({ memory, figures, bytes, limit }) => {
    const parts = [...figures].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
    const share = ((100 * bytes) / limit).toFixed(1).padStart(5);
    const head = `${memory.padEnd(12)} ${about(bytes).padStart(9)} of ${about(limit).padStart(9)} (${share} %)`;
    return `${head}: ${parts.map((part) => `${part.what} ${about(part.bytes)}`).join(", ")}${figures.length > parts.length ? ", ..." : ""}`;
  });
}

function about(bytes: number): string {
  return `${(bytes / 1024).toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} KB`;
}
