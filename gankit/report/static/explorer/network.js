// A payload's generator: its weights as numbers, and images of noise.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});

  // Returns the float32 numbers of {"shape": ..., "data": base64}; every browser is little endian.
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

  // Yields after each layer, so that whoever runs it may let the page breathe; returns the outputs.
  function* run(layers, x, label) {
    for (const layer of layers) {
      if (layer.layer === "residual") {
        const made = yield* run(layer.layers, x, label);
        const kept = yield* run(layer.shortcut, x, label);
        x = { shape: made.shape, data: made.data.map((value, at) => value + kept.data[at]) };
      } else {
        x = explorer.layers[layer.layer](withNumbers(layer), x, label);
      }
      yield;
    }
    return x;
  }

  // As `generate`, in pieces.
  explorer.generating = function* (payload, noise, label) {
    const x = { shape: [noise.length], data: Float64Array.from(noise) };
    return Float32Array.from((yield* run(payload.layers, x, label)).data);
  };

  // Returns the image of one noise vector and, where there are classes, one class: its values in
  // [-1, 1] by height, width, channels.
  explorer.generate = (payload, noise, label = 0) => {
    const pieces = explorer.generating(payload, noise, label);
    for (;;) {
      const { done, value } = pieces.next();
      if (done) return value;
    }
  };
})();
