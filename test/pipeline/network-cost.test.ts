/** What a network will cost, before it is trained: for the board that is configured, and as the trained one does. */
import { describe, expect, it } from "@jest/globals";
import { boards } from "#smilec/board/boards.js";
import { readModelFile } from "#smilec/compile/model-file.js";
import { configSchema } from "#smilec/config/schema.js";
import { inspectModel } from "#smilec/inspect/inspect.js";
import { describeCost, networkCost } from "#smilec/pipeline/network-cost.js";
import type { Project } from "#smilec/pipeline/project.js";
import { configuredNetwork } from "#smilec/pipeline/train.js";
import { shippedModelPath } from "../support/tflite-models.js";

const config = configSchema.parse({});
const network = configuredNetwork({ config } as Project);

describe("the cost of a network", () => {
  it.each(Object.values(boards))("is on $id what the trained network's is", async (board) => {
    const cost = networkCost(network, config.input, board);
    const { totals, arena, model } = inspectModel(await readModelFile(shippedModelPath), board);
    expect(cost.board).toBe(board.id);
    expect(cost.macs).toBe(totals.macs);
    expect(cost.arenaBytes).toBe(arena!.bytes);
    expect(cost.deviceMs / totals.estimates.aot!.ms).toBeCloseTo(1, 1);
    expect(Math.abs(cost.modelBytes - model.bytes)).toBeLessThan(2000);
    expect(describeCost(cost)).toContain(`ms on ${board.id}`);
  });

  it("is the same on the ESP32-S3, which runs the ESP32's kernels, and twice the time at half the clock", () => {
    const { esp32cam, esp32s3eye } = boards;
    const slow = { ...esp32s3eye, cpuHz: esp32cam.cpuHz / 2 };
    const [esp32, s3, halved] = [esp32cam, esp32s3eye, slow].map((board) => networkCost(network, config.input, board));
    expect({ ...s3, board: esp32.board }).toEqual(esp32);
    expect(halved.deviceMs / esp32.deviceMs).toBeCloseTo(2, 1);
  });
});
