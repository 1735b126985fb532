// One chart: curves over steps, drawn as SVG, with the values under the pointer as text.

const SVG = "http://www.w3.org/2000/svg";
const DOT = 5; // Radius of a point; points on an edge are drawn completely.
const HEIGHT = 236;
const MARGIN = { left: 52, right: 22, top: 10, bottom: 40 };

function element(name, attributes = {}, parent = null) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent?.append(made);
  return made;
}

function svgElement(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  parent.append(made);
  return made;
}

function path(xs, ys) {
  return xs.map((x, i) => `${i ? "L" : "M"}${x.toFixed(1)} ${ys[i].toFixed(1)}`).join("");
}

// The CSS classes of a run's line: six colours and seven dash patterns distinguish 42 runs.
function lineStyle(run) {
  return `line series-${run % 6} dash-${run % 7}`;
}

// The CSS classes of a run's dots: six colours, filled or hollow.
function dotStyle(run) {
  return `dot series-${run % 6}${Math.floor(run / 6) % 2 ? " hollow" : ""}`;
}

class Chart {
  constructor(parent, spec, runs) {
    this.spec = spec;
    this.runs = runs;
    this.box = element("div", { class: "chart", tabindex: "0", role: "group" }, parent);
    this.box.setAttribute("aria-describedby", "zoom-hint");
    const head = element("div", { class: "chart-head" }, this.box);
    element("h3", {}, head).textContent = spec.title;
    element("span", { class: "quiet" }, head).textContent = spec.note;
    this.readout = element("ul", { class: "readout" }, this.box);
    this.svg = svgElement("svg", { class: "plot", height: HEIGHT, "aria-hidden": "true" },
      this.box);
    this.view = null;
  }

  // The curves of the shown runs, cut to the domain, with one more point on either side.
  visible(view) {
    return this.spec.series
      .filter((series) => view.shown.has(series.run))
      .map((series) => this.cut(series, view));
  }

  cut(series, view) {
    const from = Math.max(0, lastAtMost(series.first, view.domain[0]));
    const to = Math.min(series.first.length, lastAtMost(series.first, view.domain[1]) + 2);
    const part = (values) => values?.slice(from, to);
    const centres = series.first.map((first, i) => (first + series.last[i]) / 2);
    const mean = series.points ? series.mean : smoothed(series.mean, view.smooth);
    return {
      ...series, first: part(series.first), last: part(series.last), steps: part(centres),
      mean: part(mean), low: part(series.low), high: part(series.high),
      raw: mean === series.mean ? null : part(series.mean),
    };
  }

  range(curves) {
    const values = curves.flatMap((c) => [
      ...c.mean, ...(c.raw ?? []), ...(c.low ?? []), ...(c.high ?? []),
      ...(c.baseline == null ? [] : [c.baseline]),
    ]);
    let low = Infinity;
    let high = -Infinity;
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    if (!(high >= low)) return [0, 1];
    const margin = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
    return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
  }

  draw(view) {
    this.view = view;
    this.width = Math.max(240, this.box.clientWidth - 24);
    this.svg.setAttribute("width", this.width);
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.replaceChildren();
    this.curves = this.visible(view);
    const [right, bottom] = [this.width - MARGIN.right, HEIGHT - MARGIN.bottom];
    this.x = scale(view.domain, [MARGIN.left, right]);
    this.y = scale(this.range(this.curves), [bottom, MARGIN.top]);
    this.axes(view, right, bottom);
    this.inside = svgElement("svg", {
      x: MARGIN.left, y: 0, width: right - MARGIN.left + DOT, height: bottom + DOT,
      viewBox: `${MARGIN.left} 0 ${right - MARGIN.left + DOT} ${bottom + DOT}`,
    }, this.svg);
    this.marks(view, bottom);
    for (const curve of this.curves) this.curve(curve);
    this.cursor = svgElement("path", { class: "cursor" }, this.inside);
    this.selection = svgElement("rect", { class: "selection", y: MARGIN.top, width: 0,
      height: bottom - MARGIN.top }, this.inside);
    this.writeValues(null);
    this.name(view);
  }

