import { describe, expect, it } from "@jest/globals";
import { readModelFile } from "#smilec/compile/model-file.js";
import { inspectModel } from "#smilec/inspect/inspect.js";
import { inspectionText } from "#smilec/inspect/text.js";
import { goldenDifference } from "../support/golden.js";
import { shippedModelPath } from "../support/tflite-models.js";

describe("an inspection of the shipped model", () => {
  it("is the same JSON", async () => {
    const inspection = inspectModel(await readModelFile(shippedModelPath));
    expect(goldenDifference("inspect/smile-48.json", `${JSON.stringify(inspection, null, 2)}\n`)).toBeUndefined();
  });

  it("is the same text", async () => {
    const inspection = inspectModel(await readModelFile(shippedModelPath));
    expect(goldenDifference("inspect/smile-48.txt", `${inspectionText(inspection)}\n`)).toBeUndefined();
  });
});
