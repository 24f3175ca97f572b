"""A network's training step in Keras, graph mode: what bench/training.ts compares with. Prints one JSON object.

usage: keras_step.py THREADS SECONDS ARCHITECTURE
ARCHITECTURE is JSON as train.architecture takes it: {"stem": 12, "stages": [{"kind": "residual", "width": 16}]}
"""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
threads, seconds, architecture = int(sys.argv[1]), float(sys.argv[2]), json.loads(sys.argv[3])
try:
    import numpy as np
    import tensorflow as tf
except ImportError as error:
    print(json.dumps({"missing": str(error)}))
    sys.exit(0)

tf.config.threading.set_intra_op_parallelism_threads(threads)
tf.config.threading.set_inter_op_parallelism_threads(threads)
layers = tf.keras.layers
BATCH, SIDE = 128, 48


def conv(x, filters, kernel, stride, relu):
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization()(x)
    return layers.ReLU(6.0)(x) if relu else x


def residual(x, width):
    projected = conv(x, width, 1, 2, False)
    x = conv(conv(x, width, 3, 2, True), width, 3, 1, False)
    return layers.ReLU(6.0)(layers.Add()([x, projected]))


inputs = layers.Input((SIDE, SIDE, 1))
x = conv(inputs, architecture["stem"], 3, 2, True)
for stage in architecture["stages"]:
    x = residual(x, stage["width"]) if stage["kind"] == "residual" else conv(x, stage["width"], 3, 2, True)
logits = layers.Dense(2)(layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x)))
model = tf.keras.Model(inputs, logits)
optimizer = tf.keras.optimizers.AdamW(3e-3, weight_decay=1e-3)
loss = tf.keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.05)


@tf.function(reduce_retracing=True)
def step(pictures, labels):
    with tf.GradientTape() as tape:
        value = loss(labels, model(pictures, training=True))
    optimizer.apply_gradients(zip(tape.gradient(value, model.trainable_variables), model.trainable_variables))
    return value


random = np.random.default_rng(1)
pictures = tf.constant(random.normal(size=(BATCH, SIDE, SIDE, 1)), tf.float32)
labels = tf.one_hot(np.arange(BATCH) % 2, 2)
end = time.perf_counter() + 1
while time.perf_counter() < end:
    step(pictures, labels)
start, cpu, steps = time.perf_counter(), time.process_time(), 0
while time.perf_counter() - start < seconds:
    step(pictures, labels)
    steps += 1
wall, used = time.perf_counter() - start, time.process_time() - cpu
print(
    json.dumps(
        {
            "name": f"keras {tf.keras.__version__}, tensorflow {tf.__version__}",
            "picturesPerSecond": steps * BATCH / wall,
            "cpuMsPerPicture": 1000 * used / (steps * BATCH),
        }
    )
)
