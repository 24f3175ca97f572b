import { describe, expect, it } from "@jest/globals";
import { emitModelData, emitModelResolver, operatorResolver } from "#smilec/emit/tflite/model-data.js";
import { writeTflite } from "#smilec/emit/tflite/write.js";
import { Random } from "../support/random.js";
import { residualNet } from "../support/residual-net.js";

const graph = residualNet(new Random(2), { size: 8, channels: [2, 2, 3] });
const HOSTILE = 'model of "me" */ int main; /* ??/\nå\\';

describe("emitModelData", () => {
  const bytes = writeTflite(graph);
  const files = emitModelData(bytes, HOSTILE);

  it("holds exactly the bytes of the model, aligned to 16", () => {
    const [, declaration, body] = files["model_data.c"].match(/\n(_Alignas.*) = \{\n([^}]*)\};\n$/)!;
    expect(declaration).toBe("_Alignas(16) const unsigned char model_data[MODEL_DATA_LENGTH]");
    const values = body
      .split(",")
      .map((text) => text.trim())
      .filter((text) => text !== "");
    expect(Uint8Array.from(values, Number)).toEqual(bytes);
    expect(files["model_data.h"]).toContain(`#define MODEL_DATA_LENGTH ${bytes.length}u\n`);
  });

  it("says where the model came from without letting that text out of its comment", () => {
    for (const text of Object.values(files)) {
      const [, comment, rest] = text.match(/^\/\*(.*?)\*\/(.*)$/s)!;
      expect(comment).toContain("model of");
      expect(comment.trim().split("\n")).toHaveLength(2);
      expect(rest).not.toContain("int main");
      expect(text).toMatch(/^[\x20-\x7e\n]*$/);
    }
  });

  it("keeps lines within 120 columns and gives the same text again", () => {
    expect(emitModelData(bytes, HOSTILE)).toEqual(files);
    expect(Math.max(...files["model_data.c"].split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});

describe("emitModelResolver", () => {
  it("registers each operator of the model once", () => {
    expect(operatorResolver(graph)).toEqual(["AddAdd", "AddConv2D", "AddFullyConnected", "AddMean"]);
    const header = emitModelResolver(graph, HOSTILE);
    expect(header.match(/resolver\.Add\w+\(\)/g)).toEqual(
      operatorResolver(graph).map((method) => `resolver.${method}()`),
    );
    expect(header).toContain("#define MODEL_OPERATOR_KINDS 4\n");
    expect(header).not.toMatch(/\*\/ int main/);
  });
});
