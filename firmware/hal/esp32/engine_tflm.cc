/*
 * The network run by TensorFlow Lite Micro (espressif/esp-tflite-micro): the same functions as the ahead-of-time
 * engine. Only in projects whose SMILEC_ENGINE is SM_ENGINE_TFLM.
 *
 * Generated for it: model.h (lengths, MODEL_ARENA_BYTES, prototypes), model_data.h and .c (the flatbuffer),
 * model_resolver.h (its operators) and model_golden.h (model_golden_input, model_golden_output). Everything lives in
 * static memory; nothing is allocated from the heap.
 */
#include <cstring>

#include "tensorflow/lite/micro/micro_interpreter.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

#include "model_data.h"
#include "model_resolver.h"

extern "C" {
#include "model.h"
#include "model_golden.h"
#include "sm_types.h"
}

#ifndef TF_LITE_STATIC_MEMORY
#error "TF_LITE_STATIC_MEMORY must be defined as in the library: TfLiteTensor differs without it"
#endif

static_assert(sizeof(model_golden_input) == MODEL_INPUT_LENGTH, "the golden input is one input of the network");
static_assert(sizeof(model_golden_output) == MODEL_OUTPUT_LENGTH, "the golden output is one output of the network");

namespace {

alignas(16) uint8_t arena[MODEL_ARENA_BYTES];

tflite::MicroInterpreter *interpreter = nullptr;

bool is_int8(const TfLiteTensor *tensor, size_t length) {
    return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == length && tensor->data.int8 != nullptr;
}

/* The one interpreter; its constructor only stores references. */
tflite::MicroInterpreter *make_interpreter() {
    static tflite::MicroMutableOpResolver<MODEL_OPERATOR_KINDS> resolver;
    const tflite::Model *model = tflite::GetModel(model_data);
    if (model->version() != TFLITE_SCHEMA_VERSION || model_register_operators(resolver) != kTfLiteOk) {
        return nullptr;
    }
    static tflite::MicroInterpreter made(model, resolver, arena, sizeof(arena));
    bool usable = made.initialization_status() == kTfLiteOk && made.AllocateTensors() == kTfLiteOk &&
                  made.inputs_size() == 1 && made.outputs_size() == 1 && is_int8(made.input(0), MODEL_INPUT_LENGTH) &&
                  is_int8(made.output(0), MODEL_OUTPUT_LENGTH);
    return usable ? &made : nullptr;
}

} // namespace

extern "C" int8_t *model_memory(void) {
    return reinterpret_cast<int8_t *>(arena);
}

extern "C" int model_init(void) {
    static bool tried = false;
    if (!tried) {
        tried = true;
        interpreter = make_interpreter();
    }
    return interpreter == nullptr ? SM_ERR_MODEL : SM_OK;
}

extern "C" int model_invoke(const int8_t *input, int8_t *output) {
    if (interpreter == nullptr) {
        return SM_ERR_MODEL;
    }
    /* The input's place in the arena is used again by later tensors: it is filled for every run. */
    std::memcpy(interpreter->input(0)->data.int8, input, MODEL_INPUT_LENGTH);
    if (interpreter->Invoke() != kTfLiteOk) {
        return SM_ERR_MODEL;
    }
    std::memcpy(output, interpreter->output(0)->data.int8, MODEL_OUTPUT_LENGTH);
    return SM_OK;
}

extern "C" int model_self_test(void) {
    int8_t output[MODEL_OUTPUT_LENGTH];
    int result = model_init();
    if (result == SM_OK) {
        result = model_invoke(model_golden_input, output);
    }
    if (result == SM_OK && std::memcmp(output, model_golden_output, MODEL_OUTPUT_LENGTH) != 0) {
        result = SM_ERR_SELF_TEST;
    }
    return result;
}
