// The generator of a payload: its weights as numbers, and its images.
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
  // outputs.
  function* run(layers, x, label) {
    const outputs = [];
    for (const layer of layers) {
      if (layer.layer === "concat") {
        x = explorer.concat(x, outputs[Number(layer.input.slice(1))]);
      } else if (layer.layer === "residual") {
        const main = yield* run(layer.layers, x, label);
        const shortcut = yield* run(layer.shortcut, x, label);
        const data = main.data.map((value, at) => value + shortcut.data[at]);
        x = { shape: main.shape, data };
      } else {
        x = explorer.layers[layer.layer](withNumbers(layer), x, label);
      }
      outputs.push(x);
      yield;
    }
    return x;
  }

  // As `generate`, but yields after each layer.
  explorer.generating = function* (payload, noise, label) {
    const x = { shape: [noise.length], data: Float64Array.from(noise) };
    return Float32Array.from((yield* run(payload.layers, x, label)).data);
  };

  // Returns the image of one noise vector, and of one class if the generator is class-conditional:
  // values in [-1, 1] by height, width, channels.
  explorer.generate = (payload, noise, label = 0) => {
    const steps = explorer.generating(payload, noise, label);
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  };
})();