  axes(view, right, bottom) {
    for (const value of ticks(this.range(this.curves), 5)) {
      const y = this.y(value);
      svgElement("path", { class: "rule", d: `M${MARGIN.left} ${y}H${right}` }, this.svg);
      const label = svgElement("text", { x: MARGIN.left - 8, y: y + 4, "text-anchor": "end" },
        this.svg);
      label.textContent = formatted(value);
    }
    const count = Math.max(3, Math.floor(this.width / 90));
    for (const value of ticks(view.domain, count).filter(Number.isInteger)) {
      const label = svgElement("text", { x: this.x(value), y: bottom + 18,
        "text-anchor": "middle" }, this.svg);
      label.textContent = DIGITS.format(value);
    }
    const name = svgElement("text", { x: (MARGIN.left + right) / 2, y: bottom + 34,
      "text-anchor": "middle" }, this.svg);
    name.textContent = "step";
    svgElement("path", { class: "axis", d: `M${MARGIN.left} ${bottom}H${right}` }, this.svg);
  }

  // Mark the steps of warnings, and the step of the sample grids.
  marks(view, bottom) {
    for (const series of this.curves) {
      for (const step of this.runs[series.run].warnings) {
        const x = this.x(step);
        const mark = svgElement("path", { class: "warned",
          d: `M${x - 5} ${MARGIN.top - 8}h10l-5 8zM${x} ${MARGIN.top}V${bottom}` }, this.inside);
        svgElement("title", {}, mark).textContent = `warning after ${stepsText(step, step)}`;
      }
    }
    this.now = svgElement("path", { class: "now" }, this.inside);
    this.point(view.step);
  }

  point(step) {
    if (!this.now) return;
    const bottom = HEIGHT - MARGIN.bottom;
    this.now.setAttribute("d", step ? `M${this.x(step)} ${MARGIN.top}V${bottom}` : "");
  }

  curve(curve) {
    const style = `series-${curve.run % 6}`;
    const xs = curve.steps.map(this.x);
    const ys = curve.mean.map(this.y);
    if (curve.high) {
      const band = path([...xs, ...xs.toReversed()],
        [...curve.high.map(this.y), ...curve.low.map(this.y).toReversed()]);
      svgElement("path", { class: `band ${style}`, d: `${band}Z` }, this.inside);
    }
    if (curve.raw) {
      const d = path(xs, curve.raw.map(this.y));
      svgElement("path", { class: `raw ${style}`, d }, this.inside);
    }
    if (curve.baseline != null) {
      const d = `M${MARGIN.left} ${this.y(curve.baseline)}H${this.width}`;
      svgElement("path", { class: `baseline ${style}`, d }, this.inside);
    }
    if (xs.length > 1) {
      svgElement("path", { class: lineStyle(curve.run), d: path(xs, ys) }, this.inside);
    }
    if (curve.points || xs.length === 1) {
      const dot = dotStyle(curve.run);
      xs.forEach((x, i) => svgElement("circle", { class: dot, cx: x, cy: ys[i], r: 4 },
        this.inside));
    }
  }

  // Write the values at a step as text; null writes the last values.
  writeValues(step) {
    this.readout.replaceChildren();
    for (const curve of this.curves.filter((curve) => curve.mean.length)) {
      const at = step === null ? curve.mean.length - 1
        : Math.max(0, lastAtMost(curve.first, step));
      const item = element("li", {}, this.readout);
      const swatch = svgElement("svg", { class: "swatch", viewBox: "0 0 24 8" }, item);
      svgElement("path", { class: lineStyle(curve.run), d: "M0 4H24" }, swatch);
      element("b", {}, item).textContent = formatted(curve.mean[at]);
      const steps = stepsText(curve.first[at], curve.last[at]);
      const real = curve.baseline == null ? "" : `, real ${formatted(curve.baseline)}`;
      element("span", { class: "quiet" }, item).textContent = steps + real;
    }
  }

  hover(step) {
    this.cursor.setAttribute("d", `M${this.x(step)} ${MARGIN.top}V${HEIGHT - MARGIN.bottom}`);
    this.writeValues(step);
  }

  leave() {
    this.cursor?.setAttribute("d", "");
    this.writeValues(null);
  }

  select(from, to) {
    const [left, right] = [this.x(Math.min(from, to)), this.x(Math.max(from, to))];
    this.selection.setAttribute("x", left);
    this.selection.setAttribute("width", Math.max(0, right - left));
  }

  // The step at a pixel of the page, within the domain.
  stepAt(pixel) {
    const [low, high] = this.view.domain;
    const left = this.svg.getBoundingClientRect().left + MARGIN.left;
    const share = (pixel - left) / (this.width - MARGIN.left - MARGIN.right);
    return low + Math.min(1, Math.max(0, share)) * (high - low);
  }

  name(view) {
    const [low, high] = view.domain.map(Math.round);
    this.box.setAttribute("aria-label", `${this.spec.title}, ${stepsText(low, high)}`);
  }
}
