// NumPy's random numbers, as gankit.contract.latents draws them: a seed gives the same image here
// and in Python. The generator is Philox 4x64 with 10 rounds (Salmon et al. 2011); normal numbers
// use the ziggurat algorithm (Marsaglia & Tsang 2000) with NumPy's 256 layers in float32.
(() => {
  "use strict";
  const explorer = (window.gankitExplorer ??= {});
  const MASK = (1n << 64n) - 1n;
  const MULTIPLIERS = [0xd2e7470ee14c6c93n, 0xca5a826395121157n];
  const STEPS = [0x9e3779b97f4a7c15n, 0xbb67ae8584caa73bn];
  const ROUNDS = 10;

  function philox(counter, key) {
    let [a, b, c, d] = counter;
    let [k, l] = key;
    for (let round = 0; round < ROUNDS; round++) {
      const left = a * MULTIPLIERS[0];
      const right = c * MULTIPLIERS[1];
      [a, b, c, d] = [(right >> 64n) ^ b ^ k, right & MASK, (left >> 64n) ^ d ^ l, left & MASK];
      k = (k + STEPS[0]) & MASK;
      l = (l + STEPS[1]) & MASK;
    }
    return [a, b, c, d];
  }

  // Yields whole numbers below 2^32: each 64-bit number's lower half, then its upper one.
  function* words(seed, stream) {
    for (let count = 1n; ; count++) {
      for (const number of philox([count, 0n, 0n, 0n], [BigInt(seed), BigInt(stream)])) {
        yield Number(number & 0xffffffffn);
        yield Number(number >> 32n);
      }
    }
  }

  const LAYERS = 256;
  const EDGE = 3.6541528853610088; // The tail begins here.
  const AREA = 0.00492867323399; // The area of each layer.
  const UNIT = 2 ** 23; // A float32 has 23 fraction bits.

  function tables() {
    const density = (x) => Math.exp(-0.5 * x * x);
    const inner = new Uint32Array(LAYERS); // A number below it is certainly in the layer.
    const width = new Float32Array(LAYERS);
    const height = new Float32Array(LAYERS);
    const base = AREA / density(EDGE);
    inner[0] = (EDGE / base) * UNIT;
    width[0] = base / UNIT;
    height[0] = 1;
    let outer = EDGE;
    width[LAYERS - 1] = EDGE / UNIT;
    height[LAYERS - 1] = density(EDGE);
    for (let i = LAYERS - 2; i > 0; i--) {
      const x = Math.sqrt(-2 * Math.log(AREA / outer + density(outer)));
      inner[i + 1] = (x / outer) * UNIT;
      width[i] = x / UNIT;
      height[i] = density(x);
      outer = x;
    }
    return { inner, width, height };
  }

  const { inner, width, height } = tables();

  function tail(uniform) {
    for (;;) {
      const x = -Math.log1p(-uniform()) / EDGE;
      const y = -Math.log1p(-uniform());
      if (y + y > x * x) return EDGE + x;
    }
  }

  function normal(source) {
    const uniform = () => (source.next().value >>> 8) / 2 ** 24;
    for (;;) {
      const word = source.next().value;
      const layer = word & 0xff;
      const position = (word >>> 9) & 0x7fffff;
      const x = Math.fround(position * width[layer]) * (word & 0x100 ? -1 : 1);
      if (position < inner[layer]) return x;
      if (layer === 0) return tail(uniform) * ((position >>> 8) & 1 ? -1 : 1);
      const between = (height[layer - 1] - height[layer]) * uniform() + height[layer];
      if (between < Math.exp(-0.5 * x * x)) return x;
    }
  }

  // Returns `count` rows of `latent` standard normal numbers, equal to gankit.contract.latents.
  explorer.latents = (count, latent, seed, stream) => {
    const source = words(seed, stream);
    const row = () => Float32Array.from({ length: latent }, () => normal(source));
    return Array.from({ length: count }, row);
  };
})();
