"use strict";
// Numbers on axes: their positions on the screen, the ticks, their text, and smoothing.

const DIGITS = new Intl.NumberFormat("en");

function scale([low, high], [start, end]) {
  const factor = high === low ? 0 : (end - start) / (high - low);
  return (value) => start + (value - low) * factor;
}

function niceStep(span, count) {
  const rough = span / Math.max(count, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= rough);
  return step * power;
}

function ticks([low, high], count) {
  if (!(high > low)) return [low];
  const step = niceStep(high - low, count);
  const first = Math.ceil(low / step);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
}

function formatted(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(1);
  if (size >= 1000) return DIGITS.format(Math.round(value));
  return String(Number(value.toPrecision(4)));
}

function stepsText(first, last) {
  const ends = [first, last].map((step) => DIGITS.format(step));
  return first === last ? `step ${ends[0]}` : `steps ${ends[0]} to ${ends[1]}`;
}

// The mean over `reach` values on either side of each value.
function smoothed(values, reach) {
  if (!reach) return values;
  const sums = [0];
  for (const value of values) sums.push(sums.at(-1) + value);
  return values.map((_, i) => {
    const from = Math.max(0, i - reach);
    const to = Math.min(values.length, i + reach + 1);
    return (sums[to] - sums[from]) / (to - from);
  });
}

// The index of the largest number that is at most `value`, or -1; the numbers are ascending.
function lastAtMost(numbers, value) {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numbers[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
