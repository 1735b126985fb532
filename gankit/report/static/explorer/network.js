// The network of a payload: its weights as numbers, and its images.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});

  // Returns the float32 numbers of {"shape": ..., "data": base64}; all browsers are little endian.
  explorer.numbers = ({ data }) => {
    const text = atob(data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
    return new Float32Array(bytes.buffer);
  };

  const decoded = new WeakMap();

  function withNumbers(layer) {
    if (!decoded.has(layer)) {
      const weights = {};
      for (const role in layer.weights) weights[role] = explorer.numbers(layer.weights[role]);
      decoded.set(layer, { ...layer, weights });
    }
    return decoded.get(layer);
  }

  // Yields after each layer, so that the page can handle events between layers; returns the
  // outputs. `given` has the network's inputs and the label, a row of numbers.
  function* run(layers, x, given) {
    const outputs = [];
    const first = x;
    for (const layer of layers) {
      if (layer.layer === "concat") {
        const earlier = typeof layer.input === "string";
        x = explorer.concat(x, earlier ? outputs[layer.input.slice(1)] : given.inputs[layer.input]);
      } else if (layer.layer === "reconstruction-logit") {
        x = explorer.reconstructionLogit(layer, x, first);
      } else if (layer.layer === "residual") {
        const main = yield* run(layer.layers, x, given);
        const shortcut = yield* run(layer.shortcut, x, given);
        const data = main.data.map((value, at) => value + shortcut.data[at]);
        x = { shape: main.shape, data };
      } else {
        x = explorer.layers[layer.layer](withNumbers(layer), x, given.label);
      }
      outputs.push(x);
      yield;
    }
    return x;
  }

  // As `generate`, but yields after each layer.
  explorer.generating = function* (payload, noise, label, source) {
    const values = {
      noise: { shape: [noise.length], data: Float64Array.from(noise) },
      source: source && { shape: payload.source.shape, data: Float64Array.from(source) },
    };
    const inputs = payload.inputs.map((name) => values[name]);
    const given = { inputs, label: row(payload, label) };
    return Float32Array.from((yield* run(payload.layers, inputs[0], given)).data);
  };

  // Returns a label as the layers take it: a class one-hot, or a vector that is scaled like that of
  // gankit.conditions.
  function row({ classes, conditions }, label) {
    if (classes) return Array.from({ length: classes }, (_, other) => Number(other === label));
    return conditions.map(({ low, high, binary }, column) =>
      binary ? label[column] : (label[column] - (low + high) / 2) / ((high - low) / 2 || 1));
  }

  // Returns the image of one noise vector: values in [-1, 1] by height, width, channels. The label
  // is a class, or a vector in the units of the data; the source has values in [-1, 1].
  explorer.generate = (payload, noise, label, source) => {
    const steps = explorer.generating(payload, noise, label, source);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  };
})();
