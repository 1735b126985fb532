// The layers of gankit.layers.specs at inference, for one image. Each takes and returns
// {shape, data}. Values are float64 and weights float32; images are height, width, channels.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const size = (shape) => shape.reduce((product, side) => product * side, 1);
  const each = ({ shape, data }, formula) => ({ shape, data: data.map(formula) });

  function filled(shape, bias) {
    const data = new Float64Array(size(shape));
    if (bias) for (let i = 0; i < data.length; i++) data[i] = bias[i % bias.length];
    return { shape, data };
  }

  // y[to..] += x[from..from+rows] @ kernel[start..], with a kernel of `columns` columns. Four rows
  // at a time need a quarter of the passes over y.
  function multiply(y, to, x, from, rows, kernel, start, columns) {
    let row = 0;
    for (; row + 4 <= rows; row += 4) {
      const at = from + row;
      const x0 = x[at], x1 = x[at + 1], x2 = x[at + 2], x3 = x[at + 3];
      const k0 = start + row * columns, k1 = k0 + columns, k2 = k1 + columns, k3 = k2 + columns;
      for (let o = 0; o < columns; o++) {
        y[to + o] += x0 * kernel[k0 + o] + x1 * kernel[k1 + o]
          + x2 * kernel[k2 + o] + x3 * kernel[k3 + o];
      }
    }
    for (; row < rows; row++) {
      const value = x[from + row], k = start + row * columns;
      for (let o = 0; o < columns; o++) y[to + o] += value * kernel[k + o];
    }
  }

  function dense({ units, weights: { kernel, bias } }, x) {
    const y = filled([units], bias);
    multiply(y.data, 0, x.data, 0, x.data.length, kernel, 0, units);
    return y;
  }

  function conv({ filters, kernel: side, stride, padding, groups, weights: { kernel, bias } }, x) {
    const [height, width, channels] = x.shape;
    const made = (length) => Math.floor((length + 2 * padding - side) / stride) + 1;
    const y = filled([made(height), made(width), filters], bias);
    const parts = byGroup(kernel, side * side * (channels / groups), filters, groups);
    const within = channels / groups, out = filters / groups;
    for (let i = 0; i < y.shape[0]; i++) {
      for (let j = 0; j < y.shape[1]; j++) {
        for (let a = 0; a < side; a++) {
          const row = i * stride + a - padding;
          if (row < 0 || row >= height) continue;
          for (let b = 0; b < side; b++) {
            const column = j * stride + b - padding;
            if (column < 0 || column >= width) continue;
            const to = (i * y.shape[1] + j) * filters, from = (row * width + column) * channels;
            for (let g = 0; g < groups; g++) {
              const start = (a * side + b) * within * out;
              const channel = from + g * within;
              multiply(y.data, to + g * out, x.data, channel, within, parts[g], start, out);
            }
          }
        }
      }
    }
    return y;
  }

  const split = new WeakMap();

  // Returns the kernel of each group as a contiguous array, computed once.
  function byGroup(kernel, rows, columns, groups) {
    if (groups === 1) return [kernel];
    if (!split.has(kernel)) {
      const out = columns / groups;
      const own = (g) => Float32Array.from({ length: rows * out }, (_, i) =>
        kernel[Math.floor(i / out) * columns + g * out + (i % out)]);
      split.set(kernel, Array.from({ length: groups }, (_, g) => own(g)));
    }
    return split.get(kernel);
  }

  function convTranspose({ filters, kernel: side, stride, padding, weights: { kernel, bias } }, x) {
    const [height, width, channels] = x.shape;
    const made = (length) => (length - 1) * stride - 2 * padding + side;
    const y = filled([made(height), made(width), filters], bias);
    for (let i = 0; i < height; i++) {
      for (let j = 0; j < width; j++) {
        for (let a = 0; a < side; a++) {
          const row = i * stride + a - padding;
          if (row < 0 || row >= y.shape[0]) continue;
          for (let b = 0; b < side; b++) {
            const column = j * stride + b - padding;
            if (column < 0 || column >= y.shape[1]) continue;
            const to = (row * y.shape[1] + column) * filters, from = (i * width + j) * channels;
            const start = (a * side + b) * channels * filters;
            multiply(y.data, to, x.data, from, channels, kernel, start, filters);
          }
        }
      }
    }
    return y;
  }

  function upsample({ factor }, x) {
    const [height, width, channels] = x.shape;
    const y = filled([height * factor, width * factor, channels]);
    for (let p = 0, at = 0; at < y.data.length; p++, at += channels) {
      const i = Math.floor(p / y.shape[1] / factor), j = Math.floor((p % y.shape[1]) / factor);
      const from = (i * width + j) * channels;
      y.data.set(x.data.subarray(from, from + channels), at);
    }
    return y;
  }

  function averagePool({ size: square }, x) {
    const [height, width, channels] = x.shape;
    const y = filled([height / square, width / square, channels]);
    x.data.forEach((value, at) => {
      const i = Math.floor(at / channels / width / square);
      const j = Math.floor((Math.floor(at / channels) % width) / square);
      y.data[(i * y.shape[1] + j) * channels + (at % channels)] += value / square ** 2;
    });
    return y;
  }

  // Halves a row or a column of pixels by [1, 2, 1], or doubles it.
  function blurPool(x) {
    return resampled(x, (side) => side / 2, (at, i, sum) =>
      sum(2 * i - 1, 0.25) + sum(2 * i, 0.5) + sum(2 * i + 1, 0.25));
  }

  function blurUpsample(x) {
    return resampled(x, (side) => side * 2, (at, i, sum) =>
      i % 2 ? sum((i - 1) / 2, 0.5) + sum((i + 1) / 2, 0.5) : sum(i / 2, 1));
  }

  // Applies a formula of one side to the height, then to the width.
  function resampled(x, made, formula) {
    for (const axis of [0, 1]) {
      const shape = x.shape.map((side, i) => (i === axis ? made(side) : side));
      const y = filled(shape), inner = axis ? x.shape[2] : x.shape[1] * x.shape[2];
      for (let at = 0; at < y.data.length; at++) {
        const i = Math.floor(at / inner) % shape[axis];
        const outer = Math.floor(at / inner / shape[axis]), rest = at % inner;
        y.data[at] = formula(at, i, (from, weight) => from < 0 || from >= x.shape[axis]
          ? 0 : weight * x.data[(outer * x.shape[axis] + from) * inner + rest]);
      }
      x = y;
    }
    return x;
  }

  function minibatchStd({ weights: { deviation } }, x) {
    const shape = [...x.shape.slice(0, -1), 1];
    return explorer.concat(x, each(filled(shape), () => deviation[0]));
  }

  // Returns x plus, at each pixel, a sum over all pixels by the weights of a softmax.
  function selfAttention({ units, weights: { query, key, value, output, gamma } }, x) {
    const channels = x.shape.at(-1), pixels = x.data.length / channels;
    const product = (rows, inputs, kernel, columns) => {
      const y = new Float64Array(pixels * columns);
      for (let p = 0; p < pixels; p++) {
        multiply(y, p * columns, rows, p * inputs, inputs, kernel, 0, columns);
      }
      return y;
    };
    const [q, k, v] = [query, key, value].map((kernel) => product(x.data, channels, kernel, units));
    const sums = new Float64Array(pixels * units), shares = new Float64Array(pixels);
    for (let p = 0; p < pixels; p++) {
      for (let other = 0; other < pixels; other++) {
        shares[other] = 0;
        for (let u = 0; u < units; u++) shares[other] += q[p * units + u] * k[other * units + u];
      }
      const most = shares.reduce((a, b) => Math.max(a, b));
      for (let other = 0; other < pixels; other++) shares[other] = Math.exp(shares[other] - most);
      const total = shares.reduce((a, b) => a + b, 0);
      for (let other = 0; other < pixels; other++) shares[other] /= total;
      multiply(sums, p * units, shares, 0, pixels, v, 0, units);
    }
    const added = product(sums, units, output, channels);
    return each(x, (number, at) => number + gamma[0] * added[at]);
  }

  function batchNorm({ conditional, weights: { scale, shift } }, x, label) {
    const channels = x.shape.at(-1);
    const rows = conditional ? [1, ...label] : [1];
    const own = (table) => {
      const row = new Float64Array(channels);
      multiply(row, 0, rows, 0, rows.length, table, 0, channels);
      return row;
    };
    const scales = own(scale), shifts = own(shift);
    return each(x, (value, at) => value * scales[at % channels] + shifts[at % channels]);
  }

  function layerNorm({ epsilon, weights: { gamma, beta } }, x) {
    const mean = x.data.reduce((sum, value) => sum + value, 0) / x.data.length;
    const variance = x.data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.data.length;
    const root = Math.sqrt(variance + epsilon);
    const channels = gamma.length;
    return each(x, (value, at) =>
      ((value - mean) / root) * gamma[at % channels] + beta[at % channels]);
  }

  function instanceNorm({ epsilon, weights: { gamma, beta } }, x) {
    const channels = gamma.length, pixels = x.data.length / channels;
    const sums = (formula) => {
      const found = new Float64Array(channels);
      x.data.forEach((value, at) => (found[at % channels] += formula(value, at % channels)));
      return found;
    };
    const means = sums((value) => value).map((sum) => sum / pixels);
    const squares = sums((value, c) => (value - means[c]) ** 2);
    const roots = squares.map((sum) => Math.sqrt(sum / pixels + epsilon));
    return each(x, (value, at) => {
      const c = at % channels;
      return ((value - means[c]) / roots[c]) * gamma[c] + beta[c];
    });
  }

  // Returns the features of x, then those of added, at each pixel.
  explorer.concat = (x, added) => {
    const first = x.shape.at(-1), second = added.shape.at(-1);
    const y = filled([...x.shape.slice(0, -1), first + second]);
    for (let pixel = 0, to = 0; to < y.data.length; pixel++, to += first + second) {
      y.data.set(x.data.subarray(pixel * first, (pixel + 1) * first), to);
      y.data.set(added.data.subarray(pixel * second, (pixel + 1) * second), to + first);
    }
    return y;
  };

  // Returns row @ table, a table of `columns` columns.
  function product(row, table, columns) {
    const y = new Float64Array(columns);
    row.forEach((value, at) => {
      if (value) for (let c = 0; c < columns; c++) y[c] += value * table[at * columns + c];
    });
    return y;
  }

  function embedding({ units, weights: { embedding: table } }, x, label) {
    const channels = x.shape.at(-1);
    const y = filled([...x.shape.slice(0, -1), channels + units]);
    const own = product(label, table, units);
    for (let from = 0, to = 0; from < x.data.length; from += channels, to += channels + units) {
      y.data.set(x.data.subarray(from, from + channels), to);
      y.data.set(own, to + channels);
    }
    return y;
  }

  function projection(layer, x, label) {
    const y = dense({ units: 1, weights: layer.weights }, x);
    const own = product(label, layer.weights.embedding, x.data.length);
    x.data.forEach((value, at) => (y.data[0] += value * own[at]));
    return y;
  }

  // Returns minus the mean distance of an autoencoder's outputs from its inputs.
  explorer.reconstructionLogit = ({ distance }, { data }, inputs) => {
    const size = distance === "l1" ? Math.abs : (error) => error * error;
    const total = data.reduce((sum, value, at) => sum + size(value - inputs.data[at]), 0);
    return { shape: [1], data: Float64Array.of(-total / data.length) };
  };

  const as = (shape, { data }) => ({ shape, data });

  explorer.layers = {
    dense,
    conv,
    "conv-transpose": convTranspose,
    upsample,
    "average-pool": averagePool,
    "blur-pool": (_, x) => blurPool(x),
    "blur-upsample": (_, x) => blurUpsample(x),
    "minibatch-std": minibatchStd,
    "self-attention": selfAttention,
    "batch-norm": batchNorm,
    "layer-norm": layerNorm,
    "instance-norm": instanceNorm,
    embedding,
    projection,
    "leaky-relu": ({ slope }, x) => each(x, (value) => Math.max(value, slope * value)),
    relu: (_, x) => each(x, (value) => Math.max(value, 0)),
    tanh: (_, x) => each(x, Math.tanh),
    "class-logit": (_, { data }) => {
      const most = Math.max(...data);
      const total = data.reduce((sum, value) => sum + Math.exp(value - most), 0);
      return { shape: [1 + data.length], data: Float64Array.of(most + Math.log(total), ...data) };
    },
    sigmoid: (_, x) => each(x, (value) => 1 / (1 + Math.exp(-value))),
    dropout: (_, x) => x,
    flatten: (_, x) => as([x.data.length], x),
    reshape: ({ shape }, x) => as(shape, x),
  };
})();
