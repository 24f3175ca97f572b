/** The edge of a generated model: lengths and types of its inputs and outputs, and the function that takes them. */
import { elementCount, type Int8Graph, type Tensor } from "../../graph/types.js";
import { cComment } from "./escape.js";
import type { Place } from "./storage.js";

export class Boundary {
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  private readonly upper: string;

  constructor(
    graph: Int8Graph,
    private readonly prefix: string,
  ) {
    this.inputs = graph.inputs.map((index) => graph.tensors[index]);
    this.outputs = graph.outputs.map((index) => graph.tensors[index]);
    this.upper = prefix.toUpperCase();
  }

  /** Whether model_invoke takes the one input and the one output; else model_invoke_many takes arrays of pointers. */
  get isSingle(): boolean {
    return this.inputs.length === 1 && this.outputs.length === 1;
  }

  /** For the header: how many values the inputs and outputs have. */
  lengths(): string[] {
    const { upper } = this;
    const [input, output] = [this.inputs[0], this.outputs[0]];
    if (this.isSingle) {
      const unit = input.type === "int8" ? "bytes: int8" : `values: ${boundaryType(input)}`;
      return [
        `#define ${upper}_INPUT_LENGTH ${elementCount(input.shape)} /* ${unit}, NHWC ${shapeText(input.shape)} */`,
        `#define ${upper}_OUTPUT_LENGTH ${elementCount(output.shape)}${output.type === "int8" ? "" : ` /* values: ${boundaryType(output)} */`}`,
      ];
    }
    const each = (name: string, tensors: readonly Tensor[]) =>
      tensors.map((tensor, i) => {
        const of = `${boundaryType(tensor)} ${shapeText(tensor.shape)}, ${cComment(JSON.stringify(tensor.name))}`;
        return `#define ${upper}_${name}_${i}_LENGTH ${elementCount(tensor.shape)} /* values: ${of} */`;
      });
    return [
      `#define ${upper}_INPUTS ${this.inputs.length}`,
      ...each("INPUT", this.inputs),
      `#define ${upper}_OUTPUTS ${this.outputs.length}`,
      ...each("OUTPUT", this.outputs),
    ];
  }

  /** For the header: what is told of the function. */
  invokeContract(): string[] {
    const { upper } = this;
    if (this.isSingle) {
      return [
        "/*",
        ` * Computes output[${upper}_OUTPUT_LENGTH] from input[${upper}_INPUT_LENGTH]. The two must not overlap; the output may`,
        " * hold intermediate values meanwhile. Not reentrant: all calls share one arena. Returns 0 or a negative error.",
        " */",
      ];
    }
    return [
      "/*",
      ` * Computes all outputs from all inputs. inputs[i] points to ${upper}_INPUT_<i>_LENGTH values of the type told above,`,
      ` * outputs[i] to ${upper}_OUTPUT_<i>_LENGTH; no two of these blocks may overlap, but for inputs with each other. Outputs`,
      " * may hold intermediate values meanwhile. Not reentrant: all calls share one arena. Returns 0 or a negative error.",
      " */",
    ];
  }

  invokeSignature(): string {
    const { prefix } = this;
    if (this.isSingle) {
      const [input, output] = [this.inputs[0], this.outputs[0]].map(boundaryType);
      return `int ${prefix}_invoke(const ${input} *input, ${output} *output)`;
    }
    return `int ${prefix}_invoke_many(const void *const inputs[${this.upper}_INPUTS], void *const outputs[${this.upper}_OUTPUTS])`;
  }

  /** Lines at the function's begin. */
  argumentChecks(): string[] {
    const { upper } = this;
    const refuse = (condition: string, indent: string) => [
      `${indent}if (${condition}) {`,
      `${indent}    return ${upper}_ERROR_ARGUMENT;`,
      `${indent}}`,
    ];
    if (this.isSingle) return refuse("input == NULL || output == NULL", "    ");
    const each = (name: string, count: string) => [
      `    for (int i = 0; i < ${upper}_${count}; i++) {`,
      ...refuse(`${name}[i] == NULL`, "        "),
      "    }",
    ];
    return [
      ...refuse("inputs == NULL || outputs == NULL", "    "),
      ...each("inputs", "INPUTS"),
      ...each("outputs", "OUTPUTS"),
    ];
  }

  /** An input or output as its kernels take it: the function's argument as a pointer to int8_t. */
  pointer(place: Extract<Place, { kind: "input" | "output" }>): string {
    if (!this.isSingle) return `${place.kind}s[${place.position}]`;
    const isInput = place.kind === "input";
    if ((isInput ? this.inputs : this.outputs)[0].type === "int8") return place.kind;
    return `(${isInput ? "const int8_t" : "int8_t"} *)${place.kind}`;
  }
}

/** The C type of a model's input or output. */
export function boundaryType({ type }: Tensor): string {
  return type === "float32" ? "float" : `${type}_t`;
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(", ")}]`;
}
